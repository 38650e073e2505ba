"""The files of examples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

SUBJECTS = ("clinic", "child_helpline", "nurse_intake", "helpline_intake", "acts")
"""Taxonomies, question sets and what is done by saying something, by the names of their files."""


@dataclass(frozen=True, slots=True)
class Example:
    """`labels`, in a taxonomy's file by the kind of label: the category (the lowest that fits) and the
    priority, or the intervention. In a question set's: the `question`, and whether it is `asked` there,
    `told`, or neither (`near`). Of acts: the `act` and by whom, `agent` or `caller`."""

    text: str
    labels: Mapping[str, str]


@cache
def read_examples(subject: str) -> tuple[Example, ...]:
    lines = resources.files(__package__).joinpath(f"{subject}.jsonl").read_text("utf-8").splitlines()
    return tuple(Example(item["text"], item["labels"]) for item in map(json.loads, lines))
