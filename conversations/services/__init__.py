"""What writes: keyword-only functions, one transaction each. Tasks, sockets, REST and the admin call these."""
