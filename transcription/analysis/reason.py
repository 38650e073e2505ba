"""Why somebody calls: the first thing of substance that a caller says.

Callers state their reason in the first turns, before they are asked for anything (Zimmerman 1984, "Talk and
its occasion: the case of calling the police"); what is asked afterwards, of allergies or of an address, is a
list that most calls share.
"""

from __future__ import annotations

from collections.abc import Sequence

from transcription.analysis.entities.line import asked_in
from transcription.analysis.text import STOPWORDS, tokens, word_set
from transcription.models import Segment

# A greeting or a name is shorter; asked-for details come later.
_FEWEST_WORDS = 7
_FEWEST_TELLING = 3
_LATEST_SEGMENT = 10
_UNTELLING = STOPWORDS | word_set(
    "hello hi hey good morning afternoon evening day name name's called calling call speak speaking help "
    "hope please thank thanks um uh er line"
)


def reason_for_calling(segments: Sequence[Segment], agent: str | None) -> tuple[Segment, ...]:
    """The caller's statement and what the same speaker says right after it; empty where none is found, or
    where it is not known who took the call."""
    if agent is None:
        return ()
    for index, segment in enumerate(segments[:_LATEST_SEGMENT]):
        if segment.speaker_id in (None, agent):
            continue
        before = segments[index - 1] if index else None
        if before is not None and before.speaker_id == agent and asked_in(before.text):
            continue  # what was asked for: a name, a date of birth
        words = [token.folded for token in tokens(segment.text)]
        telling = [word for word in words if word not in _UNTELLING]
        if len(words) >= _FEWEST_WORDS and len(telling) >= _FEWEST_TELLING:
            following = segments[index + 1 : index + 2]
            more = tuple(other for other in following if other.speaker_id == segment.speaker_id)
            return (segment, *more)
    return ()
