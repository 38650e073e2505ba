"""The GE2E encoder's weights, read from a wheel that carries them, without torch and without its code.

Resemblyzer 0.1.4 ships a checkpoint of torch's first serialisation: five pickles (magic number, protocol,
system, object, storage keys) and then the raw storages, each a 64-bit count and its little-endian float32s.
The object is a pickle, so it is read by an unpickler that knows tensors, float storages and ordered
dictionaries and refuses everything else.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import struct
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from transcription.errors import EngineUnavailable

CARRIER = "resemblyzer"
INSTALL_HINT = (
    "Run: pip install --no-deps -r requirements-weights.txt (or: pip install --no-deps resemblyzer==0.1.4)"
)
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # torch/serialization.py, MAGIC_NUMBER
LEGACY_PROTOCOL = 1001  # the same, PROTOCOL_VERSION

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LstmLayer:
    """One layer as torch keeps it: gates in the order input, forget, cell, output.

    `input_weights`: (4 × hidden, inputs); `hidden_weights`: (4 × hidden, hidden); `bias`: (4 × hidden,),
    the sum of torch's two.
    """

    input_weights: Array
    hidden_weights: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class EncoderWeights:
    """`layers`: from the features up; `projection`: (embedding, hidden); `projection_bias`: (embedding,)."""

    layers: tuple[LstmLayer, ...]
    projection: Array
    projection_bias: Array


@dataclass(slots=True)
class _Storage:
    key: str
    count: int


@dataclass(slots=True)
class _TensorView:
    """Where a tensor lies in a storage that is read later."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def resolve(self, data: Array) -> Array:
        contiguous = tuple(int(np.prod(self.shape[i + 1 :])) for i in range(len(self.shape)))
        size = int(np.prod(self.shape))
        if self.strides != contiguous or self.offset < 0 or self.offset + size > len(data):
            raise ValueError(f"a tensor of shape {self.shape} does not lie whole in its storage")
        return data[self.offset : self.offset + size].reshape(self.shape)


class _FloatStorage:
    """Stands for torch.FloatStorage, the only storage that is taken."""


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _TensorView:
    return _TensorView(storage, int(offset), tuple(shape), tuple(strides))


class _TensorsOnly(pickle.Unpickler):
    """Unpickles tensors in dictionaries; any other global is an error."""

    _ALLOWED: Mapping[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch", "FloatStorage"): _FloatStorage,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed here") from None

    def persistent_load(self, pid: Any) -> _Storage:
        match pid:
            case ("storage", kind, str(key), _, int(count), None) if kind is _FloatStorage:
                return _Storage(key, count)
        raise pickle.UnpicklingError(f"{pid!r} is no float storage")


def find_checkpoint(path: str = "") -> Path:
    """The checkpoint at `path`, or the one in the carrier's wheel, which is not imported."""
    if path:
        found = Path(path)
        if not found.is_file():
            raise EngineUnavailable("diarization", f"there is no file {path}", hint=INSTALL_HINT)
        return found
    spec = importlib.util.find_spec(CARRIER)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        candidate = Path(folder) / "pretrained.pt"
        if candidate.is_file():
            return candidate
    raise EngineUnavailable(
        "diarization", "the speaker encoder's weights are not installed", hint=INSTALL_HINT
    )


def read_checkpoint(path: Path, wanted: str = "model_state") -> dict[str, Array]:
    """The float tensors under the key `wanted`. Raises ValueError where the file is of another kind."""
    try:
        with path.open("rb") as file:
            return _read_legacy(file, wanted)
    except (pickle.UnpicklingError, struct.error, EOFError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no checkpoint of tensors: {error}") from error


def _read_legacy(file: IO[bytes], wanted: str) -> dict[str, Array]:
    magic, protocol, _ = (_TensorsOnly(file).load() for _ in range(3))
    if magic != LEGACY_MAGIC or protocol != LEGACY_PROTOCOL:
        raise ValueError("not a checkpoint of torch's first serialisation")
    views: dict[str, _TensorView] = dict(_TensorsOnly(file).load()[wanted])
    keys: list[str] = _TensorsOnly(file).load()
    needed = {view.storage.key for view in views.values()}
    storages: dict[str, Array] = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        if count < 0:
            raise ValueError("a storage of negative size")
        if key not in needed:  # the optimizer's, twice the size of the model
            file.seek(count * 4, os.SEEK_CUR)
            continue
        data = file.read(count * 4)
        if len(data) != count * 4:
            raise EOFError("the file is cut off")
        storages[key] = np.frombuffer(data, dtype="<f4").astype(np.float32)
    return {name: view.resolve(storages[view.storage.key]) for name, view in views.items()}


def load_weights(path: str = "") -> EncoderWeights:
    """The encoder's weights. Raises EngineUnavailable where they are missing or unreadable."""
    checkpoint = find_checkpoint(path)
    try:
        tensors = read_checkpoint(checkpoint)
        layers: list[LstmLayer] = []
        while f"lstm.weight_ih_l{len(layers)}" in tensors:
            n = len(layers)
            bias = tensors[f"lstm.bias_ih_l{n}"] + tensors[f"lstm.bias_hh_l{n}"]
            layers.append(LstmLayer(tensors[f"lstm.weight_ih_l{n}"], tensors[f"lstm.weight_hh_l{n}"], bias))
        if not layers:
            raise ValueError("no LSTM in it")
        return EncoderWeights(tuple(layers), tensors["linear.weight"], tensors["linear.bias"])
    except (OSError, ValueError, KeyError) as error:
        raise EngineUnavailable(
            "diarization", f"{checkpoint} cannot be read ({error})", hint=INSTALL_HINT
        ) from error
