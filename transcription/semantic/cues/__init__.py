"""The phrases that the rules look for, as data: one TOML file per kind of finding, one pattern per line.

A pattern is a regular expression over folded words with one space between (`Line.folded`), matched at word
boundaries. `<name>` in it stands for the alternatives listed under `[words]` in the same file.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources


def cues_of(file: str, package: str = "transcription.semantic.cues") -> dict[str, re.Pattern[str]]:
    """The patterns of `{file}.toml`, one compiled expression for each key of its `[cues]`."""
    document = tomllib.loads(resources.files(package).joinpath(f"{file}.toml").read_text("utf-8"))
    words: dict[str, str] = {}

    def expanded(pattern: str) -> str:
        for name, alternatives in words.items():
            pattern = pattern.replace(f"<{name}>", alternatives)
        return pattern

    for key, alternatives in document.get("words", {}).items():
        words[key] = expanded(f"(?:{'|'.join(alternatives)})")  # later words may use earlier ones
    # The boundary is tested once, ahead of all alternatives: inside words nothing else is tried.
    return {
        key: re.compile(rf"(?<![\w'])(?:{'|'.join(map(expanded, patterns))})(?![\w'])")
        for key, patterns in document["cues"].items()
    }
