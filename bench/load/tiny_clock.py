"""A model of whisper-tiny's shape that reads the clock: it costs what tiny costs, and its text can be
checked.

It says one word for each 0.3 s of a window that is not padding, named by its place in the window (`w0 w1 …`),
in segments of 4.5 s with true times, and ends its text where the audio ends. It hears no words: any sound
will do.

How. Padding is exactly zero after the log-mel, audio hardly ever: the convolutions measure that in four
bands, each bounded by a difference of two units. The decoder's residual stream holds a direction for what was
said last, so that prompts of any length change nothing; one head of the first layer's cross-attention asks
whether there is audio at the middle of the next cell, another, wider, is the alignment head. The projection
chooses by both. Each word has four others that are said a little less gladly, so that a beam has what to
hold. The other layers, and the other heads, are computed and add nothing. Written through CTranslate2's own
specification.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.transcription.engines.whisper_model import TEXT_TOKENS, TIMESTAMPS, languages

Array = npt.NDArray[np.float32]

LAYERS, WIDTH, HEADS, INNER, MELS, POSITIONS, TARGETS = 4, 384, 6, 1536, 80, 1500, 448
HEAD = WIDTH // HEADS
CELL_S, CELL_POSITIONS, CELLS, SEGMENT_CELLS = 0.3, 15, 100, 15
NAMES = ("w", "v", "x", "y", "z")
"""The first is said; each other one is a beam's."""
PRESENT = WIDTH - 1
SAID = 6.0
"""Of a token's embedding in the direction of its state; after LayerNorm it is SAID / its root mean square."""
UNIT = np.sqrt(WIDTH)
NARROW, WIDE = 8.0, 3.0
"""How sharply the two heads look."""
FREQUENCIES = 0.4 * ((np.arange(HEAD // 2) + 0.5) / (HEAD // 2)) ** 1.5
"""Radians a position of 20 ms, unevenly spaced: no two positions of a window look alike."""


def build(folder: Path) -> Path:
    """Write the model into `folder` and return it."""
    from ctranslate2.specs import WhisperSpec

    folder.mkdir(parents=True, exist_ok=True)
    tokens = _write_tokenizer(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    spec: Any = WhisperSpec(LAYERS, HEADS, LAYERS, HEADS)
    _fill_encoder(spec.encoder)
    _fill_decoder(spec.decoder, {token: index for index, token in enumerate(tokens)})
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = spec.config.suppress_ids_begin = []
    spec.config.alignment_heads = [[0, 0]]
    spec.config.lang_ids = [tokens.index(f"<|{code}|>") for code in languages()]
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
    _norm(self_attention.layer_norm)
    _linear(self_attention.linear[0], _zeros(3 * WIDTH, WIDTH))
    _linear(self_attention.linear[1], _zeros(WIDTH, WIDTH))
    _norm(feed_forward.layer_norm)
    _linear(feed_forward.linear_0, _zeros(INNER, WIDTH))
    _linear(feed_forward.linear_1, _zeros(WIDTH, INNER))


def _place(position: float) -> Array:
    angles = FREQUENCIES * position
    return np.concatenate([np.cos(angles), np.sin(angles)]).astype(np.float32)


def _fill_encoder(encoder: Any) -> None:
    first, first_bias, second, second_bias = (
        _zeros(WIDTH, MELS, 3), _zeros(WIDTH), _zeros(WIDTH, WIDTH, 3), _zeros(WIDTH),
    )  # fmt: skip
    unit = 0
    for band in range(4):
        for sign in (1.0, -1.0):
            for level, weight in ((0.0, 1.0), (2.0, -1.0)):  # together: 0 for padding, 2 at the most
                first[unit, 20 * band : 20 * band + 20, 1] = sign * 40 / 20
                first_bias[unit] = -level
                second[PRESENT, unit] = weight / 3
                unit += 1
    second_bias[PRESENT] = -1.0
    encoder.conv1.weight, encoder.conv1.bias = first, first_bias
    encoder.conv2.weight, encoder.conv2.bias = second, second_bias
    positions = _zeros(POSITIONS, WIDTH)
    positions[:, :HEAD] = np.stack([_place(position) for position in range(POSITIONS)])
    encoder.position_encodings.encodings = positions
    _norm(encoder.layer_norm)
    for layer in encoder.layer:
        _idle(layer.self_attention, layer.ffn)


def _fill_decoder(decoder: Any, ids: dict[str, int]) -> None:
    embeddings, projection = _zeros(len(ids), WIDTH), _zeros(len(ids), WIDTH)
    states: dict[tuple[str, int], int] = {}
    looks: dict[int, float] = {}

    def time(position: int) -> int:
        return len(ids) - len(TIMESTAMPS) + position

    def direction(*state: Any) -> int:
        return states.setdefault(state, len(states))

    def leads(state: int, token: int, *, likely: float = 0.0, present: float = 0.0) -> None:
        projection[token, state], projection[token, PRESENT] = 4 + likely, present

    def looks_at(state: int, cell: int) -> None:
        looks[state] = min((cell + 0.5) * CELL_POSITIONS, POSITIONS - 1)
        for order, name in enumerate(NAMES):
            leads(state, ids[f"Ġ{name}{cell}"], likely=0.0 if order else 0.2, present=2)

    end = ids["<|endoftext|>"]
    for number, task in enumerate(("transcribe", "translate")):
        embeddings[ids[f"<|{task}|>"], direction("asked", number)] = SAID
        leads(direction("asked", number), time(number))
    embeddings[time(1), direction("open", 0)] = SAID
    embeddings[ids["<|notimestamps|>"], direction("untimed")] = SAID
    looks_at(direction("untimed"), 0)
    embeddings[ids["<|startoftranscript|>"], direction("language")] = SAID
    leads(direction("language"), ids["<|en|>"])
    for cell in range(CELLS):
        said, last = direction("said", cell), cell + 1 == CELLS
        ends_segment = last or (cell + 1) % SEGMENT_CELLS == 0
        close = time((cell + 1) * CELL_POSITIONS - 1)
        if cell % SEGMENT_CELLS == 0:
            opened = direction("open", cell)
            embeddings[time(cell * CELL_POSITIONS), opened] = SAID
            looks_at(opened, cell)
            leads(opened, end, likely=1.0, present=-2)
        for name in NAMES:
            embeddings[ids[f"Ġ{name}{cell}"], said] = SAID
        if not last:
            looks_at(said, cell + 1)
        leads(said, close, likely=5.0 if ends_segment else 1.2, present=-2)
        goes_on = ends_segment and not last
        closed = direction("closed", cell if goes_on else -1)
        embeddings[close, closed] = SAID
        if goes_on:
            looks[closed] = (cell + 1.5) * CELL_POSITIONS
            leads(closed, time((cell + 1) * CELL_POSITIONS), present=2)
        leads(closed, end, likely=0.7, present=-2)

    decoder.scale_embeddings = False
    decoder.embeddings.weight, decoder.projection.weight = embeddings, projection
    decoder.position_encodings.encodings = _zeros(TARGETS, WIDTH)
    _norm(decoder.layer_norm)
    for number, layer in enumerate(decoder.layer):
        _idle(layer.self_attention, layer.ffn)
        _attend(layer.attention, looks if number == 0 else {})


def _attend(attention: Any, looks: dict[int, float]) -> None:
    """Head 0 looks widely and brings nothing, head 1 narrowly and brings whether there is audio."""
    queries, keys_values, out = _zeros(WIDTH, WIDTH), _zeros(2 * WIDTH, WIDTH), _zeros(WIDTH, WIDTH)
    for state, position in looks.items():
        queries[:HEAD, state] = _place(position) * WIDE / UNIT
        queries[HEAD : 2 * HEAD, state] = _place(position) * NARROW / UNIT
    if looks:
        keys_values[:HEAD, :HEAD] = keys_values[HEAD : 2 * HEAD, :HEAD] = np.eye(HEAD)
        keys_values[WIDTH + HEAD, PRESENT] = 1.0
        out[PRESENT, HEAD] = 0.3
    _norm(attention.layer_norm)
    for part, weight in zip(attention.linear, (queries, keys_values, out), strict=True):
        _linear(part, weight)


def _write_tokenizer(folder: Path) -> list[str]:
    """Every byte, then each cell's words, and filling up to the size of the multilingual vocabulary."""
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    text = sorted(pre_tokenizers.ByteLevel.alphabet())
    text += [f"Ġ{name}{cell}" for cell in range(CELLS) for name in NAMES]
    text += [f"Ġunused{number}" for number in range(TEXT_TOKENS - len(text) - 1)]
    text.append("")  # the multilingual vocabulary has an empty token here
    special = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in languages())]
    special += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    special += ["<|notimestamps|>"]
    tokenizer = Tokenizer(BPE({token: index for index, token in enumerate(text)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in TIMESTAMPS])
    tokenizer.save(str(folder / "tokenizer.json"))
    return text + special + TIMESTAMPS
