"""Pieces of conversations: lines with entities marked, and what they show. Each author has a TOML file.

The authors of the tuned half may be looked at while engines are made better. Who writes for the held-out half
reads no engine and nobody else's material; once it has been looked at it goes over to the tuned half, and
another author writes a new one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

Half = Literal["tuned", "held_out"]
UNSCORED = "?"
_MARK = re.compile(r"\[([A-Z_]+) ([^\]]+)\]")
_WORD = re.compile(r"[a-z']+")


@dataclass(frozen=True, slots=True)
class Fragment:
    """`lines`: `A words`, or `A! words` for one that cuts in. `answers`: by question, texts of which one must
    be in the answer; UNSCORED where more than one answer would do. `facts`: category, priority, distress."""

    lines: tuple[str, ...]
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quality: Mapping[str, bool] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Material:
    """`fragments`: by the part of a conversation that they are for; `slots`: what is drawn for `{slot}`."""

    half: Half
    slots: Mapping[str, tuple[str, ...]]
    fragments: Mapping[str, tuple[Fragment, ...]]


@dataclass(frozen=True, slots=True)
class Mention:
    label: str
    text: str


@cache
def read_material(half: Half) -> tuple[Material, ...]:
    """One for each author."""
    paths = sorted((Path(__file__).with_name("material") / half).glob("*.toml"))
    return tuple(_of_author(half, path) for path in paths)


def _of_author(half: Half, path: Path) -> Material:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    slots = {name: tuple(values) for name, values in document.pop("slots").items()}
    return Material(half, slots, {part: tuple(map(_fragment, items)) for part, items in document.items()})


def _fragment(item: Mapping[str, Any]) -> Fragment:
    facts = {key: value for key, value in item.items() if key not in {"lines", "answers", "quality"}}
    answers = {question: tuple(texts) for question, texts in item.get("answers", {}).items()}
    return Fragment(tuple(item["lines"]), answers, dict(item.get("quality", {})), facts)


def words_of(text: str) -> list[str]:
    """As a recogniser writes them: lower case, no punctuation, hyphens apart."""
    return _WORD.findall(text.lower())


def unmarked(text: str) -> str:
    """The line as it is read out."""
    return _MARK.sub(lambda mark: mark[2], text)


def mentions_in(text: str) -> list[Mention]:
    return [Mention(mark[1], " ".join(words_of(mark[2]))) for mark in _MARK.finditer(text)]
