"""What operators edit: a question set or a taxonomy is written whole, and one of each is the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from conversations.models import Question, QuestionSet, Taxonomy, TaxonomyLabel


@transaction.atomic
def save_question_set(
    question_set: QuestionSet, *, fields: Mapping[str, Any], questions: Sequence[Mapping[str, Any]] | None
) -> QuestionSet:
    """`questions` None: they stay; else they replace those there were. Answers keep their own words."""
    _save(question_set, fields)
    if questions is not None:
        question_set.questions.all().delete()
        Question.objects.bulk_create(
            Question(question_set=question_set, **{"position": position, **question})
            for position, question in enumerate(questions)
        )
    return question_set


@transaction.atomic
def save_taxonomy(
    taxonomy: Taxonomy, *, fields: Mapping[str, Any], labels: Sequence[Mapping[str, Any]] | None
) -> Taxonomy:
    """`labels` None: they stay; else they replace those there were. A label's `parent` is a category that
    stands before it."""
    _save(taxonomy, fields)
    if labels is not None:
        taxonomy.labels.all().delete()
        categories: dict[str, TaxonomyLabel] = {}
        for position, label in enumerate(labels):
            parent = label.get("parent")
            row = TaxonomyLabel.objects.create(
                taxonomy=taxonomy,
                **{"position": position, **label, "parent": categories[parent] if parent else None},
            )
            if row.kind == TaxonomyLabel.Kind.CATEGORY:
                categories.setdefault(row.name, row)
    return taxonomy


def _save(row: QuestionSet | Taxonomy, fields: Mapping[str, Any]) -> None:
    if fields.get("is_default"):
        type(row).objects.exclude(pk=row.pk).filter(is_default=True).update(is_default=False)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
