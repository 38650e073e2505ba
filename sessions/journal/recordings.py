"""Journals by their session: opened, read, erased."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from django.conf import settings

from sessions.journal import storage
from sessions.journal.base import Journal, Shelf, spans_of
from sessions.journal.disk import DiskJournal
from sessions.journal.memory import MemoryJournal, MemoryShelf
from sessions.journal.parts import make_folder
from sessions.meter import Extent, Meter, SampleMeter, meter_of
from transcription.audio.formats import AudioFormat
from transcription.audio.stream import StreamConverter
from transcription.engines.base import Samples

FILES, MEMORY = storage.FileShelf(), MemoryShelf()


def open_journal(session_id: str, audio_format: AudioFormat, *, epoch: int) -> Journal:
    """The journal of a session, begun or gone on with: what another process accepted before is in its
    `size_bytes` and counted by its `meter`, and what that process still writes is fenced off by the epoch,
    which must be newer than all before. Raises OSError where there is no room, ValueError for what is not a
    session id."""
    if _shelf(session_id) is MEMORY:
        held = MEMORY.has(session_id)
        meter = recorded_meter(session_id) if held else meter_of(audio_format)
        return MemoryJournal(session_id, audio_format, meter, epoch=epoch)
    make_folder(session_id, audio_format)
    journal = DiskJournal(session_id, recorded_meter(session_id), epoch=epoch)
    seal_leftovers(session_id, before_epoch=epoch)
    return journal


def seal_leftovers(session_id: str, *, before_epoch: int | None = None) -> None:
    """Seal the parts that a process left open which is gone. Raises OSError where they cannot be stored."""
    if _shelf(session_id) is MEMORY:
        return
    parts = sorted(FILES.parts_of(session_id))
    for index, part in enumerate(parts):
        if part.is_sealed or (before_epoch is not None and part.epoch >= before_epoch):
            continue
        ends = [later.offset_bytes - part.offset_bytes for later in parts[index + 1 :]]
        storage.seal(session_id, replace(part, size_bytes=max(0, min([part.size_bytes, *ends]))))


def recording_format(session_id: str) -> AudioFormat:
    """Raises JournalMissing."""
    return _shelf(session_id).format_of(session_id)


def read_recording(session_id: str, from_byte: int = 0) -> Iterator[bytes]:
    """Every accepted byte from that place on, once and in order. Raises JournalMissing."""
    shelf = _shelf(session_id)
    shelf.format_of(session_id)
    for span in spans_of(shelf.parts_of(session_id), from_byte):
        yield from shelf.read(session_id, span)


def recording_chunks(session_id: str, *, separate: bool = False) -> Iterator[Samples]:
    """The recording as float32 samples at 16 kHz, piece by piece: mono, shape (n,), or with `separate`
    channels (n, channels). Raises JournalMissing."""
    converter = StreamConverter(recording_format(session_id), separate=separate)
    for data in read_recording(session_id):
        yield converter.push(data)
    yield converter.flush()


def recording_samples(session_id: str, *, separate: bool = False) -> Samples:
    """The whole recording, float32 at 16 kHz, mono (n,) or `separate` (n, channels); empty: there is none."""
    if not has_recording(session_id):
        return np.zeros(0, np.float32)
    return np.concatenate([*recording_chunks(session_id, separate=separate)])


def recorded_meter(session_id: str) -> Meter:
    """One that has counted what was accepted: of packets the whole ones. Raises JournalMissing."""
    meter = meter_of(recording_format(session_id))
    if isinstance(meter, SampleMeter):
        spans = spans_of(_shelf(session_id).parts_of(session_id))
        meter.count_bytes(sum(span.end - span.start for span in spans))
        return meter
    for data in read_recording(session_id):
        meter.count_stored(data)
    return meter


def recorded_extent(session_id: str) -> Extent:
    """How much was accepted; nothing where there is no recording."""
    return recorded_meter(session_id).total if has_recording(session_id) else Extent()


def has_recording(session_id: str) -> bool:
    return _shelf(session_id).has(session_id)


def erase(session_id: str) -> None:
    """Remove the recording, its rows, files and what is stored; nothing happens where there is none."""
    FILES.erase(session_id)
    if keeps_in_memory():
        MEMORY.erase(session_id)


def keeps_in_memory() -> bool:
    """Whether audio of live sessions may be written nowhere but in Redis."""
    return bool(settings.AMBIENT.journal == "memory")


def _shelf(session_id: str) -> Shelf:
    """Where the journal of a session is: a session that began in files goes on there."""
    return MEMORY if keeps_in_memory() and not FILES.has(session_id) else FILES
