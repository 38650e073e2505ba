"""The quality of a call by a language model: seventeen judgements, the decisive ones with their quote."""

from __future__ import annotations

import json

from pydantic import BaseModel

from transcription.analysis.base import Evidence, Progress, Quality, SubMetric, Talk
from transcription.analysis.llm.base import LlmEngine
from transcription.analysis.llm.reading import Claim
from transcription.analysis.quality.metrics import GROUPS, LABELS

FAULTS = frozenset(
    {
        "does_not_interrupt",
        "does_not_hesitate",
        "gives_accurate_information",
        "uses_correct_language",
        "follows_correct_steps",
    }
)
"""Of these a ✗ is what has to be shown: nobody can quote what did not happen. Of the others it is the ✓."""


class SaidSubMetric(BaseModel):
    submetric: str
    prediction: bool | None
    evidence: list[Claim] = []


class SaidQuality(BaseModel):
    submetrics: list[SaidSubMetric]


class LlmQuality(LlmEngine):
    """QualityEngine. A judgement whose proof is not in the transcript is no judgement: null, and counted.
    Over several windows, what was shown in one stands."""

    prompt_name, prompt_version = "quality", 1

    def evaluate(self, talk: Talk, *, on_progress: Progress = lambda _: None) -> Quality:
        judged: dict[str, tuple[bool, tuple[Evidence, ...]]] = {}
        listed = json.dumps({name: LABELS[name] for names in GROUPS.values() for name in names})
        agent = talk.agent_speaker_id or "not known: judge by what is said"
        for window, said in self._ask_each(talk, SaidQuality, on_progress, metrics=listed, agent=agent):
            for item in said.submetrics:
                if item.submetric not in LABELS or item.prediction is None:
                    continue
                to_be_shown = item.prediction is (item.submetric not in FAULTS)
                evidence = tuple(quote for _, quote in self._borne_out(item.evidence, window))
                if to_be_shown and not evidence:
                    continue
                if to_be_shown or item.submetric not in judged:
                    judged[item.submetric] = (item.prediction, evidence)
        return Quality(
            {
                group: tuple(SubMetric(name, *_judgement(judged.get(name))) for name in names)
                for group, names in GROUPS.items()
            }
        )


def _judgement(
    found: tuple[bool, tuple[Evidence, ...]] | None,
) -> tuple[bool | None, float | None, tuple[Evidence, ...]]:
    """Prediction, probability (which nobody measured), evidence."""
    return (None, None, ()) if found is None else (found[0], None, found[1])
