"""What writes: keyword-only functions, one transaction each, called by tasks, sockets, REST and the admin."""
