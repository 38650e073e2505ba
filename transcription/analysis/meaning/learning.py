"""What is learnt from examples: how far a sentence belongs to each of some classes.

Kernel ridge regression (Saunders, Gammerman & Vovk 1998, "Ridge regression learning algorithm in dual
variables") over sentence vectors, one output a class, with the kernel exp(γ(cos − 1)). Two thousand examples
whose vectors are there are learnt in half a second to a second, so a class is whatever somebody gives
examples of. Examples are weighted so that each class counts alike, however many it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

import numpy as np
import numpy.typing as npt

from transcription.analysis.meaning.encoder import Embeddings

GAMMA = 2.0
RIDGE = 0.3
"""Both chosen on conversations of five authors (bench/pipeline, the tuned half) whom no example is of."""
BACKGROUND = ""
"""The class of examples that belong to none."""

Scores = npt.NDArray[np.float32]


class Learnt:
    """`scores` are near 1 for what is like the examples of a class and unlike all others, near -1 for the
    rest."""

    def __init__(
        self,
        examples: Embeddings,
        owners: Sequence[str],
        classes: Sequence[str],
        kin: Collection[frozenset[str]] = (),
        ridge: float = RIDGE,
    ) -> None:
        """`examples`: (n, size), of unit length; `owners`: the class of each, BACKGROUND among them; `kin`:
        classes that one sentence may belong to at once, so that an example of the one says nothing against
        the other."""
        self.classes = tuple(classes)
        self._examples = examples
        counts = Counter(owners)
        weights = np.array([len(owners) / len(counts) / counts[owner] for owner in owners])
        targets = np.array([[_target(owner, name, kin) for name in classes] for owner in owners])
        kernel = _kernel(examples, examples).astype(np.float64)
        kernel[np.diag_indices(len(kernel))] += ridge / weights
        self._duals: Scores = np.linalg.solve(kernel, targets).astype(np.float32)

    def scores(self, vectors: Embeddings) -> Scores:
        """(n, size) → (n, classes)."""
        product: Scores = _kernel(vectors, self._examples) @ self._duals
        return product

    def nearest(self, vectors: Embeddings) -> Scores:
        """(n, size) → (n,): the cosine of each with the example most like it, of whatever class."""
        highest: Scores = (vectors @ self._examples.T).max(axis=1)
        return highest


def _target(owner: str, name: str, kin: Collection[frozenset[str]]) -> float:
    if owner == name:
        return 1.0
    return 0.0 if any({owner, name} <= family for family in kin) else -1.0


def learn(
    encode: Callable[[Sequence[str]], Embeddings],
    examples: Sequence[tuple[str, str]],
    classes: Sequence[str],
    kin: Collection[frozenset[str]] = (),
    ridge: float = RIDGE,
) -> Learnt:
    """From sentences, each with its class. `ridge`: the less, the closer the examples are followed."""
    owners = [owner for _, owner in examples]
    return Learnt(encode([text for text, _ in examples]), owners, classes, kin, ridge)


def _kernel(left: Embeddings, right: Embeddings) -> Scores:
    kernel: Scores = left @ right.T
    kernel -= 1.0
    kernel *= GAMMA
    return np.exp(kernel, out=kernel)
