"""When to ask an engine, and for which window.

At most one request of a session is on its way. What has closed goes first, in order, whole and as final; an
open utterance is decoded again as soon as the engine is free and enough is new. Silence is not asked for: a
window ends a little after the last speech.
"""

from __future__ import annotations

from dataclasses import dataclass

from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.streaming.config import StreamConfig
from transcription.streaming.utterance import Utterance

TAIL_SAMPLES = int(0.3 * SAMPLE_RATE_HZ)
"""Silence left after the last speech: final consonants are quiet, and recognisers want to hear a word end."""
_SMOOTHING = 0.3
_QUEUE_WEIGHT = 2.0
"""How much new audio a second of queueing is worth. Where answers wait for others' turn, sessions that ask
the more seldom the longer they wait keep the queues short, and finals, which wait in the same ones, soon."""
_RETRY_S = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Waits after one loss, two losses, …: at once when a message was lost, slowly when a worker is gone."""
GIVE_UP_LOSSES = 5
GIVE_UP_S = 60.0
"""A window lost so often and for so long will not be decoded, and what follows must not wait for ever."""


@dataclass(frozen=True, slots=True)
class Window:
    """What to decode next of an utterance: from its start to `end`."""

    end: int
    is_final: bool


class DecodePlanner:
    """Chooses windows, and waits after losses. Knows how long an answer has taken lately."""

    def __init__(self) -> None:
        self._round_trip_s: float | None = None
        self._queued_s = 0.0
        self.retry_at_s: float | None = None
        self._unanswered_since_s: float | None = None

    def choose(
        self, utterance: Utterance, *, judged: int, silence_start: int | None, config: StreamConfig
    ) -> Window | None:
        """The window worth decoding now, or None. `judged`: samples whose speech probability is known."""
        if utterance.end is not None:
            return Window(utterance.end, is_final=True)
        content_end = judged if silence_start is None else min(judged, silence_start + TAIL_SAMPLES)
        if config.early_final_ms and silence_start is not None:
            if utterance.trial_silence == silence_start:
                return None  # the trial has what there is; either it becomes the final or speech resumes
            silent_ms = (judged - silence_start) * 1000 // SAMPLE_RATE_HZ
            if silent_ms >= config.early_final_ms:
                return Window(max(content_end, utterance.asked_until), is_final=True)
        # The pre-roll is not news, nor is the overlap that was carried over a cut.
        new = content_end - max(utterance.heard_until, min(utterance.speech_start, content_end))
        tail_is_whole = silence_start is not None and judged >= silence_start + TAIL_SAMPLES
        first = utterance.heard_until == utterance.start
        if new >= self._worthwhile(config, first=first) or (tail_is_whole and new > 0):
            return Window(max(content_end, utterance.asked_until), is_final=False)
        return None

    def asked(self, now_s: float) -> None:
        """A request went out."""
        if self._unanswered_since_s is None:
            self._unanswered_since_s = now_s

    def silent_for_s(self, now_s: float) -> float:
        """How long requests have gone without any answer; 0 where none waits for one."""
        return 0.0 if self._unanswered_since_s is None else now_s - self._unanswered_since_s

    def answered(self, after_s: float, engine_s: float) -> None:
        """An answer came `after_s` seconds after it was asked for; the engine took `engine_s` of them (0: it
        does not say)."""
        self._unanswered_since_s = None
        queued_s = max(0.0, after_s - engine_s) if engine_s else 0.0
        known = self._round_trip_s
        self._round_trip_s = after_s if known is None else known + _SMOOTHING * (after_s - known)
        self._queued_s += _SMOOTHING * (queued_s - self._queued_s)
        self.retry_at_s = None

    def lost(self, utterance: Utterance, now_s: float) -> bool:
        """A request was lost. False where it is no use to ask again."""
        if utterance.first_loss_s is None:
            utterance.first_loss_s = now_s
        utterance.losses += 1
        self.retry_at_s = now_s + _RETRY_S[min(utterance.losses, len(_RETRY_S)) - 1]
        return utterance.losses < GIVE_UP_LOSSES or now_s - utterance.first_loss_s < GIVE_UP_S

    def _worthwhile(self, config: StreamConfig, *, first: bool) -> float:
        """New samples worth a decode: as much audio as a decode takes time, and more where it has to queue,
        within the configured limits. The first words of an utterance are not kept waiting."""
        pace_s = 0.0 if first else (self._round_trip_s or 0.0) + _QUEUE_WEIGHT * self._queued_s
        return min(max(pace_s, config.min_new_audio_s), config.max_new_audio_s) * SAMPLE_RATE_HZ
