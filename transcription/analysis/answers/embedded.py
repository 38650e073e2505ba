"""The answer engine that works with nothing downloaded: retrieval over what was said, never a guess.

How a place of the talk is scored for a question: `answers.retrieval`. Under the threshold the answer is
not_found. `confidence` is that retrieval score, 0..1: a measure of how well the place fits the question,
not the probability of being right.
"""

from __future__ import annotations

from collections.abc import Sequence

from transcription.analysis.answers.retrieval import Candidate, Retrieval
from transcription.analysis.answers.units import evidence_of, units_of
from transcription.analysis.base import Answer, Progress, Question, StageEngineConfig, Talk
from transcription.analysis.entities.embedded import EmbeddedEntities
from transcription.analysis.roles import guess_agent

# Set on the hand-made dialogues of the tests, those marked as tuned.
THRESHOLD = 0.35


class EmbeddedAnswers:
    """AnswerEngine by retrieval. Options: `threshold` (0..1) and those of EmbeddedEntities."""

    name = "embedded"
    model = "bm25-en"
    version = "1"

    def __init__(self, config: StageEngineConfig) -> None:
        self._entities = EmbeddedEntities(config)
        self._threshold = float(config.options.get("threshold", THRESHOLD))

    def load(self) -> None:
        """Raises EngineUnavailable where the entity rules cannot be loaded."""
        self._entities.load()

    def answer(
        self, talk: Talk, questions: Sequence[Question], *, on_progress: Progress = lambda _: None
    ) -> tuple[Answer, ...]:
        """One answer per question, in order; not_found where nothing scores high enough."""
        units = units_of(talk.segments, self._entities.extract(talk))
        retrieval = Retrieval(units, talk.agent_speaker_id or guess_agent(talk.segments))
        answers = []
        for index, question in enumerate(questions):
            best = retrieval.best(question)
            answers.append(_answer(question, best if best and best.score >= self._threshold else None))
            on_progress((index + 1) / len(questions))
        return tuple(answers)


def _answer(question: Question, best: Candidate | None) -> Answer:
    return Answer(
        question_id=question.id,
        question=question.text,
        answer=best.value if best else None,
        status="answered" if best else "not_found",
        confidence=round(best.score, 3) if best else None,
        evidence=evidence_of(best.units) if best else (),
    )
