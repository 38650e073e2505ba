"""The part of a recording that a session has to hear again before it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import gcd, lcm

from sessions import journal, store
from sessions.meter import Extent
from transcription.audio.formats import OPUS, AudioFormat
from transcription.audio.opus import PREFIX_BYTES, packet_duration_s
from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.streaming.start import StartAt

WARM_UP_SAMPLES = 2 * SAMPLE_RATE_HZ
"""Decoder, resampler and VAD have a memory: they hear so much more before what they say counts."""


@dataclass(frozen=True, slots=True)
class Place:
    """A byte of a recording as it is stored, and the 16 kHz sample that begins there, at the edge of a VAD
    frame."""

    byte: int = 0
    sample: int = 0


@dataclass(frozen=True, slots=True)
class Resumption:
    """A session that goes on here. `starts`: of its core, or of each channel's, all from one sample. `place`:
    where its recording is read from; `received_at`: Unix seconds by which all of it had come."""

    starts: tuple[StartAt, ...]
    place: Place
    backlog: Backlog
    received_at: float

    @property
    def settled_until(self) -> int:
        return max(start.settled_until for start in self.starts)


def resumption(
    session_id: str,
    audio_format: AudioFormat,
    starts: Sequence[StartAt],
    recorded: Extent,
    *,
    received_at: float,
) -> Resumption:
    """`starts`: by channel, as each would begin by itself. Reads from the recording, so it is called off the
    event loop. Raises OSError and JournalMissing."""
    sample = min(start.sample for start in starts)
    until = max(0, sample - WARM_UP_SAMPLES)
    find = _place_of_packet if audio_format.encoding == OPUS else _place_of_sample
    place = find(session_id, audio_format, until)
    return Resumption(
        tuple(replace(start, sample=sample) for start in starts),
        place,
        Backlog(session_id, place.byte, recorded),
        received_at,
    )


class Backlog:
    """What was recorded from a byte on, read off the event loop a piece at a time."""

    def __init__(self, session_id: str, from_byte: int, recorded: Extent) -> None:
        self._session_id = session_id
        self._from_byte = from_byte
        self._left = max(0, recorded.stored_bytes - from_byte)
        self._bytes_per_second = recorded.stored_bytes / recorded.audio_s if recorded.audio_s else 1.0
        self._pieces: Iterator[bytes] | None = None
        self._piece = b""

    async def take(self, most_s: float) -> bytes:
        """The next bytes, of about so many seconds at most; nothing once all have been taken.

        Raises OSError and JournalMissing.
        """
        if self._left and not self._piece:
            self._piece = await store.run(self._next)
            if not self._piece:
                self._left = 0
        most_bytes = max(1, int(most_s * self._bytes_per_second))
        data = self._piece[: min(most_bytes, self._left)]
        self._piece = self._piece[len(data) :]
        self._left -= len(data)
        return data

    def _next(self) -> bytes:
        if self._pieces is None:
            self._pieces = journal.read_recording(self._session_id, from_byte=self._from_byte)
        return next(self._pieces, b"")


def _place_of_sample(session_id: str, audio_format: AudioFormat, until: int) -> Place:
    """At or before a 16 kHz sample, where one of the stream's own begins too."""
    rate_hz = audio_format.sample_rate_hz
    sample = until // (step := lcm(FRAME_SAMPLES, SAMPLE_RATE_HZ // gcd(rate_hz, SAMPLE_RATE_HZ))) * step
    return Place(sample * rate_hz // SAMPLE_RATE_HZ * audio_format.bytes_per_frame, sample)


def _place_of_packet(session_id: str, audio_format: AudioFormat, until: int) -> Place:
    """The same where only reading tells how long so many bytes last."""
    place, byte, sample, rest = Place(), 0, 0, b""
    for data in journal.read_recording(session_id):
        rest += data
        at = 0
        while len(rest) - at > PREFIX_BYTES:
            end = at + PREFIX_BYTES + int.from_bytes(rest[at : at + PREFIX_BYTES], "big")
            if end > len(rest):
                break
            sample += round(packet_duration_s(rest[at + PREFIX_BYTES : end]) * SAMPLE_RATE_HZ)
            at = end
            if sample > until:
                return place
            if sample % FRAME_SAMPLES == 0:
                place = Place(byte + at, sample)
        byte, rest = byte + at, rest[at:]
    return place
