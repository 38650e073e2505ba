"""Question sets and taxonomies as an operator writes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from conversations.api.requests import MAX_QUESTION_CHARS, Strict
from conversations.models import Question, QuestionSet, Taxonomy, TaxonomyLabel

MAX_QUESTIONS = 100
MAX_LABELS = 300
MAX_DESCRIPTION_CHARS = 2000


class QuestionFields(Strict):
    key = serializers.SlugField(max_length=64)
    text = serializers.CharField(max_length=MAX_QUESTION_CHARS)
    hints = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=30)
    answer_type = serializers.ChoiceField(Question.AnswerType.choices, required=False)
    position = serializers.IntegerField(min_value=0, max_value=32_767, required=False)


class LabelFields(Strict):
    kind = serializers.ChoiceField(TaxonomyLabel.Kind.choices, required=False, default="category")
    name = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=MAX_DESCRIPTION_CHARS, allow_blank=True)
    parent = serializers.CharField(  # type: ignore[assignment]
        max_length=80, required=False, allow_null=True, default=None
    )
    position = serializers.IntegerField(min_value=0, max_value=32_767, required=False)


class CatalogueRequest(Strict):
    description = serializers.CharField(max_length=MAX_DESCRIPTION_CHARS, required=False, allow_blank=True)
    is_default = serializers.BooleanField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Of one that is there nothing need be said; what is said of its parts is said whole (`partial` would
        hold for them too)."""
        fields = super().get_fields()
        if self.instance is not None:
            for field in fields.values():
                field.required = False
        return fields

    def own_fields(self) -> dict[str, Any]:
        """Without the list of what is in it."""
        return {k: v for k, v in self.validated_data.items() if k not in ("questions", "labels")}


class QuestionSetRequest(CatalogueRequest):
    name = serializers.CharField(max_length=80, validators=[UniqueValidator(QuestionSet.objects.all())])
    questions = serializers.ListField(child=QuestionFields(), min_length=1, max_length=MAX_QUESTIONS)

    def validate_questions(self, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        keys = [question["key"] for question in questions]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise serializers.ValidationError(f"More than one question has the key {', '.join(twice)}.")
        return questions


class TaxonomyRequest(CatalogueRequest):
    name = serializers.CharField(max_length=80, validators=[UniqueValidator(Taxonomy.objects.all())])
    labels = serializers.ListField(child=LabelFields(), min_length=1, max_length=MAX_LABELS)

    def validate_labels(self, labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
        categories: set[str] = set()
        seen: set[tuple[str, str | None, str]] = set()
        for label in labels:
            name, parent, kind = label["name"], label["parent"], label["kind"]
            if parent is not None and (kind != "category" or parent not in categories):
                raise serializers.ValidationError(
                    f"{name}: its parent is a category that stands before it, and only categories have one."
                )
            if (kind, parent, name) in seen:
                raise serializers.ValidationError(f"{name}: it is there twice.")
            seen.add((kind, parent, name))
            if kind == "category":
                categories.add(name)
        if not categories:
            raise serializers.ValidationError("A taxonomy needs at least one category.")
        return labels
