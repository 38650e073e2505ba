"""What an operator edits: question sets and taxonomies. Two examples of each ship as a data migration."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class QuestionSet(models.Model):
    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="question_set_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    """`hints` are words that an answer tends to stand near; `answer_type` says what an answer looks like."""

    class AnswerType(models.TextChoices):
        TEXT = "text"
        NAME = "name"
        AGE = "age"
        NUMBER = "number"
        DATE = "date"
        PLACE = "place"
        PHONE = "phone"
        YES_NO = "yes_no"
        LIST = "list"

    question_set = models.ForeignKey(QuestionSet, on_delete=models.CASCADE, related_name="questions")
    key = models.SlugField(max_length=64)
    text = models.CharField(max_length=500)
    hints = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    answer_type = models.CharField(max_length=8, choices=AnswerType.choices, default=AnswerType.TEXT)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["question_set", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["question_set", "key"], name="question_key_once_per_set")
        ]

    def __str__(self) -> str:
        return self.text


class Taxonomy(models.Model):
    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "taxonomies"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="taxonomy_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TaxonomyLabel(models.Model):
    """A category (with `parent`: a sub-category), an intervention or a priority, with words describing it."""

    class Kind(models.TextChoices):
        CATEGORY = "category"
        INTERVENTION = "intervention"
        PRIORITY = "priority"

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.CASCADE, related_name="labels")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.CATEGORY)
    name = models.CharField(max_length=80)
    description = models.TextField()
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["taxonomy", "kind", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["taxonomy", "kind", "parent", "name"],
                nulls_distinct=False,
                name="label_once_per_parent",
            ),
        ]

    def __str__(self) -> str:
        return self.name
