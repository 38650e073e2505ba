"""The runs, spread over the processors: one conversation under one policy with one engine each."""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench.streaming.contenders import CONTENDERS
from bench.streaming.conversations import Conversation
from bench.streaming.measure import Outcome, outcome
from bench.streaming.ours import OurCore, speech_probabilities
from bench.streaming.simulate import Decode, simulate
from bench.words import folded
from transcription.engines.adversary import AdversaryEngine
from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Hypothesis,
    Samples,
    SpeechEngineConfig,
    SpeechOptions,
    SpeechWindow,
)
from transcription.engines.pocketsphinx import PocketSphinxEngine
from transcription.errors import EngineFailed

ADVERSARY, EMBEDDED = "adversary", "pocketsphinx"
AROUND_S = 0.25
"""Audio around an utterance that is decoded by itself, and never more than half of what lies between two."""
CALM = {"loop": 0.0, "invent": 0.0, "error": 0.0, "no_answer": 0.0}
"""The adversary's faults that say nothing of what it could hear."""
_ONE_CHILD = {"processes": 1, "decoders_per_process": 2, "answer_timeout_s": 600.0}
"""Babble takes the last pass 8 s of processor time; a busy machine is no reason to lose the window."""
_SCHEDULED_TIME = 2
"""Linux' CPUCLOCK_SCHED: of a process's clocks, the time that it ran."""


@dataclass(frozen=True, slots=True)
class Job:
    engine: str
    policy: str
    interval_s: float
    conversation: int


@dataclass(frozen=True, slots=True)
class Material:
    """What every process works on. `probabilities`: speech probabilities of each conversation's frames."""

    conversations: tuple[Conversation, ...]
    probabilities: tuple[list[float], ...]
    seed: int


_material: Material | None = None
_embedded: PocketSphinxEngine | None = None


def open_pool(material: Material, folder: Path, processes: int) -> ProcessPoolExecutor:
    path = folder / "material"
    path.write_bytes(pickle.dumps(material))
    return ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_start, initargs=(str(path),)
    )


def _start(path: str) -> None:
    global _material  # noqa: PLW0603 - one per process of the pool
    _material = pickle.loads(Path(path).read_bytes())  # noqa: S301 - written by this very program


def material() -> Material:
    assert _material is not None
    return _material


def baseline_of(engine: str, index: int) -> list[str]:
    """The words that the engine gives for the true utterances one by one."""
    conversation = material().conversations[index]
    decode = decoder(engine, index, **CALM) if engine == ADVERSARY else decoder(engine, index)
    heard: list[str] = []
    spans = conversation.utterances
    for number, (start_s, end_s) in enumerate(spans):
        before_s = start_s - spans[number - 1][1] if number else 2 * AROUND_S
        after_s = spans[number + 1][0] - end_s if number + 1 < len(spans) else 2 * AROUND_S
        start = round((start_s - min(AROUND_S, before_s / 2)) * SAMPLE_RATE_HZ)
        end = round((end_s + min(AROUND_S, after_s / 2)) * SAMPLE_RATE_HZ)
        window = SpeechWindow(
            f"alone:{number}",
            conversation.samples[start:end],
            start / SAMPLE_RATE_HZ,
            is_final=True,
            options=SpeechOptions(language="en"),
        )
        hypothesis, _ = decode(window)
        if hypothesis is None:
            raise RuntimeError(f"{engine} gave nothing for utterance {number} of conversation {index}")
        heard += folded(hypothesis.text)
    return heard


def run_job(job: Job, baseline: Sequence[str]) -> Outcome:
    held = material()
    conversation = held.conversations[job.conversation]
    policy = CONTENDERS[job.policy].make(
        conversation.samples, held.probabilities[job.conversation], job.interval_s
    )
    work = simulate(policy, conversation.samples, decoder(job.engine, job.conversation))
    core_s = policy.core_s if isinstance(policy, OurCore) else 0.0
    return outcome(conversation, policy.shown, policy.cuts_s, work, baseline, core_s=core_s)


def decoder(engine: str, index: int, **faults: float) -> Decode:
    """What the simulated clock calls: the adversary in the conversation's own words, or the embedded engine
    with the processor time that it took."""
    held = material()
    if engine == ADVERSARY:
        script = [(word.text, word.start_s, word.end_s) for word in held.conversations[index].words]
        return adversary(script, seed=held.seed + index, **faults)
    return _measured(f"{engine}:{index}:{time.monotonic_ns()}")


def adversary(script: Sequence[tuple[str, float, float]], **options: Any) -> Decode:
    engine = AdversaryEngine(
        SpeechEngineConfig("script", options=tuple({"script": script, **options}.items()))
    )
    engine.load()

    def decode(window: SpeechWindow) -> tuple[Hypothesis | None, float]:
        answer = engine.answer(window)
        return answer.hypothesis, answer.latency_s

    return decode


def _measured(run: str) -> Decode:
    engine = _embedded_engine()

    def decode(window: SpeechWindow) -> tuple[Hypothesis | None, float]:
        own = SpeechWindow(
            f"{run}:{window.utterance_key}", window.samples, window.offset_s, window.is_final, window.options
        )
        began_s = _cpu_s(engine)
        try:
            (hypothesis,) = engine.decode([own])
        except EngineFailed:
            return None, max(0.0, _cpu_s(engine) - began_s)  # it may be another child by now
        return hypothesis, _cpu_s(engine) - began_s

    return decode


def _cpu_s(engine: PocketSphinxEngine) -> float:
    """Processor time of this thread and of the engine's child, which has one thread: what a decode takes on a
    processor of its own, whatever else the machine does meanwhile."""
    clocks = ((~pid << 3) | _SCHEDULED_TIME for pid in engine.child_pids)  # as clock_getcpuclockid(3) has it
    return time.thread_time() + sum(time.clock_gettime(clock) for clock in clocks)


def _embedded_engine() -> PocketSphinxEngine:
    global _embedded  # noqa: PLW0603 - one per process of the pool
    if _embedded is None:
        _embedded = PocketSphinxEngine(SpeechEngineConfig("en-us", options=tuple(_ONE_CHILD.items())))
        _embedded.load()
    return _embedded


def words_in(sound: Samples, engine: str, policy: str) -> int:
    """Words of the finals where nobody speaks."""
    runner = CONTENDERS[policy].make(sound, speech_probabilities(sound), CONTENDERS[policy].own_s)
    decode = adversary((), seed=material().seed) if engine == ADVERSARY else decoder(engine, -1)
    simulate(runner, sound, decode)
    return sum(len(message.words) for message in runner.shown if message.is_final)
