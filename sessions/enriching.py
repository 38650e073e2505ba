"""What a session says beyond its segments: the library's enrichment (turns, figures, meaning) as notices.

Everything here follows finals that are rows already; nothing delays one. The same finals give the same turns
and figures, so a session that goes on elsewhere is brought up to date by `recall`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from sessions.aside import Aside
from sessions.ears import Core
from sessions.insights import Insights
from sessions.protocols.base import Analysed, Features, Insight, Notice, TurnUpdated
from sessions.voices import Voices
from transcription.analysis.base import LlmEndpoint
from transcription.engines.base import Samples
from transcription.models import Segment
from transcription.streaming.analytics import AnalyticsSnapshot
from transcription.streaming.channels import ChannelCores
from transcription.streaming.config import StreamConfig
from transcription.streaming.enrichment import Enrichment
from transcription.streaming.events import EventDetails, FinalSegment, StreamEvent, StreamEventType

SNAPSHOT_GAP_PER_TURN_S = 0.02
"""A snapshot repeats every turn (about 250 bytes of JSON each), so the next one waits the longer the more
there are: figures that are not final take 12 kB a second, however long the talk. Final ones always come."""
RULES = "rules"
NameRow = Callable[[int, str], Awaitable[None]]
"""Takes a segment's id and its speaker."""


@dataclass(frozen=True, slots=True)
class Helpers:
    """What sessions of a process share to understand talk. `endpoint`: of a language model, if any."""

    insights: Aside
    voices: Aside
    endpoint: LlmEndpoint | None = None

    def close(self) -> None:
        self.insights.close()
        self.voices.close()


class Enriching:
    """One session's. `say`: where the notices go. `helpers` None: no insights, and only speakers that
    are known by their channel. `name_row`: keeps the label of a final."""

    def __init__(
        self,
        core: Core,
        *,
        say: Callable[[Notice], None],
        helpers: Helpers | None = None,
        name_row: NameRow | None = None,
    ) -> None:
        config = core.config
        self.features = features_of(config)
        unknown = config.enable_diarization and helpers is not None and not isinstance(core, ChannelCores)
        self._enrichment = Enrichment(config, core.event, awaits_speakers=unknown)
        self._voices = Voices(helpers.voices, named=self._named) if helpers and unknown else None
        self._name_row = name_row
        self._say = say
        self._snapshot_due_s = 0.0
        self._insights: Insights | None = None
        if helpers is not None and config.enable_semantics:
            self._insights = Insights(helpers.insights, endpoint=helpers.endpoint, say=say)

    @property
    def num_turns(self) -> int | None:
        """None where nobody follows turns."""
        if not (self.features.diarization or self.features.analytics):
            return None
        return len(self._enrichment.turns)

    def follow(self, event: StreamEvent) -> tuple[FinalSegment, Sequence[StreamEvent]]:
        """A final with its annotations, and what follows from it, to be told after it. Raises TypeError for
        other events."""
        said, *further = self._enrichment.follow([event])
        if not isinstance(said.payload, FinalSegment):
            raise TypeError(f"{said.type.value} is no final")
        return said.payload, further

    def tell(self, segment: Segment, further: Iterable[StreamEvent], samples: Samples | None = None) -> None:
        """After a final was said: what it means, and what followed from it. `samples`: its audio."""
        if intent := segment.annotations.get("semantic", {}).get("intent"):
            self._say(Insight("intent", intent, (segment.id,), engine=RULES))
        self._tell(further, at_s=segment.end_s)
        if self._voices:
            self._voices.note(segment, samples)
        if self._insights:
            self._insights.note(segment)

    def recall(self, finals: Iterable[Segment]) -> None:
        """Finals that were said before, in order: what follows from them is known and not told again."""
        finals = list(finals)
        if self._voices:
            self._voices.recall(finals)
        for segment in finals:
            final = FinalSegment(segment, revision=0, covers_until_sample=0)
            self._enrichment.follow([StreamEvent(StreamEventType.FINAL_SEGMENT, 0, final)])
            if self._voices:
                self._enrichment.name(segment.speaker_id)
            if self._insights:
                self._insights.recall(segment)

    async def end(self) -> None:
        """No more finals come: the last turn is final, and so are the figures; what is still being worked out
        is waited for, a little."""
        if self._voices:
            await self._voices.finish()
        if self._insights:
            await self._insights.finish()
        self._tell(self._enrichment.end(), at_s=0.0)

    def _tell(self, further: Iterable[StreamEvent], *, at_s: float) -> None:
        for event in further:
            details = event.payload
            if not isinstance(details, EventDetails):
                continue
            if event.type is StreamEventType.TURN_UPDATED:
                self._say(TurnUpdated(details["turn"]))
            elif event.type is StreamEventType.ANALYTICS_SNAPSHOT:
                self._tell_figures(AnalyticsSnapshot.of_details(details), at_s)

    async def _named(self, segment: Segment, speaker_id: str | None) -> None:
        """Whose a final is: its row first, then its turn."""
        if speaker_id is not None and self._name_row is not None:
            await self._name_row(segment.id, speaker_id)
        self._tell(self._enrichment.name(speaker_id), at_s=segment.end_s)

    def _tell_figures(self, snapshot: AnalyticsSnapshot, at_s: float) -> None:
        if not snapshot.turns_final:
            if at_s < self._snapshot_due_s:
                return
            self._snapshot_due_s = at_s + SNAPSHOT_GAP_PER_TURN_S * len(snapshot.turns)
        self._say(Analysed(snapshot))


def features_of(config: StreamConfig) -> Features:
    """What a session with this configuration was granted."""
    return Features(
        diarization=config.enable_diarization,
        analytics=config.enable_analytics,
        semantics=config.enable_semantics,
    )
