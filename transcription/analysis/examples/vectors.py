"""The vectors of the examples, as they ship: a byte a number, and a scale for each sentence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from transcription.analysis.examples.files import SUBJECTS, read_examples

FILE = Path(__file__).with_name("vectors.npz")
_STEPS = 127.0  # of a signed byte; the error of a cosine is then under 0.01


def texts() -> list[str]:
    """Of all examples, each once, in order."""
    return list(dict.fromkeys(example.text for subject in SUBJECTS for example in read_examples(subject)))


def digest(lines: Sequence[str]) -> str:
    """Tells whether vectors are those of these texts."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def write_vectors(vectors: npt.NDArray[np.float32], path: Path = FILE) -> None:
    """(n, size), one for each of `texts`."""
    scales = np.abs(vectors).max(axis=1, keepdims=True) / _STEPS
    np.savez_compressed(
        path, rows=np.rint(vectors / scales).astype(np.int8), scales=scales, digest=np.array(digest(texts()))
    )


@cache
def shipped_vectors() -> Mapping[str, npt.NDArray[np.float32]]:
    """By text, of unit length; empty where they are of other texts than the files have."""
    lines = texts()
    if not FILE.is_file():
        return {}
    with np.load(FILE) as stored:
        if str(stored["digest"]) != digest(lines):
            return {}
        vectors = stored["rows"] * stored["scales"]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return dict(zip(lines, vectors.astype(np.float32), strict=True))
