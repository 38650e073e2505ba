"""The talk as the retrieval sees it: sentences with their speaker, and who replied to what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from transcription.analysis.base import Entity, Evidence
from transcription.analysis.entities.line import asked_in
from transcription.analysis.text import (
    QUESTION_WITHIN,
    STOPWORDS,
    Span,
    is_question,
    sentences,
    stem,
    tokens,
    word_set,
    words_of,
)
from transcription.models import Segment

# Words that mean the same to somebody who asks, by their stems; each group counts as one term.
_SYNONYMS = (
    "child son daughter boy girl kid baby",
    "phone telephone mobile cell number",
    "live address home located residence stay",
    "medication medicine drug tablet pill prescription",
    "problem issue complaint trouble matter wrong",
    "pain hurt ache sore",
    "doctor physician gp",
    "cost price pay paid fee charge",
    "happen happened occur",
    "hit beat punch slap",
    "start begin began begun",
    "help support assist",
    "bear born birth birthday",
    "email mail",
    "job work employer",
    # verbs whose forms no stemmer brings together
    "lose lost",
    "take took taken",
    "break broke broken",
    "fall fell fallen",
    "come came",
    "see saw seen",
    "buy bought",
    "send sent",
    "leave left",
    "feel felt",
    "eat ate eaten",
    "sleep slept",
    "drive drove driven",
    "fly flew flown flight",
    "make made",
    "think thought",
    "find found",
    "hold held",
    "meet met",
    "write wrote written",
    "speak spoke spoken",
    "grow grew grown",
    "know knew known",
    "swell swollen swelling",
    "steal stole stolen",
    "bite bit bitten",
    "throw threw thrown",
    "bring brought",
    "sell sold",
)
_CANONICAL = {stem(word): "=" + stem(group.split()[0]) for group in _SYNONYMS for word in group.split()}
# Who is meant and that it was said: no help in finding where.
_FRAME = word_set(
    "caller patient client customer person speaker agent nurse operator call said say mention mentioned tell "
    "told state report name's many much long old often problem happen kind sort type exactly "
    "anything something everything anyone someone"
)
_FRAME_STEMS = {_CANONICAL.get(stem(word), stem(word)) for word in _FRAME}
BACKCHANNEL = word_set(
    "yes yeah yep yup no nope okay ok right sure uh um mm hmm mhm ah oh alright thanks thank you i see great "
    "good please correct exactly fine of course sorry well"
)
_MOST_REPLY_UNITS = 4
_ASKING_PHRASE_WORDS = 9


PERSON_TERMS = frozenset(
    _CANONICAL.get(stem(word), stem(word))
    for word in word_set(
        "child mother father husband wife brother sister grandson granddaughter friend uncle aunt"
    )
)
PRONOUNS = word_set("he she him her his hers he's she's he'll she'll")
_BY_PRONOUN = 0.7
_ENDINGS = {"'m": "am", "'re": "are", "'ll": "will", "'ve": "have"}
_BEFORE_A_CLAUSE = word_set(
    "think thinks believe believes say says said mean means know sure show shows see sees suggest suggests "
    "feel feels told hope find found"
)
_IS_AFTER = word_set("he she it that there what who where how when name here")
# A question within a sentence that these words introduce is no question of its own (`i know where he is`).
_INDIRECT = word_set("me know ask asked wonder see understand sure remember that to if and so but or about")
# What shows that the words before say something by themselves (unlike `on a scale of one to ten`).
_SAYING = word_set(
    "i i'm i'll i've we we'll it it's that's he he's she she's they thank thanks okay ok sorry yes no"
)
_WH_WORDS = word_set("what what's where when how who")
_FEWEST_WORDS_BEFORE = 3


def written_out(words: Sequence[str]) -> str:
    """`he's called` as ` he is called `, `i think that you` as ` i think you `: one form for phrases and
    talk."""
    parts: list[str] = []
    for word in words:
        if word == "that" and parts and parts[-1] in _BEFORE_A_CLAUSE:
            continue
        stem_part, mark, ending = word.partition("'")
        if mark + ending in _ENDINGS:
            parts += [stem_part, _ENDINGS[mark + ending]]
        elif ending == "s" and stem_part in _IS_AFTER:
            parts += [stem_part, "is"]
        else:
            parts.append(word)
    return f" {' '.join(parts)} "


def stemmed(words: Sequence[str]) -> str:
    """`written_out` in stems."""
    return f" {' '.join(stem(word) for word in written_out(words).split())} "


def terms_of(text: str) -> list[str]:
    """The stems that carry meaning, synonyms folded together, in order."""
    found = []
    for word in words_of(text):
        if word in STOPWORDS:
            continue
        # A stemmer takes `medical` for `medication`; what is medical is no medicine.
        term = word if word == "medical" else stem(word)
        found.append(_CANONICAL.get(term, term))
    return found


def question_terms(text: str) -> list[str]:
    """The terms of a question without those of who is meant (`caller`, `patient`) and that it was said."""
    return [term for term in terms_of(text) if term not in _FRAME_STEMS]


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence. `asking`: it asks something; `asked`: entity labels that it asks for."""

    index: int
    segment: Segment
    span: Span
    words: tuple[str, ...]
    terms: frozenset[str]
    asking: bool
    asked: frozenset[str]
    entities: tuple[Entity, ...]

    @property
    def speaker_id(self) -> str | None:
        return self.segment.speaker_id

    @property
    def bare(self) -> bool:
        """Nothing but an acknowledgement."""
        return all(word in BACKCHANNEL for word in self.words)

    @property
    def plain(self) -> str:
        """The words with contractions written out, spaces around: phrases are looked up in it."""
        return written_out(self.words)

    @property
    def stemmed(self) -> str:
        """`plain` in stems, so that `booked you in` is found by `book you in`."""
        return stemmed(self.words)

    def holds(self, term: str, *, by_pronoun: bool = True) -> float:
        """1 where the sentence has the term; _BY_PRONOUN where it may mean that person by a pronoun."""
        if term in self.terms:
            return 1.0
        return _BY_PRONOUN if by_pronoun and term in PERSON_TERMS and PRONOUNS & set(self.words) else 0.0


