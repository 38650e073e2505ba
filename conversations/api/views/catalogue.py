"""Question sets and taxonomies, for reading; operators edit them in the admin."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.base import ApiView, ListView
from conversations.api.pagination import ById
from conversations.api.serializers import QuestionSetSerializer, TaxonomySerializer
from conversations.models import QuestionSet, Taxonomy


class QuestionSetsView(ListView):
    serializer_class = QuestionSetSerializer
    pagination_class = ById

    @extend_schema(operation_id="question_sets_list", responses=QuestionSetSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What conversations are asked."""
        return self.page(QuestionSet.objects.prefetch_related("questions"))


class QuestionSetView(ApiView):
    @extend_schema(operation_id="question_set_read", responses=QuestionSetSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(QuestionSetSerializer(get_object_or_404(QuestionSet, pk=pk)).data)


class TaxonomiesView(ListView):
    serializer_class = TaxonomySerializer
    pagination_class = ById

    @extend_schema(operation_id="taxonomies_list", responses=TaxonomySerializer(many=True))
    def get(self, request: Request) -> Response:
        """What conversations are sorted into."""
        return self.page(Taxonomy.objects.prefetch_related("labels__parent"))


class TaxonomyView(ApiView):
    @extend_schema(operation_id="taxonomy_read", responses=TaxonomySerializer)
    def get(self, request: Request, pk: int) -> Response:
        taxonomies = Taxonomy.objects.prefetch_related("labels__parent")
        return Response(TaxonomySerializer(get_object_or_404(taxonomies, pk=pk)).data)
