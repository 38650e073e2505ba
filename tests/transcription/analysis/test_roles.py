"""Who took the call."""

from __future__ import annotations

import pytest

from tests.transcription.analysis.dialogues import Dialogue, dialogues
from transcription.analysis.roles import guess_agent
from transcription.models import Segment

ALL = [d for held_out in (False, True) for d in dialogues(held_out=held_out)]
WITH_SPEAKERS = [d for d in ALL if all(segment.speaker_id for segment in d.talk.segments)]


def _talk(*lines: tuple[str | None, str]) -> list[Segment]:
    return [Segment(i, 2.0 * i, 2.0 * i + 1, text, speaker) for i, (speaker, text) in enumerate(lines)]


@pytest.mark.parametrize("dialogue", WITH_SPEAKERS, ids=lambda d: d.name)
def test_who_serves_is_found(dialogue: Dialogue) -> None:
    """The one who greets, offers help and asks is the agent, in every dialogue."""
    assert guess_agent(dialogue.talk.segments) in {"A", "N"}


@pytest.mark.parametrize("dialogue", WITH_SPEAKERS, ids=lambda d: d.name)
def test_labels_do_not_matter(dialogue: Dialogue) -> None:
    """Swapped labels swap the answer."""
    first = guess_agent(dialogue.talk.segments)
    names = {segment.speaker_id for segment in dialogue.talk.segments}
    swap = dict(zip(sorted(map(str, names)), sorted(map(str, names), reverse=True), strict=True))
    swapped = [
        Segment(s.id, s.start_s, s.end_s, s.text, swap[str(s.speaker_id)]) for s in dialogue.talk.segments
    ]
    assert guess_agent(swapped) == swap[str(first)]


def test_unclear_is_none() -> None:
    """Small talk, one voice, unknown voices and silence name nobody."""
    assert guess_agent(_talk(("a", "nice weather"), ("b", "yes very nice"))) is None
    assert guess_agent(_talk(("a", "thank you for calling how can i help you"))) is None
    assert guess_agent(_talk((None, "how can i help you"), (None, "i need help"))) is None
    assert guess_agent([]) is None
