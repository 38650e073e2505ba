"""Journals by their session: opened, read, erased."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sessions.journal.base import Journal
from sessions.journal.disk import (
    FORMAT_FILE,
    DiskJournal,
    PartFile,
    folder_format,
    journal_folder,
    make_folder,
    part_files,
)
from sessions.meter import Extent, Meter, SampleMeter, meter_of
from transcription.audio.formats import AudioFormat
from transcription.audio.stream import StreamConverter
from transcription.engines.base import Samples

READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Span:
    """Of the recording, [start, end) in bytes, and the part that has it."""

    part: PartFile
    start: int
    end: int


def open_journal(session_id: str, audio_format: AudioFormat, *, epoch: int) -> Journal:
    """The journal of a session, begun or gone on with: what another process accepted before is in its
    `size_bytes`, and what that process still writes is fenced off by the epoch, which must be newer than all
    before. Raises OSError where there is no room, ValueError for what is not a session id."""
    folder = make_folder(session_id, audio_format)
    return DiskJournal(folder, recorded_meter(session_id), epoch=epoch)


def recording_format(session_id: str) -> AudioFormat:
    """Raises JournalMissing."""
    return folder_format(session_id)


def read_recording(session_id: str, from_byte: int = 0) -> Iterator[bytes]:
    """Every accepted byte from that place on, once and in order. Raises JournalMissing."""
    for span in _spans(session_id, from_byte):
        with span.part.path.open("rb") as file:
            file.seek(span.start - span.part.offset_bytes)
            left = span.end - span.start
            while left > 0 and (data := file.read(min(READ_BYTES, left))):
                left -= len(data)
                yield data


def recording_chunks(session_id: str) -> Iterator[Samples]:
    """The recording as float32 mono samples at 16 kHz, piece by piece. Raises JournalMissing."""
    converter = StreamConverter(recording_format(session_id))
    for data in read_recording(session_id):
        yield converter.push(data)
    yield converter.flush()


def recording_samples(session_id: str) -> Samples:
    """The whole recording, float32 mono at 16 kHz, shape (n,); empty where there is none."""
    if not has_recording(session_id):
        return np.zeros(0, np.float32)
    return np.concatenate([np.zeros(0, np.float32), *recording_chunks(session_id)])


def recorded_meter(session_id: str) -> Meter:
    """One that has counted what was accepted: of packets the whole ones. Raises JournalMissing."""
    meter = meter_of(recording_format(session_id))
    if isinstance(meter, SampleMeter):
        meter.count_bytes(sum(span.end - span.start for span in _spans(session_id)))
        return meter
    for data in read_recording(session_id):
        meter.count_stored(data)
    return meter


def recorded_extent(session_id: str) -> Extent:
    """How much was accepted; nothing where there is no recording."""
    return recorded_meter(session_id).total if has_recording(session_id) else Extent()


def has_recording(session_id: str) -> bool:
    return (journal_folder(session_id) / FORMAT_FILE).exists()


def erase(session_id: str) -> None:
    """Remove the recording; nothing happens where there is none."""
    shutil.rmtree(journal_folder(session_id), ignore_errors=True)


def _spans(session_id: str, from_byte: int = 0) -> list[Span]:
    """What to read, in order: a part counts up to where a later one begins. Raises JournalMissing."""
    recording_format(session_id)
    parts = part_files(journal_folder(session_id))
    spans = []
    for index, part in enumerate(parts):
        later = [other.offset_bytes for other in parts[index + 1 :]]
        span = Span(part, max(part.offset_bytes, from_byte), min([part.end_bytes, *later]))
        if span.start < span.end:
            spans.append(span)
    return spans
