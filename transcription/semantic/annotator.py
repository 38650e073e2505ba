"""The annotator that the library's users, the live server and the insights stage share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from transcription.models import Segment, Transcript
from transcription.semantic.actions import find_actions
from transcription.semantic.config import SemanticConfig
from transcription.semantic.intent import Intent, classify_intent
from transcription.semantic.keywords import extract_keywords
from transcription.semantic.risk import compile_phrases, find_risks


class KeywordSemanticAnnotator:
    """Annotates transcripts by rules; deterministic, without state, safe to share between threads."""

    def __init__(self, config: SemanticConfig | None = None) -> None:
        self.config = config or SemanticConfig()
        self._further_risks = compile_phrases(self.config.risk_phrases)

    def annotate(self, transcript: Transcript) -> Transcript:
        """The transcript with `annotations["semantic"]` in every segment; other annotations are kept.

        The annotation is plain JSON: {keywords: [str], intent: str, risk_tags: [str], actions: [{text,
        speaker_id, segment_ids, pattern}]}; what the config switches off is left out.
        """
        return replace(transcript, segments=tuple(self._annotated(s) for s in transcript.segments))

    def extract_keywords(self, text: str) -> list[str]:
        """Keywords of a text, best first."""
        return list(extract_keywords(text, limit=self.config.max_keywords, vocabulary=self.config.vocabulary))

    def classify_intent(self, text: str) -> Intent:
        """What an utterance does (one of `INTENTS`)."""
        return classify_intent(text)

    def risk_tags(self, text: str) -> list[str]:
        """The risks that a text shows signs of, each once."""
        return list(dict.fromkeys(mention.tag for mention in find_risks(text, self._further_risks)))

    def _annotated(self, segment: Segment) -> Segment:
        config, semantic = self.config, dict[str, Any]()
        if config.enable_keywords:
            semantic["keywords"] = self.extract_keywords(segment.text)
        if config.enable_intent:
            semantic["intent"] = self.classify_intent(segment.text)
        if config.enable_risk_tags:
            semantic["risk_tags"] = self.risk_tags(segment.text)
        if config.enable_actions:
            semantic["actions"] = [
                {
                    "text": action.text,
                    "speaker_id": segment.speaker_id,
                    "segment_ids": [segment.id],
                    "pattern": action.pattern,
                }
                for action in find_actions(segment.text)
            ]
        return replace(segment, annotations={**segment.annotations, "semantic": semantic})
