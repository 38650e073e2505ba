"""What a live conversation says that no row has yet: read from the room above, which keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conversations.models import Conversation
from transcription.models import Segment
from transcription.streaming.meta import StreamMeta


@dataclass(frozen=True, slots=True)
class LiveWords:
    """`stream`: None where it is not known now. `partials`: the latest of each segment that is still open."""

    stream: StreamMeta | None
    partials: tuple[Segment, ...]


Reader = Callable[[Conversation], LiveWords | None]
_readers: list[Reader] = []


def register_reader(reader: Reader) -> None:
    """For the room above, once, at start. A reader gives None for what is no live session's."""
    if reader not in _readers:
        _readers.append(reader)


def live_words(conversation: Conversation) -> LiveWords | None:
    """Take it before the finals: one that is written in between is then there twice, not missing."""
    found = (reader(conversation) for reader in _readers)
    return next((words for words in found if words is not None), None)
