"""Live sessions: sockets, protocols, recording. (App label `realtime`: `sessions` is Django's own app.)"""
