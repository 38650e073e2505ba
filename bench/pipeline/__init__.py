"""What the pipeline makes of conversations whose every word, voice and fact is known."""
