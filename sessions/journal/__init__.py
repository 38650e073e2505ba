"""The recording of a session as it was received: kept before anything else happens to it."""

from sessions.journal.base import SESSION_ID, Journal, JournalMissing
from sessions.journal.recordings import (
    erase,
    has_recording,
    keeps_in_memory,
    open_journal,
    read_recording,
    recorded_extent,
    recording_chunks,
    recording_format,
    recording_samples,
    seal_leftovers,
)

__all__ = [
    "SESSION_ID",
    "Journal",
    "JournalMissing",
    "erase",
    "has_recording",
    "keeps_in_memory",
    "open_journal",
    "read_recording",
    "recorded_extent",
    "recording_chunks",
    "recording_format",
    "recording_samples",
    "seal_leftovers",
]
