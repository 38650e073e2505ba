"""Days that calls are dated by: `christmas eve`, `labor day`, `the bank holiday`."""

from __future__ import annotations

from collections.abc import Sequence

from transcription.analysis.text import parse_year, words_of

_HOLIDAYS = """
christmas, christmas day, christmas eve, boxing day, easter, easter sunday, easter monday, good friday, palm
sunday, ash wednesday, shrove tuesday, pancake day, whit monday, pentecost, new year, new year's, new years,
new year's day, new year's eve, new years day, new years eve, thanksgiving, thanksgiving day, black friday,
labor day, labour day, memorial day, independence day, presidents day, president's day, veterans day,
columbus day, martin luther king day, groundhog day, halloween, valentine's day, valentines day, mother's
day, mothers day, father's day, fathers day, mothering sunday, saint patrick's day, st patrick's day,
patrick's day, paddy's day, saint andrew's day, burns night, bonfire night, guy fawkes night, remembrance
day, remembrance sunday, armistice day, canada day, victoria day, anzac day, australia day, waitangi day,
matariki, queen's birthday, king's birthday, melbourne cup day, may day, bank holiday, bank holiday monday,
bank holiday weekend, diwali, holi, eid, eid al fitr, eid al adha, ramadan, passover, hanukkah, rosh
hashanah, yom kippur, lunar new year, chinese new year, vaisakhi, republic day, gandhi jayanti, heritage
day, freedom day, youth day, madaraka day, jamhuri day, mashujaa day, democracy day, juneteenth, kwanzaa,
all saints day, all souls day, epiphany, lent, hogmanay, twelfth night
"""
_NAMES = frozenset(tuple(words_of(name)) for name in _HOLIDAYS.replace("\n", " ").split(","))
# These are said of other things too; alone they are no day.
_ALONE = {("new", "year"), ("lent",), ("may", "day")}
_LONGEST_WORDS = max(map(len, _NAMES))


def holiday(words: Sequence[str], at: int) -> int | None:
    """Where the holiday that starts at `at` ends, with `last`, `next` or `this` before and a year after."""
    led = words[at] in {"last", "next", "this"}
    start = at + 1 if led else at
    for length in range(_LONGEST_WORDS, 0, -1):
        name = tuple(words[start : start + length])
        if len(name) == length and name in _NAMES and (led or name not in _ALONE):
            end = start + length
            year = parse_year(words, end)
            return year.end if year is not None else end
    return None
