"""What every view of the API has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from conversations.access import Access
from conversations.api.authentication import access_of


class AlwaysJson(BaseContentNegotiation):
    """The API speaks JSON whatever `Accept` says; `?format=` belongs to the transcripts."""

    def select_parser(self, request: Request, parsers: list[BaseParser]) -> BaseParser | None:
        media_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """JSON in, JSON out; `required_scopes` as `permissions.HasScope` reads it."""

    required_scopes: ClassVar[Mapping[str, str]] = {}
    renderer_classes = [JSONRenderer]
    parser_classes = [JSONParser]
    content_negotiation_class = AlwaysJson

    @property
    def access(self) -> Access:
        return access_of(self.request)
