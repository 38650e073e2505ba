"""Silero for many streams at once: a frame of each, side by side, in one run.

As it ships, the model takes the frames of an input for successive ones of a single stream. Before its
recurrence (ONNX LSTM, layout 0: sequence, batch, features) one transposition makes the convolutions' output
(frames, features, 1) into (frames, 1, features). Made into (1, frames, features) instead, frames are streams,
each with a state of its own; no weight changes, and each stream's answers are the same to the last bit or
nearly so. A run of 32 streams takes half of what 32 runs take, and the interpreter's lock is fought for once.

The file is protobuf, and the change keeps its length: three attribute bytes of that transposition, and the
declared size of the batch in the shapes of the two states in and out.
"""

from __future__ import annotations

from pathlib import Path

_PERM = b"\x0a\x04perm"
_ALONG_SEQUENCE = _PERM + b"\x40\x00\x40\x02\x40\x01"  # AttributeProto: name, ints (field 8) 0, 2, 1
_ALONG_BATCH = _PERM + b"\x40\x02\x40\x00\x40\x01"
_ONE, _ANY = b"\x0a\x02\x08\x01", b"\x0a\x02\x12\x00"  # Dimension: dim_value 1; dim_param of no name
_WIDTH = b"\x0a\x03\x08\x80\x01"  # dim_value 128
_STATE = b"\x12\x0d" + _ONE + _ONE + _WIDTH  # TensorShapeProto (1, 1, 128)
_STATES = b"\x12\x0d" + _ONE + _ANY + _WIDTH
_NUM_STATES = 4  # h and c, in and out


def along_batch(path: Path) -> bytes | None:
    """The model that runs along streams; None where the file is not the one that this was written for."""
    model = path.read_bytes()
    if model.count(_ALONG_SEQUENCE) != 1 or model.count(_STATE) != _NUM_STATES:
        return None
    return model.replace(_ALONG_SEQUENCE, _ALONG_BATCH).replace(_STATE, _STATES)
