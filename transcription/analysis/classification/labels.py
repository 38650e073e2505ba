"""Which sentences stand for a label: what is known to be said under it, else the phrases of its description.

A label of a shipped taxonomy is known by its kind, name and parent, whatever an operator has made of its
description; the phrases of the description always count too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from transcription.analysis.base import TaxonomyLabel
from transcription.analysis.classification.taxonomies import child_helpline, clinic
from transcription.analysis.examples import Example, read_examples

_SHIPPED = {"clinic": clinic, "child_helpline": child_helpline}
_PIECE_ENDS = re.compile(r"[,;:.()\n]+")
# Known names of priorities, least urgent first; others are taken in the order of the taxonomy.
_URGENCY = (
    "none",
    "low",
    "routine",
    "normal",
    "medium",
    "moderate",
    "high",
    "urgent",
    "critical",
    "emergency",
)


def by_urgency(priorities: Sequence[TaxonomyLabel]) -> tuple[TaxonomyLabel, ...]:
    """Least urgent first."""
    if not all(label.name.casefold() in _URGENCY for label in priorities):
        return tuple(priorities)
    return tuple(sorted(priorities, key=lambda label: _URGENCY.index(label.name.casefold())))


def phrases(description: str) -> list[str]:
    """The pieces of a description between commas and other ends."""
    return [piece for piece in map(str.strip, _PIECE_ENDS.split(description)) if piece]


class LabelExamples:
    """Sentences by label, for one set of labels."""

    def __init__(self, labels: Sequence[TaxonomyLabel]) -> None:
        self._labels = tuple(labels)
        own = {_key(label) for label in labels if label.kind != "priority"}
        shared = {name: len(own & {_key(label) for label in shipped()}) for name, shipped in _SHIPPED.items()}
        likest = max(shared, key=lambda name: shared[name])
        known = read_examples(likest) if shared[likest] else ()
        self._known_keys = {_key(label) for label in _SHIPPED[likest]()} if known else frozenset()
        self._known = known
        # How urgent something is does not depend on who is called: all that is known counts.
        self._urgent = tuple(said for name in _SHIPPED for said in read_examples(name))

    def of(self, label: TaxonomyLabel) -> list[str]:
        """At least one: of the label and, for a category, of all that lie below it."""
        texts: list[str] = []
        for each in self._with_those_below(label):
            texts += self._told_of(each)
            texts += phrases(each.description)
            if each.kind != "priority":  # `high` is a common word and no sign of it
                texts.append(each.name)
        return list(dict.fromkeys(texts)) or [label.name]

    def _told_of(self, label: TaxonomyLabel) -> Iterator[str]:
        said: tuple[Example, ...] = self._urgent if label.kind == "priority" else self._known
        if label.kind == "priority" or _key(label) in self._known_keys:
            yield from (one.text for one in said if one.labels.get(label.kind) == label.name)

    def _with_those_below(self, label: TaxonomyLabel) -> list[TaxonomyLabel]:
        """The label first. A parent that is its own child ends there."""
        found = [label]
        for parent in found:
            if parent.kind == "category":
                below = (
                    other
                    for other in self._labels
                    if other.kind == "category" and other.parent == parent.name
                )
                found += [other for other in below if other not in found]
        return found


def _key(label: TaxonomyLabel) -> tuple[str, str, str | None]:
    return (label.kind, label.name, label.parent)
