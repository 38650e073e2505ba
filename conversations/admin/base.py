"""Pages over rows that a machine wrote, and the pieces of HTML that they show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

if TYPE_CHECKING:  # Django's own classes take no type arguments when they run
    RowAdmin = admin.ModelAdmin[Any]
    RowInline = admin.TabularInline[Any, Any]
    RowForm = forms.ModelForm[Any]
else:
    RowAdmin, RowInline, RowForm = admin.ModelAdmin, admin.TabularInline, forms.ModelForm


class MachineWritten(RowAdmin):
    """For looking at: nothing is added, changed or deleted here; actions do what may be done."""

    show_full_result_count = False
    list_per_page = 50

    class Media:
        css = {"all": ["conversations/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """For actions: who might change such rows if they were for changing."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.delete_{self.opts.model_name}")


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> SafeString:
    """A table, or what to say where there are no rows."""
    body = [format_html("<tr>{}</tr>", format_html_join("", "<td>{}</td>", ((c,) for c in r))) for r in rows]
    if not body:
        return format_html('<span class="ambient-none">{}</span>', empty)
    return format_html(
        '<table class="ambient"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        format_html_join("", "<th>{}</th>", ((header,) for header in headers)),
        format_html_join("", "{}", ((row,) for row in body)),
    )


def badge(status: str, label: str | None = None) -> SafeString:
    """A state, coloured by what it means; the word is there too."""
    return format_html('<span class="ambient-badge ambient-{}">{}</span>', status, label or status)


def all_of(model: type[Model], label: str, **filters: Any) -> SafeString:
    """A link to the paged list of all rows that a shortened table shows the first of."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return format_html('<p><a href="{}?{}">{}</a></p>', address, urlencode(filters), label)


def clock(seconds: float) -> str:
    """Seconds as m:ss.s, or h:mm:ss.s."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{minutes:02}:{tenths / 10:04.1f}" if hours else f"{minutes}:{tenths / 10:04.1f}"
    return f"{hours}:{rest}" if hours else rest


def percent(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.0%}"
