"""The entity engine that works with nothing downloaded: rules over words, and kept libraries.

Phone numbers are judged by phonenumbers, places by geonames, dates of other languages by dateparser; the
rest are patterns and cue phrases of English, for text as recognisers write it (no capitals, no
punctuation, numbers in words) and as people do. Rules measure no probability: `confidence` is None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from transcription.analysis.base import Entity, Progress, StageEngineConfig, Talk
from transcription.analysis.entities import vocabulary
from transcription.analysis.entities.addresses import roads
from transcription.analysis.entities.ages import ages
from transcription.analysis.entities.contacts import NO_ENTITY, Phones, emails, spelled
from transcription.analysis.entities.dates import dates
from transcription.analysis.entities.line import Found, Line, lines_of
from transcription.analysis.entities.money import money
from transcription.analysis.entities.names import full_names, known_names, lone_names, mentions, persons
from transcription.analysis.entities.organizations import opened, organizations
from transcription.analysis.entities.places import Places
from transcription.analysis.entities.times import times
from transcription.errors import EngineFailed, EngineUnavailable

# Whose national phone numbers are known without being asked for; the option `phone_regions` replaces them.
DEFAULT_PHONE_REGIONS = ("GB", "US", "KE", "IE", "IN", "AU", "ZA", "NG")


class EmbeddedEntities:
    """EntityEngine by rules. Options: `phone_regions`, a sequence of ISO 3166 codes."""

    name = "embedded"
    model = "rules-en"
    version = "1"

    def __init__(self, config: StageEngineConfig) -> None:
        self._phones = Phones(config.options.get("phone_regions", DEFAULT_PHONE_REGIONS))
        self._places: Places | None = None

    def load(self) -> None:
        """Read the gazetteer and the lists of names. Raises EngineUnavailable where a package is missing."""
        if self._places is None:
            try:
                self._places = Places()
                vocabulary.load()
            except ImportError as error:
                raise EngineUnavailable(
                    "embedded entities", str(error), hint="Install requirements-core.txt"
                ) from error

    def extract(self, talk: Talk, *, on_progress: Progress = lambda _: None) -> tuple[Entity, ...]:
        """The mentions, in order of segment and start; none overlaps another."""
        self.load()
        places = self._places
        if places is None:
            raise EngineFailed(self.name, "the gazetteer is not loaded", retryable=True)
        lines = lines_of(talk.segments)
        english = talk.language is None or talk.language.split("-")[0].lower() == "en"
        phones = self._phones.find(lines)
        known = known_names(lines) if english else frozenset()
        found: list[Entity] = []
        for index, line in enumerate(lines):
            items = _in_line(line, phones[index], places, known, None if english else talk.language)
            found += [_entity(line, item) for item in sorted(items, key=lambda item: item.start)]
            on_progress((index + 1) / len(lines))
        return tuple(found)


def _in_line(
    line: Line,
    phones: list[Found],
    places: Places,
    known: frozenset[tuple[str, ...]],
    language: str | None,
) -> list[Found]:
    """The mentions of a line; `language` None: English. What comes first wins an overlap."""
    candidates: list[Found] = [*emails(line)]
    if language is None:
        candidates += [
            *_longest(organizations(line)),
            *roads(line),
            *_longest(dates(line)),
            *phones,
            *_longest(ages(line)),
            *_longest(money(line)),
        ]
        candidates += [*_longest(times(line))]
        candidates += spelled(line)
        named = [*_longest([*persons(line), *full_names(line)]), *mentions(line, known)]
        candidates += [name for name in named if not places.rather(line, name)]
        candidates += _longest(opened(line, places))
    else:
        candidates += [*phones, *_longest(money(line)), *_dates_of(line, language)]
    candidates += _longest(places.find(line))
    if language is None:
        candidates += lone_names(line)
    return [item for item in without_overlaps(candidates) if item.label != NO_ENTITY]


def _longest(found: Iterable[Found]) -> list[Found]:
    return sorted(found, key=lambda item: (item.start - item.end, item.start))


def without_overlaps(candidates: Sequence[Found]) -> list[Found]:
    """Those that no earlier candidate of the sequence overlaps."""
    kept: list[Found] = []
    for item in candidates:
        if all(item.end <= other.start or other.end <= item.start for other in kept):
            kept.append(item)
    return kept


def _dates_of(line: Line, language: str) -> list[Found]:
    """Dates of another language, by dateparser; it is over-eager, so only what holds a figure counts."""
    from dateparser.search import search_dates

    try:
        hits = search_dates(line.text, languages=[language.split("-", maxsplit=1)[0].lower()]) or []
    except ValueError:  # a language that dateparser does not know
        return []
    found = []
    start = 0
    for hit, _ in hits:
        at = line.text.find(hit, start)
        if at >= 0 and re.search(r"\d", hit) and len(hit.split()) > 1:
            found.append(Found("DATE", at, at + len(hit)))
            start = at + len(hit)
    return found


def _entity(line: Line, item: Found) -> Entity:
    return Entity(
        text=line.text[item.start : item.end],
        label=item.label,
        start=item.start,
        end=item.end,
        segment_id=line.segment.id,
        confidence=None,
    )
