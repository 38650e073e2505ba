"""The answer engine that works with nothing fetched: retrieval over what was said, never a guess.

Questions of the shipped sets are known by examples of how they are asked and answered (`answers.learnt`),
those of somebody's own by their words and hints (`answers.retrieval`). Under the threshold the answer is
not_found. `confidence` is the retrieval's score, 0..1: a measure of how well the place fits the question,
not the probability of being right.
"""

from __future__ import annotations

from collections.abc import Sequence

from transcription.analysis.answers import learnt
from transcription.analysis.answers.learnt import LearntRetrieval
from transcription.analysis.answers.likeness import likeness, set_of
from transcription.analysis.answers.retrieval import Candidate, Retrieval
from transcription.analysis.answers.units import evidence_of, units_of
from transcription.analysis.base import Answer, Progress, Question, StageEngineConfig, Talk
from transcription.analysis.entities.embedded import EmbeddedEntities
from transcription.analysis.meaning.encoder import SentenceEncoder, sentence_encoder
from transcription.analysis.meaning.weights import NAME
from transcription.analysis.reason import reason_for_calling
from transcription.analysis.roles import guess_agent

# Set on the hand-made dialogues of the tests, those marked as tuned.
THRESHOLD = 0.35


class EmbeddedAnswers:
    """AnswerEngine by retrieval. Options: `threshold` (0..1) and those of EmbeddedEntities."""

    name = "embedded"
    model = NAME
    version = "2"

    def __init__(self, config: StageEngineConfig) -> None:
        self._entities = EmbeddedEntities(config)
        self._threshold: float | None = config.options.get("threshold")

    def load(self) -> None:
        """Raises EngineUnavailable where the encoder's weights are missing or the entity rules cannot be
        loaded."""
        self._entities.load()
        self._encoder: SentenceEncoder = sentence_encoder()

    def answer(
        self, talk: Talk, questions: Sequence[Question], *, on_progress: Progress = lambda _: None
    ) -> tuple[Answer, ...]:
        """One answer per question, in order; not_found where nothing scores high enough."""
        units = units_of(talk.segments, self._entities.extract(talk))
        agent = talk.agent_speaker_id or guess_agent(talk.segments)
        reason = reason_for_calling(talk.segments, agent, self._encoder)
        by_words = Retrieval(units, agent, reason)
        by_meaning: dict[str, LearntRetrieval] = {}
        answers = []
        for index, question in enumerate(questions):
            name = set_of(question)
            if name is None or not units:
                best = by_words.best(question)
                best = best if best and best.score >= (self._threshold or THRESHOLD) else None
            else:
                if name not in by_meaning:
                    like = likeness(units, name, self._encoder)
                    by_meaning[name] = LearntRetrieval(units, agent, reason, like)
                best = by_meaning[name].best(question, self._threshold or learnt.THRESHOLD)
            answers.append(_answer(question, best))
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
