"""A conversation with a known truth, an engine that hears it as real ones do, and a clock of its own.

The engine answers a window with the words that lie in it. A word that the window cuts comes garbled or not at
all; the last word of a window may be heard wrong; times are a little off; answers take long, get lost, come
twice or come after they were given up.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, HypothesisSegment, Samples
from transcription.models import Word
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import DecodeRequest, FinalSegment, PartialSegment, StreamEvent
from transcription.streaming.start import StartAt

LEVEL = 0.1


@dataclass(frozen=True)
class Spoken:
    """Words with their true times, and as much audio as they take, silence after them included."""

    words: tuple[Word, ...]
    duration_s: float

    def samples(self) -> Samples:
        samples = np.zeros(round(self.duration_s * SAMPLE_RATE_HZ), np.float32)
        for word in self.words:
            samples[round(word.start_s * SAMPLE_RATE_HZ) : round(word.end_s * SAMPLE_RATE_HZ)] = LEVEL
        return samples

    def probabilities(self) -> list[float]:
        """What a good VAD says: speech where at least half of a frame is speech."""
        samples = self.samples()
        count = len(samples) // FRAME_SAMPLES
        share = (samples[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES) > 0).mean(axis=1)
        return [0.95 if part >= 0.5 else 0.02 for part in share]


def speak(lengths_s: list[float], pauses_s: list[float], lead_s: float = 0.3, tail_s: float = 0.4) -> Spoken:
    """Word after word: a pause before each (the first after `lead_s`). No two words are the same."""
    words, at = [], round(lead_s * SAMPLE_RATE_HZ)
    for number, (length_s, pause_s) in enumerate(zip(lengths_s, pauses_s, strict=True)):
        start = at + (round(pause_s * SAMPLE_RATE_HZ) if number else 0)
        at = start + round(length_s * SAMPLE_RATE_HZ)
        words.append(Word(f"w{number}", start / SAMPLE_RATE_HZ, at / SAMPLE_RATE_HZ))
    return Spoken(tuple(words), (at + round(tail_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ)


@dataclass
class Faults:
    """How bad the engine and the way to it are; shares of 0..1."""

    unstable: float = 0.0
    jitter_s: float = 0.0
    lost: float = 0.0
    doubled: float = 0.0
    latency_s: Callable[[random.Random], float] = lambda _: 0.05
    completes: bool = False
    """It reads sentence by sentence: where a window ends in a pause, a final would say no more."""
    most_lost_running: int = 3


@dataclass
class Engine:
    spoken: Spoken
    faults: Faults
    dice: random.Random
    requests: list[DecodeRequest] = field(default_factory=list)

    def hear(self, request: DecodeRequest) -> Hypothesis:
        start_s, end_s = request.start_sample / SAMPLE_RATE_HZ, request.end_sample / SAMPLE_RATE_HZ
        words = [word for true in self.spoken.words for word in self._word(true, start_s, end_s)]
        pause_s = end_s - max((word.end_s for word in self.spoken.words if word.start_s < end_s), default=0.0)
        complete = self.faults.completes and pause_s >= 0.2
        if words and not (request.is_final or complete) and self.dice.random() < self.faults.unstable:
            last = words[-1]
            words[-1] = Word("misheard", last.start_s, last.end_s)
        if not words:
            return Hypothesis((), complete=complete)
        text = " ".join(word.text for word in words)
        segment = HypothesisSegment(words[0].start_s, words[-1].end_s, text, tuple(words))
        return Hypothesis(
            (segment,),
            provisional=self.faults.completes,
            settled=len(words) if complete else 0,
            complete=complete,
        )

    def _word(self, true: Word, start_s: float, end_s: float) -> Iterator[Word]:
        begin_s, finish_s = max(true.start_s, start_s), min(true.end_s, end_s)
        whole = begin_s == true.start_s and finish_s == true.end_s
        if finish_s - begin_s < 0.02 or (not whole and self.dice.random() < 0.5):
            return
        off_s = self.faults.jitter_s
        yield Word(
            true.text if whole else f"cut-{true.text}",
            max(start_s, begin_s + self.dice.uniform(-off_s, off_s)),
            min(end_s, finish_s + self.dice.uniform(-off_s, off_s)),
        )


@dataclass
class Outcome:
    events: list[StreamEvent] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    requests: list[DecodeRequest] = field(default_factory=list)

    @property
    def finals(self) -> list[FinalSegment]:
        return [event.payload for event in self.events if isinstance(event.payload, FinalSegment)]

    @property
    def partials(self) -> list[PartialSegment]:
        return [event.payload for event in self.events if isinstance(event.payload, PartialSegment)]

    @property
    def text(self) -> str:
        return " ".join(final.text for final in self.finals)


def run(
    spoken: Spoken,
    *,
    config: StreamConfig | None = None,
    faults: Faults | None = None,
    seed: int = 0,
    chunks_s: list[float] | None = None,
    probabilities: list[float] | None = None,
    core: StreamingCore | None = None,
    start: StartAt | None = None,
    break_off_s: float | None = None,
) -> Outcome:
    """Stream it at the speed of speech through a core and the engine, on a clock that is only counted.

    `start`: where the core begins; what lies before is not pushed. `break_off_s`: nothing happens after it.
    """
    dice = random.Random(seed)
    start = start or StartAt()
    core = core or StreamingCore(config, start=start)
    engine = Engine(spoken, faults or Faults(), dice)
    samples = spoken.samples()
    speech = spoken.probabilities() if probabilities is None else probabilities
    outcome = Outcome(requests=engine.requests)
    due: list[tuple[float, int, Callable[[float], list[StreamEvent]]]] = []
    lost_running = 0

    def note(events: list[StreamEvent], now_s: float) -> None:
        outcome.events += events
        outcome.at_s += [now_s] * len(events)

    def ask(now_s: float) -> None:
        nonlocal lost_running
        request = core.next_decode(now_s)
        if request is None:
            return
        assert core.next_decode(now_s) is None, "one in flight"
        assert len(core.window(request)) == request.end_sample - request.start_sample
        engine.requests.append(request)
        heard = engine.hear(request)
        answer_s = now_s + engine.faults.latency_s(dice)
        lost = lost_running < engine.faults.most_lost_running and dice.random() < engine.faults.lost
        lost_running = lost_running + 1 if lost else 0
        number = 3 * request.id

        def accept(at_s: float) -> list[StreamEvent]:
            return core.accept(request.id, heard, at_s)

        if lost:
            heapq.heappush(due, (answer_s, number, lambda at_s: core.decode_lost(request.id, at_s)))
        if not lost or dice.random() < 0.5:
            late_s = 0.2 if lost else 0.0
            heapq.heappush(due, (answer_s + late_s, number + 1, accept))
        if dice.random() < engine.faults.doubled:
            heapq.heappush(due, (answer_s + dice.uniform(0, 0.3), number + 2, accept))

    def until(now_s: float) -> None:
        while due and due[0][0] <= now_s:
            at_s, _, action = heapq.heappop(due)
            note(action(at_s), at_s)
            ask(at_s)

    position, judged, turn = start.sample, start.judged // FRAME_SAMPLES, 0
    now_s = 0.0
    lengths_s = chunks_s or [0.1]
    while position < len(samples):
        count = max(1, int(lengths_s[turn % len(lengths_s)] * SAMPLE_RATE_HZ))
        turn += 1
        chunk = samples[position : position + count]
        position += len(chunk)
        now_s = position / SAMPLE_RATE_HZ
        if break_off_s is not None and now_s >= break_off_s:
            return outcome
        until(now_s)
        note(core.push_audio(chunk, now_s), now_s)
        frames = position // FRAME_SAMPLES
        note(core.push_speech(speech[judged:frames], now_s), now_s)
        judged = max(judged, frames)
        ask(now_s)
        outcome.held.append(core.samples_held)
    note(core.finish(now_s), now_s)
    ask(now_s)
    while not core.done:
        waits = [due[0][0]] if due else []
        if core.idle_until_s is not None:
            waits.append(core.idle_until_s)
        assert waits, "the core is not done, waits for nothing and asks for nothing"
        now_s = max(now_s, min(waits))
        until(now_s)
        ask(now_s)
    return outcome
