"""A small model of Whisper's shape that hears tones: its text is known from the audio (see `model`)."""
