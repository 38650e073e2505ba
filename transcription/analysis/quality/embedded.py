"""The quality of a call by rules that name their evidence (docs/quality.md): phrases, or what means the same.

Rules give no probability, so `probability` is None throughout. The rules read English: of a talk in another
language nothing is predicted, since a phrase that they do not know would look like one that was not said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from transcription.analysis.base import Progress, Quality, StageEngineConfig, SubMetric, Talk
from transcription.analysis.meaning.encoder import Embeddings, sentence_encoder
from transcription.analysis.meaning.weights import NAME
from transcription.analysis.quality import hold, manners, resolution
from transcription.analysis.quality.acts import learnt_acts
from transcription.analysis.quality.call import Call, call_of
from transcription.analysis.quality.finding import NO_OCCASION, Verdict
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
        hold.explains_before_hold,
        hold.thanks_for_holding,
    )
}

_READING = 0.95
"""Of the time, about that part goes into the vectors of what was said."""


class EmbeddedQuality:
    """Seventeen rules, one per sub-metric, over who said what when."""

    name = "embedded"
    model = f"rules+{NAME}"
    version = "2"

    def __init__(self, config: StageEngineConfig | None = None) -> None:
        self.config = config or StageEngineConfig()

    def load(self) -> None:
        """Raises EngineUnavailable where the encoder's weights are not installed."""
        self._encoder = sentence_encoder()
        self._acts = learnt_acts(self._encoder)

    def evaluate(self, talk: Talk, *, on_progress: Progress = lambda _: None) -> Quality:
        readable = talk.language is None or talk.language.split("-")[0].lower() == "en"
        call = call_of(talk, self._acts, partial(self._encode, on_progress)) if readable else None
        groups: dict[str, tuple[SubMetric, ...]] = {}
        for group, submetrics in GROUPS.items():
            verdicts = {name: RULES[name](call) if call else NO_OCCASION for name in submetrics}
            groups[group] = tuple(
                SubMetric(name, verdict.prediction, None, verdict.evidence)
                for name, verdict in verdicts.items()
            )
        on_progress(1.0)
        return Quality(groups)

    def _encode(self, on_progress: Progress, texts: Sequence[str]) -> Embeddings:
        return self._encoder.encode(texts, lambda done: on_progress(_READING * done))
