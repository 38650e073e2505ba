"""What a conversation holds: its transcript in five formats, speakers, entities, answers, call quality."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import exports
from conversations.api.base import ApiView, ListView, valid
from conversations.api.held_answers import later
from conversations.api.once import IDEMPOTENCY_HEADER, respond_once
from conversations.api.pagination import ById
from conversations.api.requests import QuestionRequest, RunQuery, TranscriptQuery, VersionQuery
from conversations.api.serializers import (
    AnswerSerializer,
    EntitySerializer,
    SpeakerSerializer,
    WaveformDocument,
    stage_output,
)
from conversations.api.tasks import RunTaskDocument, awaited_answer, task_json
from conversations.api.transcripts import TranscriptDocument, asked_version, transcript_json, words_of
from conversations.api.waiting import SCOPE_KEY
from conversations.errors import NotReady
from conversations.live import live_words
from conversations.models import AccessRecord, Answer, Conversation, Entity, Stage
from conversations.selectors import (
    LIVE_RUN_NUMBER,
    answers_of,
    conversation_for,
    entities_of,
    speakers_of,
    stage_result,
    version_number,
    why_no_result,
)
from conversations.services.reruns import ask
from conversations.services.waveforms import waveform_of

PLAIN_FORMATS = {
    "text": (exports.to_text, "text/plain; charset=utf-8", "txt"),
    "srt": (exports.to_srt, "application/x-subrip; charset=utf-8", "srt"),
    "vtt": (exports.to_vtt, "text/vtt; charset=utf-8", "vtt"),
}


class TranscriptView(ApiView):
    @extend_schema(
        operation_id="transcript_read",
        parameters=[TranscriptQuery],
        responses={
            (200, "application/json"): TranscriptDocument,
            (200, "text/plain"): OpenApiTypes.STR,
            (200, "text/vtt"): OpenApiTypes.STR,
            (200, "application/x-subrip"): OpenApiTypes.STR,
        },
    )
    def get(self, request: Request, conversation_id: UUID) -> Response | HttpResponse:
        """`json`: with speakers, corrections and words; `v2`: the library's document, of a running session
        with what is still open; text, SRT or WebVTT."""
        conversation = conversation_for(self.access, conversation_id)
        query = self.valid_query(TranscriptQuery)
        number = version_number(conversation, version=query["version"], run_number=query["run"])
        is_live = query["format"] == "v2" and number == LIVE_RUN_NUMBER
        live = live_words(conversation) if is_live else None
        words = words_of(conversation, number)
        reads = query["format"] == "json"
        self.note(AccessRecord.What.TRANSCRIPT if reads else AccessRecord.What.EXPORT, conversation.pk)
        match query["format"]:
            case "json":
                return Response(transcript_json(words))
            case "v2":
                return Response(exports.to_transcript(words, live).to_json())
            case plain:
                write, content_type, suffix = PLAIN_FORMATS[plain]
                name = f"{conversation.pk}-{words.version}.{suffix}"
                return HttpResponse(
                    write(words),
                    content_type=content_type,
                    headers={"Content-Disposition": f'inline; filename="{name}"'},
                )


class WaveformView(ApiView):
    @extend_schema(
        operation_id="waveform_read",
        responses={200: WaveformDocument, 202: OpenApiResponse(description="It is being drawn.")},
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """The recording's outline: `peaks` are columns of equal length over its `duration`, 255 at full
        scale. Drawn once; 202 until it is."""
        conversation = conversation_for(self.access, conversation_id)
        if not conversation.audio:
            raise Http404("This conversation has no recording.")
        peaks = waveform_of(conversation)
        if peaks is None:
            return Response({"status": "pending"}, status=202, headers={"Retry-After": "1"})
        return Response({"duration": round(conversation.duration_s, 3), "peaks": list(peaks)})


class SpeakersView(ListView):
    serializer_class = SpeakerSerializer
    pagination_class = ById

    @extend_schema(
        operation_id="speakers_list",
        parameters=[VersionQuery],
        responses=SpeakerSerializer(many=True),
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Who spoke, how long and how often."""
        conversation = conversation_for(self.access, conversation_id)
        return self.page(speakers_of(conversation, asked_version(self, conversation)))


class EntitiesView(ListView):
    serializer_class = EntitySerializer
    pagination_class = ById

    @extend_schema(operation_id="entities_list", parameters=[RunQuery], responses=EntitySerializer(many=True))
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Names, places, dates, numbers; `start` and `end` are code points in that segment's text."""
        conversation = conversation_for(self.access, conversation_id)
        self.note(AccessRecord.What.FINDINGS, conversation.pk)
        number = _version_with(conversation, Stage.ENTITIES, self.valid_query(RunQuery)["run"])
        rows: QuerySet[Entity] = Entity.objects.none()
        return self.page(rows if number is None else entities_of(conversation, number))


class QuestionsView(ListView):
    serializer_class = AnswerSerializer
    pagination_class = ById

    @extend_schema(
        operation_id="questions_list", parameters=[RunQuery], responses=AnswerSerializer(many=True)
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """The questions that were put to it and the answers, each with the words that say so."""
        conversation = conversation_for(self.access, conversation_id)
        self.note(AccessRecord.What.FINDINGS, conversation.pk)
        number = _version_with(conversation, Stage.QA, self.valid_query(RunQuery)["run"])
        rows: QuerySet[Answer] = Answer.objects.none()
        return self.page(rows if number is None else answers_of(conversation, number))

    @extend_schema(
        operation_id="question_ask",
        parameters=[IDEMPOTENCY_HEADER],
        request=QuestionRequest,
        responses={200: AnswerSerializer, 202: RunTaskDocument},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """One more question about it. Waits up to 30 s for the answer; after that it is 202 with the task
        that goes on looking for it."""
        conversation = conversation_for(self.access, conversation_id)
        asked = valid(QuestionRequest(data=request.data))

        def work() -> tuple[int, Any]:
            run = ask(conversation_id=conversation.pk, question=asked["question"])
            return 202, task_json(run)

        response = respond_once(request, asked, work)
        if (tell := later(getattr(request._request, "scope", {}), SCOPE_KEY)) is not None:
            tell(awaited_answer(int(response.data["id"])))
        return response


class QualityView(ApiView):
    @extend_schema(
        operation_id="quality_read",
        parameters=[RunQuery],
        responses={200: OpenApiTypes.OBJECT, 404: OpenApiResponse(description="Not there; it says why.")},
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """The seventeen sub-metrics in their groups, each with its evidence, and the engine that judged."""
        conversation = conversation_for(self.access, conversation_id)
        output = stage_output(conversation, Stage.QUALITY, run_number=self.valid_query(RunQuery)["run"])
        if output is None:
            raise NotReady(why_no_result(conversation, Stage.QUALITY))
        self.note(AccessRecord.What.FINDINGS, conversation.pk)
        return Response(output)


def _version_with(conversation: Conversation, stage: str, run_number: int | None) -> int | None:
    """The version whose rows are meant: the one that the run asked for, or the newest run in which the stage
    succeeded, worked on. None where it has not succeeded."""
    row = stage_result(conversation, stage, run_number=run_number)
    return None if row is None else version_number(conversation, run_number=row.run.number)
