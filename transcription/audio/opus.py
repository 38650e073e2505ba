"""A stream of raw Opus packets (RFC 6716) to samples.

A packet has no mark of its own end, so a stream of them is framed: each packet after its length, two bytes,
big-endian (`framed`). A packet that cannot be decoded becomes silence of its own length, so that what follows
stays at its time, and is counted. Whoever takes packets from a sender checks them first
(`packet_duration_s`), so that the sender hears of it.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from transcription.engines.base import Samples
from transcription.errors import AudioUndecodable

DECODED_RATE_HZ = 48_000
"""What Opus decodes to, whatever the rate of the input was (RFC 6716, section 2.1)."""
LONGEST_PACKET_S = 0.12
"""RFC 6716, section 3.2.5."""
MAX_PACKET_BYTES = 0xFFFF
MAX_FRAME_BYTES = 1275
"""RFC 6716, section 3.2.1."""
PREFIX_BYTES = 2
_SILK_MS, _HYBRID_MS, _CELT_MS = (10.0, 20.0, 40.0, 60.0), (10.0, 20.0), (2.5, 5.0, 10.0, 20.0)
_CODE_TWO_SIZES, _CODE_MANY = 2, 3
_USUAL_PACKET_S = 0.02


def framed(packet: bytes) -> bytes:
    """A packet as it stands in a stream. Raises AudioUndecodable where it is empty or too long."""
    if not 0 < len(packet) <= MAX_PACKET_BYTES:
        raise AudioUndecodable(f"an Opus packet has 1 to {MAX_PACKET_BYTES} bytes, not {len(packet)}")
    return len(packet).to_bytes(PREFIX_BYTES, "big") + packet


def packet_duration_s(packet: bytes) -> float:
    """How much audio a packet holds, by its first bytes (RFC 6716, section 3).

    Raises AudioUndecodable for what cannot be a packet (the malformed ones of section 3.4), saying why.
    """
    if not packet:
        raise AudioUndecodable("an Opus packet has at least one byte")
    config, code = packet[0] >> 3, packet[0] & 3
    rest = len(packet) - 1
    frames = 1 if code == 0 else 2
    if code == 1 and rest % 2:
        raise AudioUndecodable(
            "an Opus packet of two equal frames has an even number of bytes after its first"
        )
    if code == _CODE_TWO_SIZES and not rest:
        raise AudioUndecodable(
            "an Opus packet of two frames says how long the first one is; this one ends before"
        )
    if code == _CODE_MANY:
        if not rest:
            raise AudioUndecodable("an Opus packet of several frames says how many; this one ends before")
        frames = packet[1] & 0x3F
    duration_s = frames * _frame_ms(config) / 1000
    if not 0 < duration_s <= LONGEST_PACKET_S + 1e-9:
        raise AudioUndecodable(
            f"an Opus packet holds up to {LONGEST_PACKET_S * 1000:.0f} ms, not {duration_s * 1000:g}"
        )
    if any(not 0 <= size <= MAX_FRAME_BYTES for size in _frame_sizes(packet, code, frames)):
        raise AudioUndecodable("the frames of an Opus packet fill it, and have at most 1275 bytes each")
    return duration_s


class OpusDecoder:
    """A FrameDecoder (transcription.audio.stream) of framed packets; the codec's state runs through them."""

    def __init__(self, channels: int) -> None:
        import av

        codec = "libopus" if "libopus" in av.codecs_available else "opus"
        self._codec = cast("Any", av.CodecContext.create(codec, "r"))
        self._codec.sample_rate = DECODED_RATE_HZ
        self._codec.layout = "mono" if channels == 1 else "stereo"
        self._channels = channels
        self._rest = b""
        self._last_s = _USUAL_PACKET_S
        self.damaged_packets = 0
        """Packets that could not be decoded, and are silence now."""

    def push(self, data: bytes) -> Samples:
        """What the whole packets in it decode to, shape (n, channels), at 48 kHz."""
        data = self._rest + bytes(data)
        pieces, at = [np.zeros((0, self._channels), np.float32)], 0
        while len(data) - at >= PREFIX_BYTES:
            end = at + PREFIX_BYTES + int.from_bytes(data[at : at + PREFIX_BYTES], "big")
            if len(data) < end:
                break
            pieces.append(self._decode(data[at + PREFIX_BYTES : end]))
            at = end
        self._rest = data[at:]
        return np.concatenate(pieces)

    @property
    def pending_bytes(self) -> int:
        return len(self._rest)

    def _decode(self, packet: bytes) -> Samples:
        import av

        try:
            self._last_s = packet_duration_s(packet)
            frames = self._codec.decode(av.Packet(packet))
        except (AudioUndecodable, av.FFmpegError):
            frames = []
        if not frames:
            self.damaged_packets += 1
            return np.zeros((round(self._last_s * DECODED_RATE_HZ), self._channels), np.float32)
        return np.concatenate([self._samples(frame) for frame in frames])

    def _samples(self, frame: Any) -> Samples:
        """Packed or planar, 16-bit or float, by codec; here float32 of shape (n, channels)."""
        array = frame.to_ndarray()
        planar = array.T if frame.format.is_planar else array.reshape(-1, frame.layout.nb_channels)
        if planar.dtype == np.int16:
            planar = planar.astype(np.float32) / np.float32(32768)
        samples: Samples = np.ascontiguousarray(planar, np.float32)
        return samples


def _frame_ms(config: int) -> float:
    """RFC 6716, table 2."""
    if config < 12:
        return _SILK_MS[config % 4]
    if config < 16:
        return _HYBRID_MS[config % 2]
    return _CELT_MS[config % 4]


def _frame_sizes(packet: bytes, code: int, frames: int) -> list[int]:
    """Bytes of each frame (RFC 6716, section 3.2); what does not add up is a size of -1."""
    try:
        at, end, is_even = 1, len(packet), code < _CODE_TWO_SIZES
        if code == _CODE_MANY:
            at, is_even = 2, not packet[1] & 0x80
            if packet[1] & 0x40:
                padding = 0
                while True:
                    at, count = at + 1, packet[at]
                    padding += 254 if count == 255 else count
                    if count < 255:
                        break
                end -= padding
        if is_even:
            return [(end - at) // frames if end >= at and (end - at) % frames == 0 else -1]
        sizes = []
        for _ in range(frames - 1):
            at, size = at + 1, packet[at]
            if size >= 252:
                at, size = at + 1, size + 4 * packet[at]
            sizes.append(size)
    except IndexError:
        return [-1]
    return [*sizes, end - at - sum(sizes)]
