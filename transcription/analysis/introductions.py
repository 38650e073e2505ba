"""Names that speakers give themselves: "my name is grace", "this is doctor brown speaking". English.

Careful rather than complete: a wrong name over a speaker's words is worse than SPEAKER_01. Recognised text
comes in lower case and without full stops, so that a name ends where a word follows that is no name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from transcription.analysis.numbers import word_set
from transcription.models import Segment

# Words that follow these phrases and are no names, or that follow a name and no longer belong to it.
_NO_NAMES = word_set(
    "a about actually afraid again ah all allergic also am an and any anything are as at back bad be because "
    "been before being but by call called caller calling can could currently dear definitely delighted did "
    "do does doing down fine for from funny give glad go going gonna good great had happy has have having he "
    "hello help helping her here hi his how i i'd i'll i'm i've if important in indeed is isn't it it's just "
    "later like looking lost lovely may maybe me might much my never new nice no nobody not nothing now of "
    "ok okay on once one only or our out over phone please pleased probably pronounced quite ready really "
    "right she simply so somebody someone sorry speaking spelled spelt still sure taken tell than thank "
    "thanks that that's the their them then there they this to today tomorrow tonight too trying uh um under "
    "unknown up us used usually very wanted was we welcome well were what what's when where which while who "
    "whom why will with without wrong yeah yep yes yesterday yet you you're your"
)
_TITLES = word_set("doctor dr nurse sister mister mr missus mrs miss ms mx professor prof officer")

_WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_NAME = rf"(?P<name>{_WORD}\.?(?:[ \t]+{_WORD}){{0,2}})"
_THIS_IS = r"\b(?:this is|it's|you're speaking (?:to|with)|you are speaking (?:to|with))\s+"
_TITLE = rf"(?:{'|'.join(sorted(_TITLES))})\b"
_PHRASES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bmy (?:full |first )?name(?:'s| is)\s+{_NAME}",
        rf"{_THIS_IS}{_NAME}[ \t]+speaking\b",
        rf"{_THIS_IS}(?P<name>{_TITLE}\.?[ \t]+{_WORD}(?:[ \t]+{_WORD})?)[ \t]+(?:calling|from|at)\b",
    )
)
# A given name and a surname; three where capitals vouch for them. A title comes on top.
_LONGEST_NAME, _LONGEST_CASED_NAME = 2, 3


def introduced_names(segments: Sequence[Segment]) -> dict[str, str]:
    """The name that each speaker first gave, by label; speakers who gave none are left out.

    A phrase may reach over two segments of one speaker. Lower-case names are put in capitals.
    """
    names: dict[str, str] = {}
    for speaker, group in groupby(segments, key=lambda segment: segment.speaker_id):
        if speaker is None or speaker in names:
            continue
        name = next(_names_in("\n".join(segment.text for segment in group)), None)
        if name is not None:
            names[speaker] = name
    return names


def _names_in(text: str) -> Iterator[str]:
    found = sorted(
        (match for phrase in _PHRASES for match in phrase.finditer(text)), key=lambda match: match.start()
    )
    for match in found:
        if name := _name_of(match["name"].split(), cased=text != text.lower()):
            yield name


def _name_of(words: Sequence[str], *, cased: bool) -> str | None:
    """The words up to the first that is no name; None where none is left or it is somebody's something."""
    titles = [word for word in words[:1] if word.rstrip(".").lower() in _TITLES]
    kept: list[str] = []
    for word in words[len(titles) :][: _LONGEST_CASED_NAME if cased else _LONGEST_NAME]:
        if word.lower() in _NO_NAMES or (cased and word[0].islower()):
            break
        kept.append(word.rstrip("."))
    if not kept or any(word.lower().endswith(("'s", "’s")) for word in kept):
        return None
    return " ".join(word if word != word.lower() else word.title() for word in [*titles, *kept])
