"""Translation into English by the recogniser itself, from the audio: Whisper's own translate task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from transcription.analysis.base import (
    Progress,
    SegmentText,
    Spoken,
    StageEngineConfig,
    Talk,
    Translation,
)
from transcription.engines.base import SAMPLE_RATE_HZ, SpeechOptions, SpeechWindow
from transcription.errors import NotSupported
from transcription.models import Segment, join_text

NAME = "speech"
LONGEST_WINDOW_S = 25.0
"""Neighbours are heard together up to this, for their context; a recogniser's window is 30 s."""
LONGEST_PAUSE_S = 1.5


@dataclass(slots=True)
class _Passage:
    segments: list[Segment] = field(default_factory=list)


class SpeechTranslation:
    """TranslationEngine. The text of a passage is given to the segments in it by the times of its words."""

    name = NAME
    model = "the recogniser's"
    version = "1"

    def __init__(self, config: StageEngineConfig) -> None:
        """Nothing is configured here: the recogniser is the batch engine."""

    def load(self) -> None:
        """The recogniser is loaded by whoever gives it."""

    def translate(
        self,
        talk: Talk,
        *,
        language_to: str,
        spoken: Callable[[], Spoken | None],
        on_progress: Progress = lambda _: None,
        on_text: Callable[[str], None] = lambda _: None,
    ) -> Translation:
        if language_to.split("-", maxsplit=1)[0].lower() != "en":
            raise NotSupported(NAME, f"recognisers translate into English, not {language_to}")
        source = spoken()
        if source is None:
            raise NotSupported(NAME, "there is no audio to translate from")
        if not source.speech.capabilities.translates:
            raise NotSupported(NAME, f"{source.speech.name} does not translate")
        texts: dict[int, str] = {}
        passages = _passages(talk.segments)
        for index, passage in enumerate(passages, start=1):
            heard = _heard(passage, source, talk.language)
            texts |= heard
            on_text(join_text((heard[s.id] for s in passage.segments if s.id in heard), "en"))
            on_progress(index / len(passages))
        segments = tuple(SegmentText(s.id, texts.get(s.id, "")) for s in talk.segments)
        text = join_text((segment.text for segment in segments), "en")
        return Translation(talk.language, language_to, text, segments)


def _passages(segments: Sequence[Segment]) -> list[_Passage]:
    passages: list[_Passage] = []
    for segment in segments:
        here = passages[-1].segments if passages else []
        if (
            here
            and segment.end_s - here[0].start_s <= LONGEST_WINDOW_S
            and segment.start_s - here[-1].end_s <= LONGEST_PAUSE_S
        ):
            here.append(segment)
        else:
            passages.append(_Passage([segment]))
    return passages


def _heard(passage: _Passage, source: Spoken, language: str | None) -> dict[int, str]:
    start_s, end_s = passage.segments[0].start_s, max(s.end_s for s in passage.segments)
    samples = source.samples[int(start_s * SAMPLE_RATE_HZ) : int(end_s * SAMPLE_RATE_HZ)]
    if not len(samples):
        return {}
    window = SpeechWindow(
        f"translation-{passage.segments[0].id}",
        samples,
        start_s,
        is_final=True,
        options=SpeechOptions(language=language, task="translate", word_timestamps=len(passage.segments) > 1),
    )
    (hypothesis,) = source.speech.decode([window])
    if len(passage.segments) == 1:
        return {passage.segments[0].id: join_text((s.text for s in hypothesis.segments), "en")}
    said: dict[int, list[str]] = {}
    for word in hypothesis.words:
        middle_s = (word.start_s + word.end_s) / 2
        nearest = min(passage.segments, key=lambda s: max(s.start_s - middle_s, middle_s - s.end_s, 0.0))
        said.setdefault(nearest.id, []).append(word.text)
    return {segment_id: join_text(words, "en") for segment_id, words in said.items()}
