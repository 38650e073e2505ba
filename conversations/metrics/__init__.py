"""What an installation counts of itself: kept in Redis over all its processes, read at `/metrics`."""
