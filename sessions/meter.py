"""How much audio came in: bytes as they were sent, bytes as the journal holds them, seconds as it lasts.

Everything that needs one of them asks the session's meter; nobody else derives time from a number of bytes,
which cannot be done for packets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from transcription.audio.formats import OPUS, AudioFormat
from transcription.audio.opus import DECODED_RATE_HZ, PREFIX_BYTES, framed, packet_duration_s

SILENT_BYTES = {"mulaw": b"\xff", "alaw": b"\xd5"}
"""What is no sound (ITU-T G.711); in the other encodings of samples that is zero."""
SILENCE_PIECE_BYTES = 64 * 1024
SILENT_PACKETS = ((0.02, b"\xf8\xff\xfe"), (0.0025, b"\xe0\xff\xfe"))
"""(seconds, Opus packet): CELT, full band, whose first coded bit says that the frame is silent (RFC 6716,
section 4.3). The shortest packet there is decides how closely a length is met."""


@dataclass(frozen=True, slots=True)
class Extent:
    """So much of a stream. `stored_bytes`: what its journal holds; of Opus that is more than was sent."""

    stored_bytes: int = 0
    sent_bytes: int = 0
    audio_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Piece:
    """One frame of audio. `data`: as the journal holds it and the converter takes it."""

    data: bytes
    sent_bytes: int
    duration_s: float


class Meter(Protocol):
    """One stream's. `total`: what has been counted. A length is in units of which `units_per_sample` make one
    sample of the audio clock at the rate that the client stated."""

    total: Extent
    units_per_sample: int

    def read(self, frame: bytes) -> Piece:
        """What a client's frame is; nothing is counted yet. Raises AudioUndecodable, saying why."""

    def count(self, piece: Piece) -> None:
        """It was accepted."""

    def count_stored(self, data: bytes) -> None:
        """Count what a journal holds, cut anywhere; a packet without its end counts when the rest comes."""

    def length(self, frame: bytes) -> int:
        """Of a client's frame. Raises AudioUndecodable."""

    def silence(self, length: int) -> Iterator[bytes]:
        """Frames without sound, as a client would send them."""


class SampleMeter:
    """Samples of a fixed size: bytes are time. A length is in bytes."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self.total = Extent()
        self.units_per_sample = audio_format.bytes_per_frame
        self._bytes_per_second = audio_format.bytes_per_second
        self._silent = SILENT_BYTES.get(audio_format.encoding, b"\0")

    def read(self, frame: bytes) -> Piece:
        return Piece(frame, len(frame), len(frame) / self._bytes_per_second)

    def count(self, piece: Piece) -> None:
        self.count_bytes(len(piece.data))

    def count_stored(self, data: bytes) -> None:
        self.count_bytes(len(data))

    def count_bytes(self, count: int) -> None:
        num_bytes = self.total.stored_bytes + count
        self.total = Extent(num_bytes, num_bytes, num_bytes / self._bytes_per_second)

    def length(self, frame: bytes) -> int:
        return len(frame)

    def silence(self, length: int) -> Iterator[bytes]:
        while length > 0:
            yield self._silent * min(length, SILENCE_PIECE_BYTES)
            length -= SILENCE_PIECE_BYTES


class PacketMeter:
    """Opus packets, one a frame, stored each after its length: a packet's first bytes say how long it lasts.
    A length is in samples at the stated rate."""

    units_per_sample = 1

    def __init__(self, audio_format: AudioFormat) -> None:
        self.total = Extent()
        self._sample_rate_hz = audio_format.sample_rate_hz
        self._decoded_samples = 0
        self._rest = b""

    def read(self, frame: bytes) -> Piece:
        if not frame:
            return Piece(b"", 0, 0.0)
        return Piece(framed(frame), len(frame), packet_duration_s(frame))

    def count(self, piece: Piece) -> None:
        self._decoded_samples += round(piece.duration_s * DECODED_RATE_HZ)
        self.total = Extent(
            self.total.stored_bytes + len(piece.data),
            self.total.sent_bytes + piece.sent_bytes,
            self._decoded_samples / DECODED_RATE_HZ,
        )

    def count_stored(self, data: bytes) -> None:
        data, at = self._rest + data, 0
        while len(data) - at > PREFIX_BYTES:
            end = at + PREFIX_BYTES + int.from_bytes(data[at : at + PREFIX_BYTES], "big")
            if end > len(data):
                break
            self.count(self.read(data[at + PREFIX_BYTES : end]))
            at = end
        self._rest = data[at:]

    def length(self, frame: bytes) -> int:
        return round(packet_duration_s(frame) * self._sample_rate_hz) if frame else 0

    def silence(self, length: int) -> Iterator[bytes]:
        for duration_s, packet in SILENT_PACKETS:
            packet_length = duration_s * self._sample_rate_hz
            count = int(length / packet_length)
            length -= round(count * packet_length)
            for _ in range(count):
                yield packet


def meter_of(audio_format: AudioFormat) -> Meter:
    """One that has counted nothing yet."""
    return PacketMeter(audio_format) if audio_format.encoding == OPUS else SampleMeter(audio_format)
