"""What one streamed conversation is worth: its errors, what was doubled or lost, and when words appeared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jiwer

from bench.streaming.conversations import Conversation
from bench.streaming.simulate import Work
from bench.words import Shown, emission_latencies_s, matches

LAST_WORDS = 5
AT_A_CUT_S = 0.5
"""A word that is missing this near to a cut is put down to the cut."""
LONGEST_DOUBLED = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """One conversation under one policy. Sums, so that conversations can be pooled."""

    words: int
    errors: int
    baseline_errors: int
    doubled: int
    lost_at_cuts: int
    lost: int
    """True words that the engine hears given the utterances one by one, and that the finals have not."""
    last_expected: int
    last_there: int
    stable_chars: int
    stable_changed: int
    """Of them, those that a reader found changed when the final came; `stable_moved`: and those that stand in
    the next segment instead, where a cut fell before them."""
    stable_moved: int
    latencies_s: tuple[float, ...]
    audio_s: float
    work_s: float
    engine_s: float
    decodes: int
    losses: int
    core_s: float = 0.0
    speech_s: float = 0.0


def outcome(
    conversation: Conversation,
    shown: Sequence[Shown],
    cuts_s: Sequence[float],
    work: Work,
    baseline: Sequence[str],
    *,
    core_s: float = 0.0,
) -> Outcome:
    """`baseline`: the words that the same engine gives for the true utterances one by one."""
    truth = [word.text for word in conversation.words]
    finals = sorted((s for s in shown if s.is_final), key=lambda s: s.segment_id)
    heard = [word for message in finals for word in message.words]
    can_hear = {true for true, _ in matches(truth, baseline)}
    there = {true for true, _ in matches(truth, heard)}
    lost = sorted(can_hear - there)
    missing = set(deleted(truth, heard))
    near_cuts = [index for index in lost if index in missing and _near(conversation, index, cuts_s)]
    last = [index for index in range(len(truth) - LAST_WORDS, len(truth)) if index in can_hear]
    stable, changed, moved = stability(shown)
    return Outcome(
        words=len(truth),
        errors=error_count(truth, heard),
        baseline_errors=error_count(truth, baseline),
        doubled=doubled(truth, heard),
        lost_at_cuts=len(near_cuts),
        lost=len(lost),
        last_expected=len(last),
        last_there=sum(index in there for index in last),
        stable_chars=stable,
        stable_changed=changed,
        stable_moved=moved,
        latencies_s=tuple(emission_latencies_s(conversation.words, shown)),
        audio_s=conversation.duration_s,
        work_s=work.audio_s,
        engine_s=work.engine_s,
        decodes=work.decodes,
        losses=work.losses,
        core_s=core_s,
        speech_s=sum(end_s - start_s for start_s, end_s in conversation.utterances),
    )


def error_count(truth: Sequence[str], heard: Sequence[str]) -> int:
    """Substitutions, deletions and insertions."""
    aligned = jiwer.process_words(" ".join(truth), " ".join(heard))
    return int(aligned.substitutions + aligned.deletions + aligned.insertions)


def deleted(truth: Sequence[str], heard: Sequence[str]) -> list[int]:
    """Indexes of the true words that nothing was heard for."""
    aligned = jiwer.process_words(" ".join(truth), " ".join(heard)).alignments[0]
    return [i for c in aligned if c.type == "delete" for i in range(c.ref_start_idx, c.ref_end_idx)]


def doubled(truth: Sequence[str], heard: Sequence[str]) -> int:
    """Words that were put in beside the same words: what a bad seam does."""
    aligned = jiwer.process_words(" ".join(truth), " ".join(heard)).alignments[0]
    count = 0
    for chunk in aligned:
        if chunk.type != "insert":
            continue
        start, end = chunk.hyp_start_idx, chunk.hyp_end_idx
        for size in range(min(LONGEST_DOUBLED, end - start), 0, -1):
            piece = list(heard[start : start + size])
            before, after = list(heard[max(0, start - size) : start]), list(heard[end : end + size])
            if piece == before or list(heard[end - size : end]) == after:
                count += size
                break
    return count


def stability(shown: Sequence[Shown]) -> tuple[int, int, int]:
    """Characters that were promised to stay; those of them that came otherwise; and those that came, but in
    the next segment's final."""
    finals = {message.segment_id: message.text.split() for message in shown if message.is_final}
    promised: dict[int, tuple[int, int, int]] = {}
    for message in shown:
        if message.is_final or not message.stable_chars:
            continue
        stable = message.text[: message.stable_chars]
        own = finals.get(message.segment_id, [])
        gone = _letters(stable.split(), own)
        changed = min(gone, _letters(stable.split(), own + finals.get(message.segment_id + 1, [])))
        now = (len(stable), changed, gone - changed)
        before = promised.get(message.segment_id, (0, 0, 0))
        promised[message.segment_id] = tuple(map(max, before, now))  # type: ignore[assignment]
    total = [sum(column) for column in zip(*promised.values(), strict=True)] or [0, 0, 0]
    return total[0], total[1], total[2]


def _letters(stable: list[str], final: list[str]) -> int:
    """Length of the stable words that the final has not; one put in between moves no others."""
    if stable == final[: len(stable)]:
        return 0
    kept = {index for index, _ in matches(stable, final)} if final else set()
    return sum(len(word) for index, word in enumerate(stable) if index not in kept)


def _near(conversation: Conversation, index: int, cuts_s: Sequence[float]) -> bool:
    word = conversation.words[index]
    return any(word.start_s - AT_A_CUT_S <= cut_s <= word.end_s + AT_A_CUT_S for cut_s in cuts_s)
