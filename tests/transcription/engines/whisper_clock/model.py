"""A one-layer model of Whisper's shape with weights set by hand, so that its text is known from the audio.

It divides a window into cells of 0.4 s and says of each, from the window's start to the end of its audio,
the syllable of the tone at its middle and the number of the cell ("ba0 ne1 …"), or a token without text
where there is silence; ten cells are a segment. Where padding begins, which is exactly zero, the text ends.
Times are those of the window's cells: up to half a cell off where the tones do not begin with them, and a
tone whose edge falls on the middle of a cell may be said twice or not at all.

How. The encoder's two convolutions measure six mel bands and whether there is audio at all; the positions are
sines and cosines of 32 frequencies. A token's embedding is a direction for what has been said last (the
state), so that prompts of any length change nothing. The decoder's cross-attention asks for the middle of the
next cell, one head widely (the alignment head: its maxima lie so that words begin and end at the cells'
edges), one narrowly, which brings the bands there. The projection adds what the state allows to what was
heard, which is enough to choose.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.transcription.engines.whisper_clock.tones import BANDS, SYLLABLES
from tests.transcription.engines.whisper_model import TEXT_TOKENS, TIMESTAMPS, languages

Array = npt.NDArray[np.float32]

WIDTH, HEADS, MELS, POSITIONS, TARGETS = 128, 2, 80, 1500, 448
HEAD = WIDTH // HEADS
CELLS, CELL_POSITIONS, SEGMENT_CELLS = 75, 20, 10
FREQUENCIES = 0.4 * ((np.arange(HEAD // 2) + 0.5) / (HEAD // 2)) ** 1.5
"""Radians per position of 20 ms; unevenly spaced, so that no two positions of a window look alike."""
HEARD, PRESENT = slice(HEAD, HEAD + len(SYLLABLES)), HEAD + len(SYLLABLES)
"""Where the encoder's output carries the bands, and whether there is audio."""
NARROW, WIDE = 10.0, 2.5
"""How sharply the two heads look."""


@dataclass(frozen=True)
class Vocabulary:
    """Token ids by what they are."""

    tokens: list[str]

    def of(self, token: str) -> int:
        return self.tokens.index(token)

    def word(self, cell: int, syllable: int) -> int:
        return self._first + cell * (len(SYLLABLES) + 1) + syllable

    def gap(self, cell: int) -> int:
        return self.word(cell, len(SYLLABLES))

    def timestamp(self, position: int) -> int:
        return len(self.tokens) - len(TIMESTAMPS) + position

    @property
    def _first(self) -> int:
        return 256  # after the bytes


