"""The seam between the pipeline and the engines of its stages.

One Protocol per capability, one frozen input for all, one frozen output each. Outputs turn into the JSON of
the contract with `to_json`. An engine says its name, model and version, and raises EngineUnavailable (with
what to do) from `load`, EngineFailed from its work. A number that was not measured is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from transcription.engines.base import Samples, SpeechEngine
from transcription.models import Segment, Turn

Progress = Callable[[float], None]
"""Called with 0..1 while a stage works."""


@dataclass(frozen=True, slots=True)
class LlmEndpoint:
    """An OpenAI-compatible endpoint."""

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StageEngineConfig:
    """What every stage engine is made with, from settings: the model it is to use (empty: its own choice),
    its own options, and the endpoint for those that ask one (None: there is none).

    `may_fetch`: whether a model that is not on this disk may be fetched from its hub: so where the engine was
    named, not where `auto` looks for the best that is there.
    """

    model: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    may_fetch: bool = True
    llm: LlmEndpoint | None = None


class StageEngine(Protocol):
    """What all stage engines share."""

    name: str
    model: str
    version: str

    def load(self) -> None:
        """Once a process, before any work. Raises EngineUnavailable with what to do; where something is
        missing, within 5 s."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What an engine's requests came to. Tokens are the endpoint's own figures, None where it gave none;
    `cost` is None without prices in the settings. `claims_dropped`: statements that the transcript does not
    bear out."""

    requests: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    claims_dropped: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@runtime_checkable
class MeteredEngine(Protocol):
    """An engine whose work is counted."""

    def take_usage(self) -> Usage:
        """Since it was last asked."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation as a stage sees it: segments in order, with speakers where they are known.

    `agent_speaker_id`: who took the call, where that is known or was guessed by
    `analysis.roles.guess_agent`; None otherwise.
    """

    segments: tuple[Segment, ...]
    language: str | None
    duration_s: float
    turns: tuple[Turn, ...] = ()
    agent_speaker_id: str | None = None


# ------------------------------------------------------------------------------------------ diarization


@dataclass(frozen=True, slots=True)
class SpeakerTurns:
    """Who spoke when; labels are SPEAKER_00… in order of first speech."""

    turns: tuple[Turn, ...]


class DiarizationEngine(StageEngine, Protocol):
    def diarize(
        self,
        samples: Samples,
        segments: Sequence[Segment],
        *,
        num_speakers: int | None = None,
        on_progress: Progress = lambda _: None,
    ) -> SpeakerTurns:
        """`samples`: the whole recording, 16 kHz mono float32; `segments`: with word times where known."""


# --------------------------------------------------------------------------------------------- entities


@dataclass(frozen=True, slots=True)
class Entity:
    """A mention. `start`, `end`: code points in the text of segment `segment_id`."""

    text: str
    label: str
    start: int
    end: int
    segment_id: int
    confidence: float | None


class EntityEngine(StageEngine, Protocol):
    def extract(self, talk: Talk, *, on_progress: Progress = lambda _: None) -> tuple[Entity, ...]: ...


# --------------------------------------------------------------------------------------- classification


@dataclass(frozen=True, slots=True)
class TaxonomyLabel:
    """One label of a taxonomy. `parent`: a category's name, for a sub-category."""

    name: str
    description: str
    kind: Literal["category", "intervention", "priority"] = "category"
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Classification:
    main_category: str | None
    sub_category: str | None
    sub_category_2: str | None
    intervention: str | None
    priority: str | None
    confidence: float | None
    confidence_breakdown: Mapping[str, float]


class ClassificationEngine(StageEngine, Protocol):
    def classify(
        self, talk: Talk, labels: Sequence[TaxonomyLabel], *, on_progress: Progress = lambda _: None
    ) -> Classification: ...


# ----------------------------------------------------------------------------------- question answering


