"""Live sessions: sockets, protocols, recording. (App label `realtime`: Django's own app is called sessions.)"""
