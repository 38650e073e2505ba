"""Question sets and taxonomies: everybody reads them, operators (scope `admin`) write them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.base import ApiView, ListView, valid
from conversations.api.catalogue_requests import QuestionSetRequest, TaxonomyRequest
from conversations.api.pagination import ById
from conversations.api.serializers import QuestionSetSerializer, TaxonomySerializer
from conversations.models import QuestionSet, Taxonomy
from conversations.services.catalogue import save_question_set, save_taxonomy

WRITERS: dict[str, str] = dict.fromkeys(("POST", "PATCH", "DELETE"), "admin")


class QuestionSetsView(ListView):
    serializer_class = QuestionSetSerializer
    pagination_class = ById
    required_scopes: ClassVar[dict[str, str]] = WRITERS

    @extend_schema(operation_id="question_sets_list", responses=QuestionSetSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What conversations are asked."""
        return self.page(QuestionSet.objects.prefetch_related("questions"))

    @extend_schema(
        operation_id="question_set_create",
        request=QuestionSetRequest,
        responses={201: QuestionSetSerializer},
    )
    def post(self, request: Request) -> Response:
        """A new set, with its questions."""
        asked = QuestionSetRequest(data=request.data)
        fields = valid(asked)
        row = save_question_set(QuestionSet(), fields=asked.own_fields(), questions=fields["questions"])
        return Response(QuestionSetSerializer(row).data, status=201)


class QuestionSetView(ApiView):
    required_scopes: ClassVar[dict[str, str]] = WRITERS

    @extend_schema(operation_id="question_set_read", responses=QuestionSetSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(QuestionSetSerializer(get_object_or_404(QuestionSet, pk=pk)).data)

    @extend_schema(
        operation_id="question_set_change", request=QuestionSetRequest, responses=QuestionSetSerializer
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change it; `questions`, where they are given, replace those there are. Answers that were given
        stay as they are."""
        row = get_object_or_404(QuestionSet, pk=pk)
        asked = QuestionSetRequest(row, data=request.data)
        fields: dict[str, Any] = valid(asked)
        save_question_set(row, fields=asked.own_fields(), questions=fields.get("questions"))
        return Response(QuestionSetSerializer(row).data)

    @extend_schema(operation_id="question_set_erase", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Conversations that were to be asked it are asked the default one from now on."""
        get_object_or_404(QuestionSet, pk=pk).delete()
        return Response(status=204)


class TaxonomiesView(ListView):
    serializer_class = TaxonomySerializer
    pagination_class = ById
    required_scopes: ClassVar[dict[str, str]] = WRITERS

    @extend_schema(operation_id="taxonomies_list", responses=TaxonomySerializer(many=True))
    def get(self, request: Request) -> Response:
        """What conversations are sorted into."""
        return self.page(Taxonomy.objects.prefetch_related("labels__parent"))

    @extend_schema(
        operation_id="taxonomy_create", request=TaxonomyRequest, responses={201: TaxonomySerializer}
    )
    def post(self, request: Request) -> Response:
        """A new one, with its labels; a sub-category's parent stands before it."""
        asked = TaxonomyRequest(data=request.data)
        fields = valid(asked)
        row = save_taxonomy(Taxonomy(), fields=asked.own_fields(), labels=fields["labels"])
        return Response(TaxonomySerializer(row).data, status=201)


class TaxonomyView(ApiView):
    required_scopes: ClassVar[dict[str, str]] = WRITERS

    @extend_schema(operation_id="taxonomy_read", responses=TaxonomySerializer)
    def get(self, request: Request, pk: int) -> Response:
        taxonomies = Taxonomy.objects.prefetch_related("labels__parent")
        return Response(TaxonomySerializer(get_object_or_404(taxonomies, pk=pk)).data)

    @extend_schema(operation_id="taxonomy_change", request=TaxonomyRequest, responses=TaxonomySerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Change it; `labels`, where they are given, replace those there are."""
        row = get_object_or_404(Taxonomy, pk=pk)
        asked = TaxonomyRequest(row, data=request.data)
        fields: dict[str, Any] = valid(asked)
        save_taxonomy(row, fields=asked.own_fields(), labels=fields.get("labels"))
        return Response(TaxonomySerializer(Taxonomy.objects.get(pk=pk)).data)

    @extend_schema(operation_id="taxonomy_erase", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Conversations that were to be sorted into it are sorted into the default one from now on."""
        get_object_or_404(Taxonomy, pk=pk).delete()
        return Response(status=204)