@dataclass(frozen=True, slots=True)
class Question:
    """`hints`: words and phrases that an answer tends to stand near to or hold; `answer_type`: text, name,
    age, number, date, place, phone, yes_no or list."""

    id: str
    text: str
    hints: tuple[str, ...] = ()
    answer_type: str = "text"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verbatim quote. `start`, `end`: seconds on the audio clock."""

    segment_id: int
    start: float
    end: float
    quote: str


@dataclass(frozen=True, slots=True)
class Answer:
    question_id: str
    question: str
    answer: str | None
    status: Literal["answered", "not_found"]
    confidence: float | None
    evidence: tuple[Evidence, ...]


class AnswerEngine(StageEngine, Protocol):
    def answer(
        self, talk: Talk, questions: Sequence[Question], *, on_progress: Progress = lambda _: None
    ) -> tuple[Answer, ...]:
        """One answer per question, in order; without evidence it is not_found."""


# ---------------------------------------------------------------------------------------------- quality


@dataclass(frozen=True, slots=True)
class SubMetric:
    """`prediction` None: the call gave no occasion."""

    submetric: str
    prediction: bool | None
    probability: float | None
    evidence: tuple[Evidence, ...]

    @property
    def score(self) -> str:
        return "–" if self.prediction is None else "✓" if self.prediction else "✗"


@dataclass(frozen=True, slots=True)
class Quality:
    """The seventeen sub-metrics, by group: opening, listening, proactiveness, resolution, hold, closing."""

    groups: Mapping[str, tuple[SubMetric, ...]]


class QualityEngine(StageEngine, Protocol):
    def evaluate(self, talk: Talk, *, on_progress: Progress = lambda _: None) -> Quality: ...


# ---------------------------------------------------------------------------------------------- summary


@dataclass(frozen=True, slots=True)
class Decision:
    text: str
    segment_id: int


@dataclass(frozen=True, slots=True)
class ActionItem:
    text: str
    speaker_id: str | None
    segment_id: int


@dataclass(frozen=True, slots=True)
class Summary:
    text: str
    key_points: tuple[str, ...]
    decisions: tuple[Decision, ...]
    action_items: tuple[ActionItem, ...]


class SummaryEngine(StageEngine, Protocol):
    def summarise(
        self, talk: Talk, *, entities: Sequence[Entity] = (), on_progress: Progress = lambda _: None
    ) -> Summary: ...


# --------------------------------------------------------------------------------------------- insights


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth knowing, with the segments that say it."""

    text: str
    segment_ids: tuple[int, ...]


RiskLevel = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True, slots=True)
class Insights:
    """`risk_level` None: nothing was said, so nothing can be judged. `entities_by_label`: each distinct
    mention once, in order of first mention."""

    key_findings: tuple[Finding, ...]
    risk_level: RiskLevel | None
    risk_factors: tuple[Finding, ...]
    recommended_actions: tuple[str, ...]
    entities_by_label: Mapping[str, tuple[str, ...]]


class InsightEngine(StageEngine, Protocol):
    def derive(
        self,
        talk: Talk,
        *,
        entities: Sequence[Entity] = (),
        summary: Summary | None = None,
        classification: Classification | None = None,
        on_progress: Progress = lambda _: None,
    ) -> Insights: ...


# ------------------------------------------------------------------------- translation, clean-up, emotion


@dataclass(frozen=True, slots=True)
class Spoken:
    """The recording (whole, 16 kHz mono float32) and a recogniser, for engines that go back to the audio."""

    samples: Samples
    speech: SpeechEngine


@dataclass(frozen=True, slots=True)
class SegmentText:
    """Another text for a segment: translated, or cleaned."""

    segment_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Translation:
    """`language_from` None: nobody said and the engine did not find out."""

    language_from: str | None
    language_to: str
    text: str
    segments: tuple[SegmentText, ...]


class TranslationEngine(StageEngine, Protocol):
    def translate(
        self,
        talk: Talk,
        *,
        language_to: str,
        spoken: Callable[[], Spoken | None],
        on_progress: Progress = lambda _: None,
        on_text: Callable[[str], None] = lambda _: None,
    ) -> Translation:
        """`spoken`: gives None where there is no audio. `on_text`: gets each piece as it is there, in order.

        Raises NotSupported for a pair of languages or a talk that the engine does not translate.
        """


@dataclass(frozen=True, slots=True)
class CleanedSegment:
    segment_id: int
    raw: str
    text: str


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Fillers, false starts and slips of the recogniser put right; every segment, changed or not."""

    segments: tuple[CleanedSegment, ...]


class CleanupEngine(StageEngine, Protocol):
    def clean(self, talk: Talk, *, on_progress: Progress = lambda _: None) -> Cleanup: ...


@dataclass(frozen=True, slots=True)
class SegmentEmotion:
    """`valence`, `arousal`: 0..1, None where the model does not say."""

    segment_id: int
    emotion: str
    valence: float | None
    arousal: float | None
    confidence: float | None


class EmotionEngine(StageEngine, Protocol):
    def recognise(
        self, samples: Samples, segments: Sequence[Segment], *, on_progress: Progress = lambda _: None
    ) -> tuple[SegmentEmotion, ...]:
        """One per segment that is long enough to say something of; `samples`: the whole recording."""


def to_json(output: Any) -> dict[str, Any]:
    """The contract's JSON of any output above (contract: audio processing, stage outputs)."""
    if isinstance(output, Quality):
        return {
            group: [{**asdict(metric), "score": metric.score} for metric in metrics]
            for group, metrics in output.groups.items()
        }
    return asdict(output)
