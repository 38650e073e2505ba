"""Which category a conversation belongs to, what was done, and how urgent it is."""

from transcription.analysis.classification.taxonomies import Taxonomy, child_helpline, clinic, read_taxonomy

__all__ = ["Taxonomy", "child_helpline", "clinic", "read_taxonomy"]
