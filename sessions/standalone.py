"""The live page's modules as one text, for a page from a disk: browsers import no module from there.

Names at the top of our modules are all different (a test holds it), so that they can stand in one scope.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders

FOLDER = "sessions/live/"
MAIN, WORKLET = FOLDER + "main.js", FOLDER + "worklet.js"
STYLES = ("conversations/look.css", FOLDER + "live.css")
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<name>[\w.]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=const |class |function |async function )", re.MULTILINE)


@cache
def modules_of(name: str) -> tuple[str, ...]:
    """What a module imports, itself last, each after all that it imports."""
    found: dict[str, None] = {}
    for match in IMPORT.finditer(_text(name)):
        found |= dict.fromkeys(modules_of(FOLDER + match["name"]))
    return (*found, name)


@cache
def bundled(name: str) -> str:
    """Raises ValueError for what would end the <script> that it is put into."""
    text = "\n".join(EXPORT.sub("", IMPORT.sub("", _text(module))) for module in modules_of(name))
    if "</script" in text.lower():
        raise ValueError(f"{name} would end its own element")
    return text


@cache
def style() -> str:
    return "\n".join(_text(name) for name in STYLES)


def _text(name: str) -> str:
    path = finders.find(name)
    if path is None:
        raise FileNotFoundError(name)
    return Path(path).read_text(encoding="utf-8")
