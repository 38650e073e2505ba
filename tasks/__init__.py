"""Everything that Celery runs: the live decode, the pipeline after a session, and what keeps both honest."""
