"""Who spoke when: speaker embeddings in NumPy, clustering, and turns between words."""
