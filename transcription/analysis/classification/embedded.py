"""Classification by likeness of meaning to what is known to be said under each label: nothing fetched,
deterministic.

What the caller gives as the reason for calling decides category and priority, what the agent says the
intervention. The confidence is a computed share, not a probability: of the chosen label among all that it
was chosen from, by the exponentials of their scores. The breakdown gives the share for every field that has
a value; `confidence` is that of the main category.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from transcription.analysis.base import Classification, Progress, StageEngineConfig, Talk, TaxonomyLabel
from transcription.analysis.classification.danger import said_phrases
from transcription.analysis.classification.evidence import sayings_of
from transcription.analysis.classification.labels import LabelExamples, by_urgency
from transcription.analysis.examples import read_examples
from transcription.analysis.meaning.encoder import Embeddings, SentenceEncoder, sentence_encoder
from transcription.analysis.meaning.learning import BACKGROUND, RIDGE, Learnt, Scores, learn
from transcription.analysis.meaning.spoken import telling, windows
from transcription.analysis.meaning.weights import NAME
from transcription.analysis.reason import reason_for_calling
from transcription.analysis.roles import guess_agent

# A reason that is less like any example than the first, or scores less than the second, is about something
# else. Of 185 reasons on the tuned half that were put under the right label none is less like it, and 1 in
# 100 scores less.
_LIKE_ENOUGH, _SCORES_ENOUGH = 0.42, -0.35
# An intervention's score above which it was done: halfway between its examples and everything else.
_DONE = 0.0
_SHARPNESS = 4.0
"""Of the shares: a score of 1 against one of 0 is 50 to 1."""
_KEPT_TAXONOMIES = 16
_FEWEST_WORDS = 4
# What agents do that is no intervention.
_NO_DEEDS = frozenset({"gives_steps", "explains", "arranges", "informs", "earlier_case"})


# Of what a caller tells at length, pieces of about this many words are judged beside the whole: that
# somebody cannot be woken may be said in five words of sixty.
_PIECE_WORDS = 20
# Minimal pairs tell priorities apart, so that they are followed more closely; chosen as RIDGE itself was.
_RIDGE_OF_PRIORITIES = 0.1


@dataclass(frozen=True, slots=True)
class _Group:
    """Labels one of which is chosen."""

    labels: tuple[TaxonomyLabel, ...]
    learnt: Learnt


class EmbeddedClassification:
    """Labels by their examples. A field is None where no label fits or the taxonomy has none."""

    name = "embedded"
    model = NAME
    version = "2"

    def __init__(self, config: StageEngineConfig | None = None) -> None:
        self.config = config or StageEngineConfig()
        self._group = lru_cache(maxsize=_KEPT_TAXONOMIES)(self._learn)

    def load(self) -> None:
        """Raises EngineUnavailable where the encoder's weights are not installed."""
        self._encoder: SentenceEncoder = sentence_encoder()

    def classify(
        self, talk: Talk, labels: Sequence[TaxonomyLabel], *, on_progress: Progress = lambda _: None
    ) -> Classification:
        agent = talk.agent_speaker_id or guess_agent(talk.segments)
        reason = reason_for_calling(talk.segments, agent, self._encoder)
        said = reason or tuple(s for s in talk.segments if agent is None or s.speaker_id != agent)
        text = telling(" ".join(segment.text for segment in said))
        told = self._encoder.encode([text] if text else [])
        on_progress(0.3)
        breakdown: dict[str, float] = {}
        chosen: dict[str, str | None] = {"main_category": None, "sub_category": None, "sub_category_2": None}
        parent: str | None = None
        for level in chosen:
            siblings = tuple(label for label in labels if label.kind == "category" and label.parent == parent)
            found = self._likest(siblings, tuple(labels), told)
            if found is None:
                break
            parent, breakdown[level] = chosen[level], _ = found
        on_progress(0.6)
        done = self._done(talk, agent, labels)
        urgency = self._urgency(talk, agent, labels, text)
        for field, value in (("intervention", done), ("priority", urgency)):
            if value is not None:
                breakdown[field] = value[1]
        on_progress(1.0)
        return Classification(
            **chosen,
            intervention=done[0] if done else None,
            priority=urgency[0] if urgency else None,
            confidence=breakdown.get("main_category"),
            confidence_breakdown=breakdown,
        )

    def _likest(
        self, siblings: tuple[TaxonomyLabel, ...], labels: tuple[TaxonomyLabel, ...], told: Embeddings
    ) -> tuple[str, float] | None:
        if not siblings or not len(told):
            return None
        group = self._group(siblings, labels)
        scores = group.learnt.scores(told)[0]
        fits = group.learnt.nearest(told)[0] > _LIKE_ENOUGH and scores.max() > _SCORES_ENOUGH
        return _chosen(group, scores) if fits else None

    def _urgency(
        self, talk: Talk, agent: str | None, labels: Sequence[TaxonomyLabel], text: str
    ) -> tuple[str, float] | None:
        priorities = by_urgency([label for label in labels if label.kind == "priority"])
        if not priorities or not text:
            return None
        if said_phrases(priorities[-1], sayings_of(talk, agent)):
            return priorities[-1].name, 1.0
        group = self._group(priorities, tuple(labels))
        vectors = self._encoder.encode([text, *windows(text.split(), _PIECE_WORDS)])
        if group.learnt.nearest(vectors[:1])[0] <= _LIKE_ENOUGH:
            return None
        scores = group.learnt.scores(vectors)
        return _chosen(group, scores[0] + scores[1:].mean(axis=0))

    def _done(
        self, talk: Talk, agent: str | None, labels: Sequence[TaxonomyLabel]
    ) -> tuple[str, float] | None:
        interventions = tuple(label for label in labels if label.kind == "intervention")
        said = [
            telling(segment.text)
            for segment in talk.segments
            if (agent is None or segment.speaker_id == agent) and len(segment.text.split()) >= _FEWEST_WORDS
        ]
        if not interventions or not said:
            return None
        group = self._group(interventions, tuple(labels))
        scores = group.learnt.scores(self._encoder.encode(said)).max(axis=0)
        return _chosen(group, scores) if scores.max() > _DONE else None

    def _learn(self, siblings: tuple[TaxonomyLabel, ...], labels: tuple[TaxonomyLabel, ...]) -> _Group:
        known = LabelExamples(labels)
        examples = [(text, str(at)) for at, label in enumerate(siblings) for text in known.of(label)]
        classes = [str(at) for at in range(len(siblings))]
        if siblings[0].kind == "intervention":
            acts = (one for one in read_examples("acts") if one.labels["side"] == "agent")
            examples += [(one.text, BACKGROUND) for one in acts if one.labels["act"] not in _NO_DEEDS]
        ridge = _RIDGE_OF_PRIORITIES if siblings[0].kind == "priority" else RIDGE
        return _Group(siblings, learn(self._encoder.encode, examples, classes, ridge=ridge))


def _chosen(group: _Group, scores: Scores) -> tuple[str, float]:
    shares = np.exp(_SHARPNESS * (scores - scores.max()))
    return group.labels[int(scores.argmax())].name, round(float(1 / shares.sum()), 4)
