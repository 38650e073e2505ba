"""The taxonomies that ship as examples, and the JSON that they are kept in.

A description is what the embedded engine goes by: a sentence, then the phrases that people say, set apart by
commas. Priorities are listed from the least to the most urgent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from transcription.analysis.base import TaxonomyLabel


@dataclass(frozen=True, slots=True)
class Taxonomy:
    name: str
    description: str
    labels: tuple[TaxonomyLabel, ...]


@cache
def read_taxonomy(file_name: str) -> Taxonomy:
    """A taxonomy that ships with this package (`child_helpline.json`, `clinic.json`)."""
    document = json.loads(resources.files(__package__).joinpath(file_name).read_text("utf-8"))
    labels = tuple(
        TaxonomyLabel(
            name=item["name"], description=item["description"], kind=item["kind"], parent=item["parent"]
        )
        for item in document["labels"]
    )
    return Taxonomy(document["name"], document["description"], labels)


def child_helpline() -> tuple[TaxonomyLabel, ...]:
    """The labels of a child helpline; parents come before their children."""
    return read_taxonomy("child_helpline.json").labels


def clinic() -> tuple[TaxonomyLabel, ...]:
    """The labels of a clinic's front desk; parents come before their children."""
    return read_taxonomy("clinic.json").labels
