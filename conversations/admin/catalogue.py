"""Question sets and taxonomies, for editing."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import ForeignKey
from django.http import HttpRequest

from conversations.admin.base import RowAdmin, RowForm, RowInline
from conversations.models import Question, QuestionSet, Taxonomy, TaxonomyLabel


class OneDefaultForm(RowForm):
    """Making one the default takes it from the other, so that is no mistake to complain of."""

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded | {"is_default"}


class OneDefault(RowAdmin):
    form = OneDefaultForm
    list_display = ["name", "description", "is_default"]
    search_fields = ["name"]
    save_as = True

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if obj.is_default:
            self.model._default_manager.exclude(pk=obj.pk).update(is_default=False)
        super().save_model(request, obj, form, change)


class QuestionInline(RowInline):
    model = Question
    extra = 1
    fields = ["position", "key", "text", "answer_type", "hints"]


@admin.register(QuestionSet)
class QuestionSetAdmin(OneDefault):
    inlines = [QuestionInline]


class LabelInline(RowInline):
    model = TaxonomyLabel
    extra = 1
    fields = ["position", "kind", "parent", "name", "description"]

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "parent":  # a label of this taxonomy; of a new one there are none yet
            match = request.resolver_match
            taxonomy_id = match.kwargs.get("object_id") if match else None
            labels = TaxonomyLabel.objects.all()
            kwargs["queryset"] = labels.filter(taxonomy_id=taxonomy_id) if taxonomy_id else labels.none()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Taxonomy)
class TaxonomyAdmin(OneDefault):
    inlines = [LabelInline]
