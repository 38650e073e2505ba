"""Audio to words and words to meaning: pure Python and NumPy; no Django, Celery, Redis, socket or clock."""
