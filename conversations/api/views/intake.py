"""What starts work: a recording or a text comes in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.base import ApiView, ListView, valid
from conversations.api.once import IDEMPOTENCY_HEADER, respond_once
from conversations.api.recording_form import RecordingForm
from conversations.api.requests import TextRequest, UploadRequest
from conversations.api.serializers import ConversationDetailSerializer, ConversationSerializer
from conversations.models import Conversation
from conversations.selectors import conversation_for, find_conversations
from conversations.services.conversations import create_text_conversation
from conversations.services.uploads import create_upload, received


class UploadsView(RecordingForm, ListView):
    serializer_class = ConversationSerializer

    @extend_schema(operation_id="uploads_list", responses=ConversationSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Conversations that came as recordings."""
        return self.page(find_conversations(self.access, source=Conversation.Source.UPLOAD))

    @extend_schema(
        operation_id="upload_create",
        parameters=[IDEMPOTENCY_HEADER],
        request={"multipart/form-data": UploadRequest},
        responses={
            202: ConversationDetailSerializer,
            413: OpenApiResponse(description="Larger than 100 MiB, or longer than 12 h."),
            415: OpenApiResponse(description="The bytes are no recording that can be read."),
        },
    )
    def post(self, request: Request) -> Response:
        """A recording to transcribe and analyse. Its type is read from its bytes, not from its name."""
        asked = UploadRequest(data=request.data)
        fields = valid(asked)

        with received(fields["file"]) as recording:

            def work() -> tuple[int, Any]:
                run = create_upload(
                    owner_id=self.access.owner_id,
                    recording=recording,
                    title=fields["title"],
                    language=asked.language_tag(),
                    parameters=asked.parameters(),
                )
                return 202, ConversationDetailSerializer(run.conversation).data

            return respond_once(request, fields, work)


class UploadView(ApiView):
    @extend_schema(operation_id="upload_read", responses=ConversationDetailSerializer)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """One upload, as the conversation that it became."""
        conversation = conversation_for(self.access, conversation_id)
        if conversation.source != Conversation.Source.UPLOAD:
            raise Http404("This conversation was not an upload.")
        return Response(ConversationDetailSerializer(conversation).data)


class TextProcessingView(ApiView):
    @extend_schema(
        operation_id="text_create",
        parameters=[IDEMPOTENCY_HEADER],
        request=TextRequest,
        responses={202: ConversationDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """A text to analyse: a line is a segment (long ones are taken apart at sentence ends), lines that
        read `Name: …` say who speaks. Its segments have no times: start and end are 0."""
        asked = TextRequest(data=request.data)
        fields = valid(asked)
        if not fields["text"].strip():
            raise ValidationError({"text": ["There are no words in it."]})

        def work() -> tuple[int, Any]:
            conversation = create_text_conversation(
                owner_id=self.access.owner_id,
                text=fields["text"],
                title=fields["title"],
                language=asked.language_tag(),
                parameters=asked.parameters(),
            )
            return 202, ConversationDetailSerializer(conversation).data

        return respond_once(request, fields, work)
