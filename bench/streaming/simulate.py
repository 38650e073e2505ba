"""A clock that is simulated: audio comes at the speed of speech, an answer after the time that it took.

So a run takes no longer than its decodes, and the machine's other work changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bench.streaming.policies import Asked, Policy
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, Samples, SpeechOptions, SpeechWindow

STEP_SAMPLES = SAMPLE_RATE_HZ // 10
"""A client sends 100 ms at a time."""
MOST_LOSSES = 1_000
"""An engine that never answers would keep a policy asking for ever."""

Decode = Callable[[SpeechWindow], tuple[Hypothesis | None, float]]
"""A window's hypothesis, None where an error or nothing came, and how long that took in seconds."""


@dataclass(slots=True)
class Work:
    """What a run asked of the engine."""

    decodes: int = 0
    losses: int = 0
    audio_s: float = 0.0
    """Length of all windows together."""
    engine_s: float = 0.0
    windows: list[tuple[float, float]] = field(default_factory=list)


def simulate(policy: Policy, samples: Samples, decode: Decode) -> Work:
    """Stream `samples` through the policy to its end. Raises RuntimeError where it does not come to one."""
    work = Work()
    now_s, heard, ended = 0.0, 0, False
    landing: tuple[float, Hypothesis | None] | None = None
    while True:
        frame_s = min(heard + STEP_SAMPLES, len(samples)) / SAMPLE_RATE_HZ
        if landing is not None and (ended or landing[0] < frame_s):
            now_s = max(now_s, landing[0])
            hypothesis, landing = landing[1], None
            if hypothesis is None:
                policy.lose(now_s)
            else:
                policy.answer(hypothesis, now_s)
        elif not ended:
            now_s = max(now_s, frame_s)
            heard = min(heard + STEP_SAMPLES, len(samples))
            policy.hear(heard, now_s)
            if heard == len(samples):
                ended = True
                policy.end(now_s)
        elif policy.wake_s is not None and policy.wake_s > now_s:
            now_s = policy.wake_s
        else:
            return work
        if landing is None and (asked := policy.ask(now_s)) is not None:
            hypothesis, took_s = decode(_window(asked, samples))
            landing = (now_s + took_s, hypothesis)
            _count(work, asked, took_s, lost=hypothesis is None)


def _window(asked: Asked, samples: Samples) -> SpeechWindow:
    return SpeechWindow(
        utterance_key=asked.key,
        samples=samples[asked.start : asked.end],
        offset_s=asked.start / SAMPLE_RATE_HZ,
        is_final=asked.is_final,
        options=SpeechOptions(language="en"),
    )


def _count(work: Work, asked: Asked, took_s: float, *, lost: bool) -> None:
    work.decodes += 1
    work.losses += lost
    work.audio_s += (asked.end - asked.start) / SAMPLE_RATE_HZ
    work.engine_s += took_s
    work.windows.append((asked.start / SAMPLE_RATE_HZ, asked.end / SAMPLE_RATE_HZ))
    if work.losses > MOST_LOSSES:
        raise RuntimeError(f"the engine lost {work.losses} windows of one conversation")
