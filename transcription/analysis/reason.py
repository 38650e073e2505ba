"""Why somebody calls: the first thing that a caller says which is told as a reason.

Callers state their reason in the first turns, before they are asked for anything (Zimmerman 1984, "Talk and
its occasion: the case of calling the police"); what is asked afterwards, of allergies or of an address, is a
list that most calls share. What is told as a reason, and what as a name, an answer or small talk, is learnt
from examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from transcription.analysis.examples import read_examples
from transcription.analysis.meaning.encoder import SentenceEncoder
from transcription.analysis.meaning.learning import BACKGROUND, Learnt, learn
from transcription.analysis.meaning.spoken import telling
from transcription.models import Segment

REASON = "reason"
_LATEST_SEGMENTS = 12
_FEWEST_WORDS, _WORDS_OF_A_STATEMENT = 4, 7
_LONGEST_WORDS = 40
"""Of a segment as it is judged: the beginning tells."""
_MOST_SEGMENTS, _FARTHEST_APART = 3, 2
"""A reason goes on in further segments of its speaker, with a word of the other's between."""
# Where nothing is plainly a reason, the first of the likest; below the last of these nothing was told.
_PLAIN, _NEARLY, _LIKELY = -0.1, 0.2, -0.5
_IN_ONE_BREATH = -1.0
_EVERY = 3
"""Of the taxonomies' examples every third is enough to know a reason by."""
_TOLD_AS_REASON = frozenset({"chief_complaint", "what_happened"})
_LATER = frozenset(
    {"symptoms", "diagnosis", "treatment_plan", "discharge_instructions", "follow_up", "action"}
)
_ACTS_OF_REASON = frozenset({"calm_reason", "distress", "called_before"})
_OTHER_ACTS = frozenset({"small_talk", "thanks_goodbye", "answers", "understands", "repeats", "told_off"})


def reason_for_calling(
    segments: Sequence[Segment], agent: str | None, encoder: SentenceEncoder
) -> tuple[Segment, ...]:
    """The caller's statement and how it goes on; empty where none is found. Without an agent anybody's."""
    told = [
        segment
        for segment in segments[:_LATEST_SEGMENTS]
        if (agent is None or segment.speaker_id not in (None, agent))
        and len(segment.text.split()) >= _FEWEST_WORDS
    ]
    if not told:
        return ()
    beginnings = [" ".join(telling(segment.text).split()[:_LONGEST_WORDS]) for segment in told]
    scores = _learnt(encoder).scores(encoder.encode(beginnings))[:, 0]
    if scores.max() < _LIKELY:
        return ()
    enough = min(_PLAIN, scores.max() - _NEARLY)
    plain = [at for at, score in enumerate(scores) if score >= enough]
    # "Have I got the clinic" is short; so may a reason be, but where a longer one follows it is that.
    first = next((at for at in plain if len(beginnings[at].split()) >= _WORDS_OF_A_STATEMENT), plain[0])
    found = [told[first]]
    for segment, score in zip(told[first + 1 :], scores[first + 1 :], strict=True):
        apart = segment.id - found[-1].id
        goes_on = score > (_IN_ONE_BREATH if apart == 1 else 0) and apart <= _FARTHEST_APART
        if not goes_on or segment.speaker_id != found[0].speaker_id or len(found) == _MOST_SEGMENTS:
            break
        found.append(segment)
    return tuple(found)


@lru_cache(maxsize=4)
def _learnt(encoder: SentenceEncoder) -> Learnt:
    return learn(encoder.encode, list(_examples()), [REASON])


def _examples() -> Iterator[tuple[str, str]]:
    for taxonomy in ("clinic", "child_helpline"):
        told = (example for example in read_examples(taxonomy) if "category" in example.labels)
        yield from ((example.text, REASON) for at, example in enumerate(told) if at % _EVERY == 0)
    for questions in ("nurse_intake", "helpline_intake"):
        for example in read_examples(questions):
            question, how = example.labels["question"], example.labels["as"]
            if question in _TOLD_AS_REASON and how != "asked":
                yield example.text, REASON if how == "told" else BACKGROUND
            elif how == "told" and question not in _LATER | _TOLD_AS_REASON:
                yield example.text, BACKGROUND
    for example in read_examples("acts"):
        if example.labels["side"] == "caller" and example.labels["act"] in _ACTS_OF_REASON | _OTHER_ACTS:
            yield example.text, REASON if example.labels["act"] in _ACTS_OF_REASON else BACKGROUND