def units_of(segments: Sequence[Segment], entities: Sequence[Entity]) -> list[Unit]:
    by_segment: dict[int, list[Entity]] = {}
    for entity in entities:
        by_segment.setdefault(entity.segment_id, []).append(entity)
    units: list[Unit] = []
    for segment in segments:
        for span in (part for whole in sentences(segment.text) for part in _asked_apart(whole)):
            inside = tuple(
                entity
                for entity in by_segment.get(segment.id, ())
                if span.start <= entity.start and entity.end <= span.end
            )
            words = tuple(words_of(span.text))
            asked = asked_in(span.text)
            elliptic = "please" in words and len(words) <= _ASKING_PHRASE_WORDS and not inside and asked
            units.append(
                Unit(
                    index=len(units),
                    segment=segment,
                    span=span,
                    words=words,
                    terms=frozenset(terms_of(span.text)),
                    asking=is_question(span.text) or bool(elliptic),
                    asked=asked,
                    entities=inside,
                )
            )
    return units


def _asked_apart(span: Span) -> list[Span]:
    """The sentence, cut before a question that a statement runs into: `i can help | where do you live`."""
    pieces = tokens(span.text)
    for at in range(_FEWEST_WORDS_BEFORE, len(pieces) - 2):
        starts = pieces[at].folded in _WH_WORDS or pieces[at].folded in {"do", "can", "could", "are", "have"}
        rest = " ".join(piece.folded for piece in pieces[at:])
        said = _SAYING & {piece.folded for piece in pieces[:at]}
        if said and starts and pieces[at - 1].folded not in _INDIRECT and QUESTION_WITHIN.match(rest):
            cut = pieces[at].start
            before = span.text[:cut].rstrip()
            return [
                Span(before, span.start, span.start + len(before)),
                Span(span.text[cut:], span.start + cut, span.end),
            ]
    return [span]


def reply_to(units: Sequence[Unit], index: int) -> list[Unit]:
    """What was said in reply to unit `index`: the next words of another speaker, up to the next change.

    Where speakers are unknown: the sentences that follow, up to the next question.
    """
    asker = units[index].speaker_id
    reply: list[Unit] = []
    for unit in units[index + 1 : index + 1 + 2 * _MOST_REPLY_UNITS]:
        if asker is not None and unit.speaker_id == asker:
            if reply or unit.asking:
                break
            continue
        if unit.asking:
            break
        if reply and asker is None and unit.segment.id != reply[-1].segment.id and not reply[-1].bare:
            break
        reply.append(unit)
        if len(reply) == _MOST_REPLY_UNITS:
            break
    return reply


def caller_of(units: Sequence[Unit], agent: str | None) -> str | None:
    """Of the speakers other than the agent the one who said most; a third voice is neither."""
    said: Counter[str] = Counter()
    for unit in units:
        if unit.speaker_id is not None and unit.speaker_id != agent:
            said[unit.speaker_id] += len(unit.words)
    return said.most_common(1)[0][0] if said and agent is not None else None


def evidence_of(units: Sequence[Unit]) -> tuple[Evidence, ...]:
    """One quote per segment: from its first to its last unit of those given."""
    spans: dict[int, tuple[Segment, int, int]] = {}
    for unit in units:
        segment, start, end = spans.get(unit.segment.id, (unit.segment, unit.span.start, unit.span.end))
        spans[unit.segment.id] = (segment, min(start, unit.span.start), max(end, unit.span.end))
    return tuple(_quote(segment, start, end) for segment, start, end in spans.values())


def _quote(segment: Segment, start: int, end: int) -> Evidence:
    """Times by the words of the quote where the segment has them, else those of the segment."""
    start_s, end_s = segment.start_s, segment.end_s
    if segment.words and len(segment.words) == len(segment.text.split()):
        first = len(segment.text[:start].split())
        last = first + len(segment.text[start:end].split())
        start_s, end_s = segment.words[first].start_s, segment.words[last - 1].end_s
    return Evidence(segment.id, start_s, end_s, segment.text[start:end])
