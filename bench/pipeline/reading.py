"""What the stages that read make of conversations, against what is true of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sklearn.metrics import f1_score

from bench.pipeline.conversations import Conversation
from bench.pipeline.fragments import Mention, words_of
from bench.pipeline.scripts import SUBMETRICS
from bench.pipeline.written import as_address, as_compared
from bench.report import Figure, at_least
from transcription.analysis.answers.embedded import EmbeddedAnswers
from transcription.analysis.answers.question_sets import nurse_intake
from transcription.analysis.base import Entity, StageEngineConfig, Talk
from transcription.analysis.classification import clinic
from transcription.analysis.classification.embedded import EmbeddedClassification
from transcription.analysis.entities.embedded import EmbeddedEntities
from transcription.analysis.quality.embedded import EmbeddedQuality

ABOVE_COMMONEST = 0.3
NOTHING = "none"
"""The class of what an engine did not say."""
# An annotator may take these into a mention or leave them out.
_BEFORE = frozenset(
    {"the", "a", "an", "on", "at", "in", "doctor", "dr", "nurse", "mister", "mr", "mrs", "ms"}
)
_AFTER = (["years", "old"], ["year", "old"])

Mentions = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Miss:
    """What was wanted and what came: for whoever improves an engine on the tuned half."""

    row: str
    conversation: int
    wanted: str
    found: str


def bare(text: str) -> str:
    """A mention without articles and titles ahead of it and `years old` behind, numbers in figures."""
    words = as_compared(text).split()
    while len(words) > 1 and words[0] in _BEFORE:
        words = words[1:]
    for ending in _AFTER:
        if len(words) > len(ending) and words[-len(ending) :] == ending:
            words = words[: -len(ending)]
    return " ".join(words)


def true_mentions(conversation: Conversation) -> Mentions:
    return mentions_of(mention for line in conversation.script.lines for mention in line.mentions)


def mentions_of(found: Iterable[Entity | Mention]) -> Mentions:
    return Counter(
        (one.label, as_address(one.text) if one.label == "EMAIL" else bare(one.text)) for one in found
    )


def micro_f1(found: Sequence[Mentions], wanted: Sequence[Mentions]) -> float:
    hits = sum((f & w).total() for f, w in zip(found, wanted, strict=True))
    return 2 * hits / max(1, sum(f.total() for f in found) + sum(w.total() for w in wanted))


def macro_f1(wanted: Sequence[str], found: Sequence[str]) -> float:
    """The mean over the classes that there are; a class that is found where there is none costs precision."""
    return float(f1_score(wanted, found, labels=sorted(set(wanted)), average="macro", zero_division=0))


def entities(
    conversations: Sequence[Conversation], talks: Sequence[Talk], from_what: str, bound: float
) -> tuple[list[Figure], list[Miss]]:
    """`talks`: the same conversations as they are read: with the true words, or with recognised ones."""
    engine = EmbeddedEntities(StageEngineConfig())
    engine.load()
    found = [mentions_of(engine.extract(talk)) for talk in talks]
    wanted = [true_mentions(conversation) for conversation in conversations]
    row = f"entities from {from_what} text, micro F1"
    missed = [
        Miss(row, number, str(dict(w - f)), str(dict(f - w)))
        for number, (f, w) in enumerate(zip(found, wanted, strict=True))
        if f != w
    ]
    return [at_least(row, micro_f1(found, wanted), "", bound)], missed


def classification(conversations: Sequence[Conversation]) -> tuple[list[Figure], list[Miss]]:
    engine = EmbeddedClassification()
    engine.load()
    results = [engine.classify(conversation.talk, clinic()) for conversation in conversations]
    figures, missed = [], []
    for row, wanted, found in (
        ("main category", [c.script.category for c in conversations], [r.main_category for r in results]),
        ("priority", [c.script.priority for c in conversations], [r.priority for r in results]),
    ):
        named = [name or NOTHING for name in found]
        commonest = Counter(wanted).most_common(1)[0][0]
        value = macro_f1(wanted, named)
        above = value - macro_f1(wanted, [commonest] * len(wanted))
        figures += [
            at_least(f"classification, {row}, macro F1", value, "", 0.75),
            at_least(f"classification, {row}, above the commonest class", above, "", ABOVE_COMMONEST),
        ]
        missed += [
            Miss(row, number, w, f) for number, (w, f) in enumerate(zip(wanted, named, strict=True)) if w != f
        ]
    return figures, missed


def answers(conversations: Sequence[Conversation]) -> tuple[list[Figure], list[Miss]]:
    engine = EmbeddedAnswers(StageEngineConfig())
    engine.load()
    right: list[bool] = []
    silent: list[bool] = []
    missed = []
    for number, conversation in enumerate(conversations):
        script = conversation.script
        for answer in engine.answer(conversation.talk, nurse_intake()):
            wanted = script.answers.get(answer.question_id)
            if wanted:
                said = " ".join(words_of(answer.answer or ""))
                right.append(any(text in said for text in wanted))
                ok = right[-1]
            elif answer.question_id in script.unscored:
                continue
            else:
                silent.append(answer.status == "not_found")
                ok = silent[-1]
            if not ok:
                missed.append(Miss(answer.question_id, number, str(wanted), str(answer.answer)))
    return [
        at_least("answers found and right", 100 * sum(right) / len(right), "%", 80),
        at_least("not_found where there is no answer", 100 * sum(silent) / len(silent), "%", 90),
    ], missed


def quality(conversations: Sequence[Conversation]) -> tuple[list[Figure], list[Miss]]:
    """Macro over the sub-metrics, of each the macro F1 over ✓ and ✗ where there was an occasion."""
    engine = EmbeddedQuality()
    engine.load()
    scores: list[float] = []
    nulls: list[bool] = []
    missed = []
    judged = [
        {metric.submetric: metric for group in engine.evaluate(c.talk).groups.values() for metric in group}
        for c in conversations
    ]
    for name in SUBMETRICS:
        pairs = [(c.script.quality[name], j[name]) for c, j in zip(conversations, judged, strict=True)]
        occasions = [(str(wanted), str(metric.prediction)) for wanted, metric in pairs if wanted is not None]
        nulls += [metric.prediction is None for wanted, metric in pairs if wanted is None]
        if occasions:
            scores.append(macro_f1(*map(list, zip(*occasions, strict=True))))
        missed += [
            Miss(name, number, str(wanted), f"{metric.prediction} {[e.quote for e in metric.evidence]}")
            for number, (wanted, metric) in enumerate(pairs)
            if metric.prediction != wanted
        ]
    return [
        at_least("quality where there was an occasion, macro F1", sum(scores) / len(scores), "", 0.75),
        at_least("quality null where there was none", 100 * sum(nulls) / len(nulls), "%", 90),
    ], missed


READERS: tuple[Callable[[Sequence[Conversation]], tuple[list[Figure], list[Miss]]], ...] = (
    lambda conversations: entities(conversations, [c.talk for c in conversations], "true", 0.85),
    classification,
    answers,
    quality,
)
