"""A version's words as the API's own JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from conversations.api.base import ApiView
from conversations.api.requests import VersionQuery
from conversations.exports import Words
from conversations.models import Conversation, Segment, Version
from conversations.selectors import LIVE_RUN_NUMBER, segments_of, speakers_of, version_number


class WordDocument(serializers.Serializer[Any]):
    word = serializers.CharField()
    start = serializers.FloatField()
    end = serializers.FloatField()
    probability = serializers.FloatField(allow_null=True)
    speaker_id = serializers.CharField(required=False)


class SegmentDocument(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    start = serializers.FloatField()
    end = serializers.FloatField()
    text = serializers.CharField()
    speaker_id = serializers.CharField(allow_null=True)
    speaker_name = serializers.CharField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    is_corrected = serializers.BooleanField()
    original_text = serializers.CharField(allow_null=True)
    words = WordDocument(many=True)


class TranscriptDocument(serializers.Serializer[Any]):
    conversation_id = serializers.UUIDField()
    version = serializers.ChoiceField(Version.choices)
    run = serializers.IntegerField(help_text="0 for the live version.")
    language = serializers.CharField(allow_null=True)
    duration = serializers.FloatField()
    text = serializers.CharField()
    segments = SegmentDocument(many=True)


def asked_version(view: ApiView, conversation: Conversation) -> int:
    """The run number of the version that the query names. Raises ValidationError, NotReady."""
    query = view.valid_query(VersionQuery)
    return version_number(conversation, version=query["version"], run_number=query["run"])


def words_of(conversation: Conversation, run_number: int) -> Words:
    return Words(
        conversation=conversation,
        version=Version.LIVE if run_number == LIVE_RUN_NUMBER else Version.FINAL,
        run_number=run_number,
        segments=list(segments_of(conversation, run_number)),
        speaker_names={s.label: s.name for s in speakers_of(conversation, run_number)},
    )


def transcript_json(words: Words) -> dict[str, Any]:
    conversation = words.conversation
    return {
        "conversation_id": str(conversation.pk),
        "version": str(words.version),
        "run": words.run_number,
        "language": conversation.language or None,
        "duration": round(conversation.duration_s, 3),
        "text": words.text,
        "segments": [segment_json(segment, words.speaker_names) for segment in words.segments],
    }


def segment_json(segment: Segment, speaker_names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": segment.number,
        "start": round(segment.start_s, 3),
        "end": round(segment.end_s, 3),
        "text": segment.text,
        "speaker_id": segment.speaker_label or None,
        "speaker_name": speaker_names.get(segment.speaker_label) or None,
        "confidence": segment.confidence,
        "is_corrected": segment.is_corrected,
        "original_text": segment.original_text or None,
        "words": segment.words,
    }
