"""Whisper models for CTranslate2 in the shapes of tiny, small and large-v3, with random weights.

What they say is set by the position alone: as many tokens as ten seconds of speech have, between two
timestamps, each beyond doubt. So the decoder takes as many steps as it would, and no window is decoded again
at a higher temperature, as random weights would have it. Everything else is computed as in a real one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.transcription.engines import whisper_model
from tests.transcription.engines.whisper_model import TEXT_TOKENS, TIMESTAMPS, languages

WINDOW_S = 10
SPOKEN_TOKENS = 35
"""Of ten seconds: 2.5 words a second at 1.4 tokens."""
Weights = npt.NDArray[np.float16]
_SOURCE_POSITIONS, _TARGET_POSITIONS = 1500, 448
_PROMPT = 3  # start, language, task
_SPREAD = 0.02
_SURE = 30.0  # logits between what the position says and all else
_LOUD = 20.0  # a position in the residual stream, of which the layers add a few units


@dataclass(frozen=True, slots=True)
class WhisperShape:
    layers: int
    width: int
    heads: int
    mels: int = 80


SHAPES = {
    "tiny": WhisperShape(4, 384, 6),
    "small": WhisperShape(12, 768, 12),
    "large-v3": WhisperShape(32, 1280, 20, mels=128),
}
SMALLEST = WhisperShape(1, 64, 2)
"""For tests: wide enough that what the position says is beyond doubt."""


def make_whisper(folder: Path, shape: WhisperShape) -> None:
    """float16; the engine converts as it loads."""
    from ctranslate2.specs import WhisperSpec

    folder.mkdir(parents=True, exist_ok=True)
    tokens = whisper_model._write_tokenizer(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": shape.mels}))
    spec: Any = WhisperSpec(shape.layers, shape.heads, shape.layers, shape.heads)
    _Filler(shape, len(tokens)).fill(spec)
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.alignment_heads = [[shape.layers - 1, head] for head in range(min(shape.heads, 6))]
    spec.config.lang_ids = [tokens.index(f"<|{code}|>") for code in languages()]
    spec.validate()
    spec.save(str(folder))


class _Filler:
    """Weights are pieces of one pool from different places: drawing 1.5 thousand million takes a minute."""

    def __init__(self, shape: WhisperShape, vocabulary: int) -> None:
        self._shape, self._vocabulary = shape, vocabulary
        self._random = np.random.default_rng(7)
        longest = max(vocabulary, 4 * shape.width) * shape.width
        drawn = self._random.standard_normal(2 * longest, dtype=np.float32) * np.float32(_SPREAD)
        self._pool = drawn.astype(np.float16)

    def fill(self, spec: Any) -> None:
        width, encoder, decoder = self._shape.width, spec.encoder, spec.decoder
        encoder.conv1.weight, encoder.conv1.bias = self._drawn(width, self._shape.mels, 3), _zeros(width)
        encoder.conv2.weight, encoder.conv2.bias = self._drawn(width, width, 3), _zeros(width)
        encoder.position_encodings.encodings = self._drawn(_SOURCE_POSITIONS, width)
        decoder.scale_embeddings = False
        decoder.embeddings.weight = self._drawn(self._vocabulary, width)
        decoder.position_encodings.encodings, decoder.projection.weight = self._said()
        for part in (encoder, decoder):
            self._norm(part.layer_norm)
            for layer in part.layer:
                self._attention(layer.self_attention, (3 * width, width))
                self._feed_forward(layer.ffn)
        for layer in decoder.layer:
            self._attention(layer.attention, (width, 2 * width, width))

    def _said(self) -> tuple[Weights, Weights]:
        """Position encodings, and a projection that reads from them which token comes next."""
        width = self._shape.width
        signs = self._random.choice([-1.0, 1.0], (_TARGET_POSITIONS, width))
        script = _script(self._vocabulary, self._random)
        last = _PROMPT - 1 + len(script) - 1
        signs[last:] = signs[last]  # the end, however often it is asked for
        projection = self._drawn(self._vocabulary, width).astype(np.float32)
        for place, token in enumerate(script, start=_PROMPT - 1):
            projection[token] += signs[place] * (_SURE / width)
        return (signs * _LOUD).astype(np.float16), projection.astype(np.float16)

    def _attention(self, part: Any, rows: tuple[int, ...]) -> None:
        self._norm(part.layer_norm)
        for linear, count in zip(part.linear, rows, strict=True):
            self._linear(linear, count, self._shape.width)

    def _feed_forward(self, part: Any) -> None:
        width = self._shape.width
        self._norm(part.layer_norm)
        self._linear(part.linear_0, 4 * width, width)
        self._linear(part.linear_1, width, 4 * width)

    def _linear(self, part: Any, rows: int, columns: int) -> None:
        part.weight, part.bias = self._drawn(rows, columns), _zeros(rows)

    def _norm(self, part: Any) -> None:
        part.gamma, part.beta = np.ones(self._shape.width, np.float16), _zeros(self._shape.width)

    def _drawn(self, *shape: int) -> Weights:
        count = int(np.prod(shape))
        begin = int(self._random.integers(0, len(self._pool) - count))
        return self._pool[begin : begin + count].reshape(shape)


def _script(vocabulary: int, random: np.random.Generator) -> list[int]:
    """A timestamp, words of four tokens, the closing timestamp, the end."""
    first_time = vocabulary - len(TIMESTAMPS)
    letters, words = (
        random.integers(0, 188, SPOKEN_TOKENS),
        random.integers(300, TEXT_TOKENS - 1, SPOKEN_TOKENS),
    )
    spoken = [int(words[at] if at % 4 == 0 else letters[at]) for at in range(SPOKEN_TOKENS)]
    return [first_time, *spoken, first_time + WINDOW_S * 50, TEXT_TOKENS]


def _zeros(count: int) -> Weights:
    return np.zeros(count, np.float16)
