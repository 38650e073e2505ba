"""Lists by cursor: {next, previous, results}, newest first, steady while rows come in."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    ordering: tuple[str, ...] = ("-created_at", "-id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class ByNumber(NewestFirst):
    """Segments of one version in their order."""

    ordering = ("number",)
    page_size = 200
    max_page_size = 1000


class ById(NewestFirst):
    """What has neither a time nor a number: in the order in which it was made."""

    ordering = ("id",)
