"""Sentences as vectors, near each other where they mean alike: all-MiniLM-L6-v2 in NumPy.

Reimers & Gurevych 2019, "Sentence-BERT" (arXiv 1908.10084), over Wang et al. 2020, "MiniLM" (arXiv
2002.10957): six layers of BERT, the mean over the tokens, unit length. The cosine of two sentences is then
their product.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy.special import erf
from tokenizers import Tokenizer

from transcription.analysis.examples import shipped_vectors
from transcription.analysis.meaning.weights import (
    DAMAGED_HINT,
    HEADS,
    Array,
    Layer,
    MiniLmWeights,
    Norm,
    find_folder,
    load_weights,
)
from transcription.errors import EngineUnavailable

Embeddings = npt.NDArray[np.float32]
LONGEST_TOKENS = 256
"""What it was trained with; a longer sentence is read in pieces of that length, and their mean stands for
it."""
BATCH_TOKENS = 2_048
"""Tokens that go through the layers at a time: large products in about 50 MB."""
KEPT_SENTENCES = 20_000
"""The vectors of the newest sentences stay: stages of one talk ask for the same ones. 1.5 kB each."""
_EPSILON = 1e-12


class SentenceEncoder:
    """Threads may share one."""

    def __init__(
        self,
        weights: MiniLmWeights,
        tokenizer: Tokenizer,
        known: Mapping[str, Embeddings] = MappingProxyType({}),
    ) -> None:
        """`known`: vectors that need not be made."""
        self._weights = weights
        self._known = known
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._kept: OrderedDict[str, Embeddings] = OrderedDict()
        self._table = threading.Lock()

    @property
    def size(self) -> int:
        """How many numbers a sentence becomes."""
        return int(self._weights.words.shape[1])

    def encode(
        self, texts: Sequence[str], on_progress: Callable[[float], None] = lambda _: None
    ) -> Embeddings:
        """(n, size), each row of unit length; zeros for a text without words."""
        vectors: dict[str, Embeddings] = {}
        with self._table:  # what another thread pushes out meanwhile is still wanted here
            for text in texts:
                if (vector := self._known.get(text, self._kept.get(text))) is not None:
                    vectors[text] = vector
        new = [text for text in dict.fromkeys(texts) if text not in vectors]
        fresh = dict(zip(new, self._encode(new, on_progress), strict=True))
        with self._table:
            self._kept |= fresh
            while len(self._kept) > KEPT_SENTENCES:
                self._kept.popitem(last=False)
        on_progress(1.0)
        vectors |= fresh
        return np.stack([vectors[text] for text in texts]) if texts else np.zeros((0, self.size), np.float32)

    def _encode(self, texts: Sequence[str], on_progress: Callable[[float], None]) -> Embeddings:
        pieces, owners = self._pieces(texts)
        summed = np.zeros((len(texts), self.size), np.float32)
        order = sorted(range(len(pieces)), key=lambda at: len(pieces[at]))
        done = 0
        while done < len(order):
            batch = _batch(order[done:], pieces)
            vectors = self._forward([pieces[at] for at in batch])
            np.add.at(summed, [owners[at] for at in batch], vectors)
            done += len(batch)
            on_progress(done / len(order))
        return unit_length(summed)

    def _pieces(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """The token ids of every text, between [CLS] and [SEP], long ones cut; and whose each piece is."""
        pieces: list[list[int]] = []
        owners: list[int] = []
        for owner, encoding in enumerate(self._tokenizer.encode_batch(list(texts))):
            first, *ids, last = encoding.ids
            room = min(LONGEST_TOKENS, len(self._weights.places)) - 2
            for start in range(0, len(ids), room):
                pieces.append([first, *ids[start : start + room], last])
                owners.append(owner)
        return pieces, owners

    def _forward(self, pieces: Sequence[Sequence[int]]) -> Embeddings:
        longest = max(map(len, pieces))
        ids = np.zeros((len(pieces), longest), np.intp)
        there = np.zeros((len(pieces), longest), np.float32)
        for row, piece in enumerate(pieces):
            ids[row, : len(piece)] = piece
            there[row, : len(piece)] = 1.0
        hidden = _normed(self._weights.words[ids] + self._weights.places[:longest], self._weights.norm)
        mask = np.where(there > 0, 0.0, -np.inf).astype(np.float32)[:, None, None, :]
        for layer in self._weights.layers:
            hidden = _layer(hidden, mask, layer)
        mean: Array = (hidden * there[:, :, None]).sum(axis=1) / there.sum(axis=1, keepdims=True)
        return unit_length(mean)


def _batch(order: Sequence[int], pieces: Sequence[Sequence[int]]) -> Sequence[int]:
    """As many from the front as have room, padded to the longest of them; one at least."""
    count = 1
    while count < len(order) and (count + 1) * len(pieces[order[count]]) <= BATCH_TOKENS:
        count += 1
    return order[:count]


def _layer(hidden: Array, mask: Array, layer: Layer) -> Array:
    """(n, tokens, hidden) → the same. `mask`: what is added to the scores, -inf where there is no token."""
    count, tokens, size = hidden.shape
    parts = layer.attend(hidden).reshape(count, tokens, 3, HEADS, size // HEADS).transpose(2, 0, 3, 1, 4)
    queries, keys, values = parts
    scores = queries @ keys.transpose(0, 1, 3, 2) / np.float32(np.sqrt(size // HEADS)) + mask
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    attended = (scores @ values).transpose(0, 2, 1, 3).reshape(count, tokens, size)
    hidden = _normed(hidden + layer.attended(attended), layer.attended_norm)
    wide = layer.widen(hidden)
    wide *= 0.5 * (1.0 + erf(wide / np.float32(np.sqrt(2.0))))  # GELU
    return _normed(hidden + layer.narrow(wide), layer.norm)


def _normed(values: Array, norm: Norm) -> Array:
    values = values - values.mean(axis=-1, keepdims=True)
    values /= np.sqrt(np.square(values).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
    values *= norm.scale
    values += norm.shift
    return values


def unit_length(vectors: Embeddings) -> Embeddings:
    """Each row at length one; zeros stay zeros."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Embeddings = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return scaled


def load_encoder(path: str = "", known: Mapping[str, Embeddings] = MappingProxyType({})) -> SentenceEncoder:
    """The encoder of a folder, or of the wheel. Raises EngineUnavailable."""
    folder = find_folder(path)
    weights, file = load_weights(folder), folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises a bare Exception
        raise EngineUnavailable("embedded", f"{file} cannot be read ({error})", hint=DAMAGED_HINT) from error
    fits = max(tokenizer.get_vocab().values(), default=0) < len(weights.words)
    if not fits or tokenizer.num_special_tokens_to_add(False) != len(("[CLS]", "[SEP]")):
        raise EngineUnavailable("embedded", f"{file} is not of these weights", hint=DAMAGED_HINT)
    return SentenceEncoder(weights, tokenizer, known)


@cache
def sentence_encoder() -> SentenceEncoder:
    """The wheel's, one a process, whoever asks; it knows the examples. Raises EngineUnavailable."""
    return load_encoder(known=shipped_vectors())