class States:
    """A direction of the decoder's residual stream for each state; the last ones carry what was heard."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, int], int] = {}
        self.heard, self.present = slice(WIDTH - 8, WIDTH - 2), WIDTH - 1

    def __getitem__(self, state: tuple[str, int]) -> int:
        return self._places.setdefault(state, len(self._places))


def build(folder: Path) -> Path:
    """Write the model into `folder` and return it."""
    from ctranslate2.specs import WhisperSpec

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = Vocabulary(_write_tokenizer(folder))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    spec: Any = WhisperSpec(1, HEADS, 1, HEADS)
    _fill_encoder(spec.encoder)
    _fill_decoder(spec.decoder, vocabulary)
    spec.register_vocabulary(vocabulary.tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.alignment_heads = [[0, 0]]
    spec.config.lang_ids = [vocabulary.of(f"<|{code}|>") for code in languages()]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    return folder


def _zeros(*shape: int) -> Array:
    return np.zeros(shape, np.float32)


def _linear(part: Any, weight: Array) -> None:
    part.weight, part.bias = weight, _zeros(len(weight))


def _norm(part: Any) -> None:
    part.gamma, part.beta = np.ones(WIDTH, np.float32), _zeros(WIDTH)


def _idle(self_attention: Any, feed_forward: Any) -> None:
    """Sublayers that add nothing."""
    _norm(self_attention.layer_norm)
    _linear(self_attention.linear[0], _zeros(3 * WIDTH, WIDTH))
    _linear(self_attention.linear[1], _zeros(WIDTH, WIDTH))
    _norm(feed_forward.layer_norm)
    _linear(feed_forward.linear_0, _zeros(WIDTH, WIDTH))
    _linear(feed_forward.linear_1, _zeros(WIDTH, WIDTH))


def _place(position: float) -> Array:
    angles = FREQUENCIES * position
    return np.concatenate([np.cos(angles), np.sin(angles)]).astype(np.float32)


def _fill_encoder(encoder: Any) -> None:
    first, second = _zeros(WIDTH, MELS, 3), _zeros(WIDTH, WIDTH, 3)
    first_bias = _zeros(WIDTH)
    for channel, band in zip(range(HEARD.start, HEARD.stop), BANDS, strict=True):
        first[channel, band - 1 : band + 2, 1] = 8 / 3  # a tone is above 0.6 there, all else below 0.1
        first_bias[channel] = -8 * 0.5
    first[PRESENT, :, 1] = -8 / MELS  # what is no tone lies below 0, and padding is 0
    first_bias[PRESENT] = -8 * 0.12
    for channel in range(HEARD.start, PRESENT + 1):
        second[channel, channel] = (0.05, 0.1, 0.05)
    encoder.conv1.weight, encoder.conv1.bias = first, first_bias
    encoder.conv2.weight, encoder.conv2.bias = second, _zeros(WIDTH)
    positions = _zeros(POSITIONS, WIDTH)
    positions[:, :HEAD] = np.stack([_place(position) for position in range(POSITIONS)])
    encoder.position_encodings.encodings = positions
    _norm(encoder.layer_norm)
    _idle(encoder.layer[0].self_attention, encoder.layer[0].ffn)


def _fill_decoder(decoder: Any, vocabulary: Vocabulary) -> None:
    states = States()
    embeddings, projection = _zeros(len(vocabulary.tokens), WIDTH), _zeros(len(vocabulary.tokens), WIDTH)
    looks: dict[int, float] = {}

    def is_in(state: tuple[str, int], *tokens: int) -> None:
        embeddings[list(tokens), states[state]] = 6

    def goes_to(state: tuple[str, int], token: int, *, likely: float = 0.0, present: float = 0.0) -> None:
        projection[token, states[state]] = 4 + likely
        projection[token, states.present] = present

    def looks_at(state: tuple[str, int], cell: int) -> None:
        """The state in which the next thing said is that cell's."""
        looks[states[state]] = min((cell + 0.5) * CELL_POSITIONS, POSITIONS - 1)
        for syllable in range(len(SYLLABLES)):
            token = vocabulary.word(cell, syllable)
            goes_to(state, token, present=2)
            projection[token, states.heard.start + syllable] = 4
        goes_to(state, vocabulary.gap(cell), likely=0.5, present=2)

    end = vocabulary.of("<|endoftext|>")
    for number, task in enumerate(("transcribe", "translate")):  # a translation starts 20 ms late
        is_in(("asked", number), vocabulary.of(f"<|{task}|>"))
        goes_to(("asked", number), vocabulary.timestamp(number))
    is_in(("open", 0), vocabulary.timestamp(1))
    is_in(("untimed", 0), vocabulary.of("<|notimestamps|>"))
    looks_at(("untimed", 0), 0)
    is_in(("language?", 0), vocabulary.of("<|startoftranscript|>"))
    goes_to(("language?", 0), vocabulary.of("<|en|>"))
    for cell in range(CELLS):
        said, ends_segment = ("said", cell), cell % SEGMENT_CELLS == SEGMENT_CELLS - 1
        close = vocabulary.timestamp((cell + 1) * CELL_POSITIONS - 1)
        if cell % SEGMENT_CELLS == 0:
            is_in(("open", cell), vocabulary.timestamp(cell * CELL_POSITIONS))
            looks_at(("open", cell), cell)
            goes_to(("open", cell), end, likely=1.0, present=-2)
        is_in(said, *(vocabulary.word(cell, tone) for tone in range(len(SYLLABLES))), vocabulary.gap(cell))
        if cell + 1 < CELLS:
            looks_at(said, cell + 1)
        goes_to(said, close, likely=5.0 if ends_segment or cell + 1 == CELLS else 1.2, present=-2)
        if ends_segment and cell + 1 < CELLS:
            closed = ("closed", cell)
            looks[states[closed]] = (cell + 1.5) * CELL_POSITIONS
            goes_to(closed, vocabulary.timestamp((cell + 1) * CELL_POSITIONS), present=2)
            goes_to(closed, end, likely=0.7, present=-2)
        else:
            closed = ("closed", -1)
            goes_to(closed, end, present=-2)
        is_in(closed, close)

    decoder.scale_embeddings = False
    decoder.embeddings.weight, decoder.projection.weight = embeddings, projection
    decoder.position_encodings.encodings = _zeros(TARGETS, WIDTH)
    _norm(decoder.layer_norm)
    layer = decoder.layer[0]
    _idle(layer.self_attention, layer.ffn)
    _attend(layer.attention, states, looks)


def _attend(attention: Any, states: States, looks: dict[int, float]) -> None:
    """Head 0 looks widely and brings nothing, head 1 narrowly and brings what was heard."""
    queries, keys_values, out = _zeros(WIDTH, WIDTH), _zeros(2 * WIDTH, WIDTH), _zeros(WIDTH, WIDTH)
    for state, position in looks.items():
        queries[:HEAD, state] = _place(position) * WIDE / 10
        queries[HEAD:, state] = _place(position) * NARROW / 10
    for head in range(HEADS):
        keys_values[head * HEAD : (head + 1) * HEAD, :HEAD] = np.eye(HEAD)
    values = WIDTH + HEAD
    keys_values[values : values + len(SYLLABLES) + 1, HEARD.start : PRESENT + 1] = np.eye(len(SYLLABLES) + 1)
    out[states.heard, HEAD : HEAD + len(SYLLABLES)] = 2 * np.eye(len(SYLLABLES))
    out[states.present, HEAD + len(SYLLABLES)] = 2
    _norm(attention.layer_norm)
    for part, weight in zip(attention.linear, (queries, keys_values, out), strict=True):
        _linear(part, weight)


def _write_tokenizer(folder: Path) -> list[str]:
    """Every byte, then the words by cell and tone, each cell's gap (a special token: no text), and filling up
    to the size by which CTranslate2 knows a multilingual model. Gives the tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    text = sorted(pre_tokenizers.ByteLevel.alphabet())
    gaps = [f"<gap{cell}>" for cell in range(CELLS)]
    for cell in range(CELLS):
        text += [*(f"Ġ{syllable}{cell}" for syllable in SYLLABLES), gaps[cell]]
    text += [f"Ġunused{number}" for number in range(TEXT_TOKENS - len(text) - 1)]
    text.append("")
    special = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in languages())]
    special += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    special += ["<|notimestamps|>"]
    tokenizer = Tokenizer(BPE({token: index for index, token in enumerate(text)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in gaps])
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in TIMESTAMPS])
    tokenizer.save(str(folder / "tokenizer.json"))
    return text + special + TIMESTAMPS
