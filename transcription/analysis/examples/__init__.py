"""What people say, with what it is an example of: the engines learn from it and compare with it.

One file a subject, one JSON object a line: `text` and its `labels`. The vectors of all of them lie beside
them, so that a worker need not read five thousand sentences before its first one; `python -m
transcription.analysis.examples` makes them again after a change.
"""

from transcription.analysis.examples.files import Example, read_examples
from transcription.analysis.examples.vectors import shipped_vectors

__all__ = ["Example", "read_examples", "shipped_vectors"]
