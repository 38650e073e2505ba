"""What every view of the API has in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from conversations.access import Access
from conversations.api.authentication import access_of, address_of
from conversations.api.pagination import NewestFirst
from conversations.models import AccessRecord
from conversations.services.access_log import note_access


class AlwaysJson(BaseContentNegotiation):
    """The API speaks JSON whatever `Accept` says; `?format=` belongs to the transcripts."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        media_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class ApiView(APIView):
    """JSON in, JSON out; `required_scopes` as `permissions.HasScope` reads it."""

    required_scopes: ClassVar[Mapping[str, str]] = {}
    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = AlwaysJson

    @property
    def access(self) -> Access:
        return access_of(self.request)

    def note(self, what: AccessRecord.What, conversation_id: UUID) -> None:
        """Into the access log: the caller reads, takes out or erases this."""
        note_access(
            access=self.access,
            what=what,
            conversation_id=conversation_id,
            address=address_of(self.request),
        )

    def valid_query(self, serializer_class: type[Serializer[Any]]) -> dict[str, Any]:
        """The query string, checked. Raises ValidationError naming the parameter."""
        return valid(serializer_class(data=self.request.query_params))


class ListView(ApiView):
    """A GET that answers {next, previous, results}."""

    pagination_class: ClassVar[type[CursorPagination]] = NewestFirst
    serializer_class: ClassVar[type[Serializer[Any]]]

    def page(self, rows: QuerySet[Any]) -> Response:
        paginator = self.pagination_class()
        items = paginator.paginate_queryset(rows, self.request, view=self)
        data = self.serializer_class(items, many=True, context={"request": self.request}).data
        return paginator.get_paginated_response(data)


def valid(serializer: Serializer[Any]) -> dict[str, Any]:
    """What a serializer made of its data. Raises ValidationError."""
    serializer.is_valid(raise_exception=True)
    data: dict[str, Any] = serializer.validated_data
    return data
