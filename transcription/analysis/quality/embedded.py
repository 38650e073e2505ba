"""The quality of a call by rules that name their evidence (docs/quality.md).

Rules give no probability, so `probability` is None throughout. The rules read English: of a talk in another
language nothing is predicted, since a phrase that they do not know would look like one that was not said.
"""

from __future__ import annotations

from collections.abc import Callable

from transcription.analysis.base import Progress, Quality, StageEngineConfig, SubMetric, Talk
from transcription.analysis.quality import manners, resolution
from transcription.analysis.quality.call import NO_OCCASION, Call, Verdict, call_of
from transcription.analysis.quality.metrics import GROUPS

RULES: dict[str, Callable[[Call], Verdict]] = {
    rule.__name__: rule
    for rule in (
        manners.uses_opening_phrase,
        manners.does_not_interrupt,
        manners.shows_empathy,
        manners.paraphrases_issue,
        manners.says_please_and_thank_you,
        manners.does_not_hesitate,
        manners.uses_closing_phrase,
        resolution.offers_further_help,
        resolution.confirms_satisfaction,
        resolution.follows_up_earlier_cases,
        resolution.gives_accurate_information,
        resolution.uses_correct_language,
        resolution.consults_when_unsure,
        resolution.follows_correct_steps,
        resolution.explains_solution_clearly,
        resolution.explains_before_hold,
        resolution.thanks_for_holding,
    )
}


class EmbeddedQuality:
    """Seventeen rules, one per sub-metric, over who said what when."""

    name = "embedded"
    model = "rules"
    version = "1"

    def __init__(self, config: StageEngineConfig | None = None) -> None:
        self.config = config or StageEngineConfig()

    def load(self) -> None:
        """Nothing to load."""

    def evaluate(self, talk: Talk, *, on_progress: Progress = lambda _: None) -> Quality:
        readable = talk.language is None or talk.language.split("-")[0].lower() == "en"
        call = call_of(talk)
        groups: dict[str, tuple[SubMetric, ...]] = {}
        for number, (group, submetrics) in enumerate(GROUPS.items(), start=1):
            verdicts = {name: RULES[name](call) if readable else NO_OCCASION for name in submetrics}
            groups[group] = tuple(
                SubMetric(name, verdict.prediction, None, verdict.evidence)
                for name, verdict in verdicts.items()
            )
            on_progress(number / len(GROUPS))
        return Quality(groups)
