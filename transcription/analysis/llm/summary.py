"""A summary by a language model, sentence by sentence, each with the quote that bears it out."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from transcription.analysis.base import ActionItem, Decision, Entity, Progress, Summary, Talk
from transcription.analysis.llm.base import LlmEngine
from transcription.analysis.llm.reading import Statement


class Action(Statement):
    speaker_id: str | None = None


class SaidSummary(BaseModel):
    sentences: list[Statement]
    key_points: list[Statement] = []
    decisions: list[Statement] = []
    action_items: list[Action] = []


class LlmSummary(LlmEngine):
    """SummaryEngine. A long talk is summarised window by window, in order."""

    prompt_name, prompt_version = "summary", 1

    def summarise(
        self, talk: Talk, *, entities: Sequence[Entity] = (), on_progress: Progress = lambda _: None
    ) -> Summary:
        sentences: list[str] = []
        points: list[str] = []
        decisions: list[Decision] = []
        actions: list[ActionItem] = []
        names = ", ".join(sorted({entity.text for entity in entities})) or "none"
        speakers = {segment.speaker_id for segment in talk.segments}
        for window, said in self._ask_each(talk, SaidSummary, on_progress, names=names):
            sentences += [claim.text for claim, _ in self._borne_out(said.sentences, window)]
            points += [claim.text for claim, _ in self._borne_out(said.key_points, window)]
            decisions += [
                Decision(claim.text, quote.segment_id)
                for claim, quote in self._borne_out(said.decisions, window)
            ]
            actions += [
                ActionItem(
                    claim.text, claim.speaker_id if claim.speaker_id in speakers else None, quote.segment_id
                )
                for claim, quote in self._borne_out(said.action_items, window)
            ]
        return Summary(" ".join(sentences), tuple(points), tuple(decisions), tuple(actions))
