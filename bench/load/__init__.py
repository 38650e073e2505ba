"""Many live sessions at once on one machine: what they get, and what they cost."""
