"""What words are: given names, surnames, plain English. Recognised text has no capitals that would say it.

Names are those of faker's people (MIT) from where English-speaking callers and their families come. How
common a word is says the language model for en-US that pocketsphinx carries (BSD): a word that is no name
and is common, or has inflections, is English (`breakfast`, `snowing`). What neither knows can be a name.
"""

from __future__ import annotations

import importlib
import math
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from transcription.analysis.entities.lexicon import COMMON_WORDS, MORE_GIVEN, OTHER_GIVEN
from transcription.analysis.text import folded

# faker's locale `en` holds every name that was given in the United States, `Texas` and `Tea` among them.
_ANY = "en"
_LOCALES = (
    "en_US en_GB en_IE en_IN en_NZ en_PK en_NG en_KE ga_IE tw_GH zu_ZA sw yo_NG ig_NG ha_NG es_MX es_ES "
    "fr_FR fr_CA pt_BR it_IT de_DE pl_PL tr_TR vi_VN"
)
# A name that only that locale has must be rarer than this to be sure.
_COMMON_ANY = -12.5
# In nats. No name in no list is as common as this: `video` is about -10, `kowalski` -15.
_COMMON = -12.8
# An inflection at most this much rarer than the word shows a noun or a verb: `lemons`, but not `johns`.
_INFLECTION_GAP = 3.0
_INFLECTIONS = ("s", "es", "ed", "d", "ing", "ly", "ness")
_SHORTEST_STEM, _SHORTEST_NAME = 3, 2
# Rarer than this, inflections say nothing: they are other people's names (`baptists` of `baptiste`).
_RARE = -14.4
_UNKNOWN = -(10**8)  # pocketsphinx' zero probability, with room


@cache
def _names(kind: str, locales: str) -> frozenset[str]:
    """The single words, folded, of faker's lists whose attribute starts with `kind`."""
    found: set[str] = set()
    for locale in locales.split():
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for attribute in dir(provider):
            values = getattr(provider, attribute) if attribute.startswith(kind) else ()
            if not callable(values):
                found.update(folded(value) for value in values if value.isalpha())
    return frozenset(word for word in found if word.isascii() and len(word) >= _SHORTEST_NAME)


@cache
def _model() -> Any:  # pocketsphinx has no types
    import pocketsphinx

    path = Path(pocketsphinx.get_model_path()) / "en-us" / "en-us.lm.bin"
    return pocketsphinx.NGramModel(pocketsphinx.Config(), pocketsphinx.LogMath(), str(path))


def load() -> None:
    """Reads the lists and the model, about 0.3 s; otherwise the first question does."""
    is_plain("word")
    is_given("word")


@lru_cache(maxsize=50_000)
def log_frequency(word: str) -> float | None:
    """The natural logarithm of how often a word is said; None where the model does not know it."""
    if not word.isascii():
        return None
    score = _model().prob([word])
    return None if score < _UNKNOWN else score * math.log(1.0001)  # its logarithms have this base


@lru_cache(maxsize=50_000)
def is_given(word: str) -> bool:
    """Whether a folded word is a given name, whatever else it is."""
    return word in MORE_GIVEN or word in _names("first_name", _LOCALES) or word in _names("first_name", _ANY)


@lru_cache(maxsize=50_000)
def is_surname(word: str) -> bool:
    return word in _names("last_name", _LOCALES)


@lru_cache(maxsize=50_000)
def is_sure_given(word: str) -> bool:
    """Whether a word is a given name and hardly ever anything else: `wendell`, not `rich`."""
    if len(word) <= _SHORTEST_NAME or word in COMMON_WORDS | OTHER_GIVEN or inflects(word):
        return False
    if word in MORE_GIVEN or word in _names("first_name", _LOCALES):
        return True
    rare = (log_frequency(word) or _COMMON_ANY) <= _COMMON_ANY
    return rare and word in _names("first_name", _ANY) and not _inflection(word)


@lru_cache(maxsize=50_000)
def is_plain(word: str) -> bool:
    """Whether a word is English and no name: it ends a name that a cue began."""
    if word in COMMON_WORDS:
        return True
    if is_given(word) or is_surname(word):
        return False
    frequency = log_frequency(word)
    if frequency is None:
        return _inflection(word)
    return frequency > _COMMON or inflects(word) or _inflection(word)


@lru_cache(maxsize=50_000)
def inflects(word: str) -> bool:
    """Whether its inflections are about as common as the word, so that it is a noun or a verb."""
    frequency = log_frequency(word)
    if frequency is None or frequency < _RARE or len(word) < _SHORTEST_STEM:
        return False
    forms = {word + ending for ending in _INFLECTIONS} | {word.removesuffix("e") + "ing"}
    if word.endswith("y"):
        forms |= {word.removesuffix("y") + ending for ending in ("ies", "ied", "ily")}
    forms = {form for form in forms if not (is_surname(form) or is_given(form))}  # `roberts`
    return any((log_frequency(form) or -math.inf) > frequency - _INFLECTION_GAP for form in forms)


def _inflection(word: str) -> bool:
    """Whether it is an inflection of a more common word that is no name: `snowing`, `washers`."""
    frequency = log_frequency(word) or -math.inf
    for ending in (*_INFLECTIONS, "er", "ers", "y"):
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < _SHORTEST_STEM:
            continue
        for base in {stem, stem + "e", stem.removesuffix("i") + "y" if stem.endswith("i") else stem}:
            known = log_frequency(base)
            if (
                known is not None
                and known > max(frequency, _RARE)
                and (base in COMMON_WORDS or not is_given(base))
            ):
                return True
    return False
