"""Conversations: the list, one, erasing it; correcting its words, naming its speakers."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.base import ApiView, ListView, valid
from conversations.api.requests import (
    ConversationQuery,
    CorrectionRequest,
    SpeakerNameRequest,
    VersionQuery,
)
from conversations.api.serializers import (
    ConversationDetailSerializer,
    ConversationSerializer,
    SpeakerSerializer,
)
from conversations.api.transcripts import SegmentDocument, asked_version, segment_json
from conversations.models import AccessRecord, Segment, Speaker
from conversations.selectors import conversation_for, find_conversations
from conversations.services.conversations import correct_segment, erase_conversation, rename_speaker


class ConversationsView(ListView):
    serializer_class = ConversationSerializer

    @extend_schema(
        operation_id="conversations_list",
        parameters=[ConversationQuery],
        responses=ConversationSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Newest first; the caller's own (staff: all)."""
        return self.page(find_conversations(self.access, **self.valid_query(ConversationQuery)))


class ConversationView(ApiView):
    @extend_schema(operation_id="conversation_read", responses=ConversationDetailSerializer)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Its state, its newest run with every stage, and what was found."""
        conversation = conversation_for(self.access, conversation_id)
        self.note(AccessRecord.What.FINDINGS, conversation.pk)
        return Response(ConversationDetailSerializer(conversation).data)

    @extend_schema(
        operation_id="conversation_erase",
        responses={204: None, 409: OpenApiResponse(description="Its live session has not ended.")},
    )
    def delete(self, request: Request, conversation_id: UUID) -> Response:
        """Audio, words and results go from the storage and the database."""
        conversation_for(self.access, conversation_id)
        erase_conversation(conversation_id=conversation_id)
        self.note(AccessRecord.What.ERASURE, conversation_id)
        return Response(status=204)


class SegmentView(ApiView):
    @extend_schema(
        operation_id="segment_correct",
        parameters=[VersionQuery],
        request=CorrectionRequest,
        responses=SegmentDocument,
    )
    def patch(self, request: Request, conversation_id: UUID, number: int) -> Response:
        """Correct what was heard; the original is kept. The correction stays with its version."""
        conversation = conversation_for(self.access, conversation_id)
        asked = valid(CorrectionRequest(data=request.data))
        try:
            segment = correct_segment(
                conversation=conversation,
                run_number=asked_version(self, conversation),
                number=number,
                text=asked["text"],
            )
        except Segment.DoesNotExist as error:
            raise Http404("This version has no such segment.") from error
        return Response(segment_json(segment, {}))


class SpeakerView(ApiView):
    @extend_schema(
        operation_id="speaker_rename",
        parameters=[VersionQuery],
        request=SpeakerNameRequest,
        responses=SpeakerSerializer,
    )
    def patch(self, request: Request, conversation_id: UUID, label: str) -> Response:
        """Say what a speaker is called; an empty name takes it back."""
        conversation = conversation_for(self.access, conversation_id)
        asked = valid(SpeakerNameRequest(data=request.data))
        try:
            speaker = rename_speaker(
                conversation=conversation,
                run_number=asked_version(self, conversation),
                label=label,
                name=asked["name"],
            )
        except Speaker.DoesNotExist as error:
            raise Http404("This version has no such speaker.") from error
        return Response(SpeakerSerializer(speaker).data)
