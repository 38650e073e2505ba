"""A CTranslate2 Whisper model with random weights: small, and loaded and run as a real one is.

Its vocabulary has the size and the special tokens of the multilingual models, which is how CTranslate2 and
faster-whisper know what a model can do; its text means nothing. It is written through CTranslate2's own model
specification, so that neither torch nor transformers is needed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TEXT_TOKENS = 50_257
"""Of the multilingual models; `<|endoftext|>` has the next id."""
WIDTH, HEADS, MELS, SOURCE_POSITIONS, TARGET_POSITIONS = 16, 2, 80, 1500, 448
LONGEST = 48
"""From this position on, prompt included, the model says that the text ends: random weights never would."""
TIMESTAMPS = [f"<|{index * 0.02:.2f}|>" for index in range(1501)]


def languages() -> list[str]:
    """The 99 of the models before large-v3."""
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    return [code for code in _LANGUAGE_CODES if code != "yue"]


def build(folder: Path) -> Path:
    """Write the model into `folder` and return it."""
    from ctranslate2.specs import WhisperSpec

    folder.mkdir(parents=True, exist_ok=True)
    tokens = _write_tokenizer(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    spec: Any = WhisperSpec(1, HEADS, 1, HEADS)
    _fill(spec, np.random.default_rng(7), len(tokens))
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.alignment_heads = [[0, 0]]
    spec.config.lang_ids = [tokens.index(f"<|{code}|>") for code in languages()]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    return folder


def _fill(spec: Any, random: np.random.Generator, vocabulary_size: int) -> None:
    def weights(*shape: int) -> npt.NDArray[np.float32]:
        return random.normal(0, 0.1, shape).astype(np.float32)

    def linear(part: Any, rows: int, columns: int) -> None:
        part.weight, part.bias = weights(rows, columns), np.zeros(rows, np.float32)

    def norm(part: Any) -> None:
        part.gamma, part.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def self_attention(part: Any) -> None:
        norm(part.layer_norm)
        linear(part.linear[0], 3 * WIDTH, WIDTH)
        linear(part.linear[1], WIDTH, WIDTH)

    def feed_forward(part: Any) -> None:
        norm(part.layer_norm)
        linear(part.linear_0, 2 * WIDTH, WIDTH)
        linear(part.linear_1, WIDTH, 2 * WIDTH)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = weights(WIDTH, MELS, 3), np.zeros(WIDTH, np.float32)
    encoder.conv2.weight, encoder.conv2.bias = weights(WIDTH, WIDTH, 3), np.zeros(WIDTH, np.float32)
    encoder.position_encodings.encodings = weights(SOURCE_POSITIONS, WIDTH)
    norm(encoder.layer_norm)
    self_attention(encoder.layer[0].self_attention)
    feed_forward(encoder.layer[0].ffn)

    decoder.scale_embeddings = False
    decoder.embeddings.weight = weights(vocabulary_size, WIDTH)
    # Two directions that LayerNorm keeps (they have no mean): one says that the text ends, from some position
    # on, and one, always there, that this is no time for a timestamp, of which random weights make too many.
    ending = np.tile([1.0, -1.0], WIDTH // 2).astype(np.float32)
    speaking = np.tile([1.0, 1.0, -1.0, -1.0], WIDTH // 4).astype(np.float32)
    positions = weights(TARGET_POSITIONS, WIDTH) + speaking
    positions += np.where(np.arange(TARGET_POSITIONS)[:, None] < LONGEST, -1, 5) * ending
    decoder.embeddings.weight[TEXT_TOKENS] = 3 * ending
    decoder.embeddings.weight[-len(TIMESTAMPS) :] -= speaking
    decoder.projection.weight = decoder.embeddings.weight
    decoder.position_encodings.encodings = positions
    norm(decoder.layer_norm)
    layer = decoder.layer[0]
    self_attention(layer.self_attention)
    norm(layer.attention.layer_norm)
    linear(layer.attention.linear[0], WIDTH, WIDTH)
    linear(layer.attention.linear[1], 2 * WIDTH, WIDTH)
    linear(layer.attention.linear[2], WIDTH, WIDTH)
    feed_forward(layer.ffn)


def _write_tokenizer(folder: Path) -> list[str]:
    """Every byte, then words by number; no merges, so that a text is told by its bytes. Gives the tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    text = alphabet + [f"Ġword{number}" for number in range(TEXT_TOKENS - len(alphabet) - 1)]
    text.append("")  # the multilingual vocabulary has an empty token here, by which CTranslate2 knows it
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
