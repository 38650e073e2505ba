"""Who is held against whom, and how often each asks the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.streaming.ours import OurCore
from bench.streaming.policies import FixedWindows, LocalAgreement, Policy
from transcription.engines.base import Samples
from transcription.streaming.config import StreamConfig

OURS, AGREEMENT, FIXED = "ours", "LocalAgreement-2", "fixed windows"
OURS_STABLE, AGREEMENT_TAIL = "ours, its stable part alone", "LocalAgreement-2, its tail shown too"
OURS_SINGLE = "ours, its stable part alone, committed in one pass"
COMMIT_PROBABILITY = 0.7
"""What the adversary gives the words that it hears in full, and some of those that it does not."""

Make = Callable[[Samples, Sequence[float], float], Policy]


@dataclass(frozen=True, slots=True)
class Contender:
    """`intervals_s`: new audio before the next decode, for the curve; `own_s`: the one it is used with."""

    intervals_s: tuple[float, ...]
    own_s: float
    make: Make
    quick_s: tuple[float, ...] = ()
    """The part of the curve that is worth an engine's real time."""


def _ours(*, stable_only: bool = False, commit_probability: float = 0.0) -> Make:
    def make(samples: Samples, probabilities: Sequence[float], interval_s: float) -> Policy:
        config = StreamConfig(
            language="en",
            min_new_audio_s=interval_s,
            max_new_audio_s=max(interval_s, StreamConfig().max_new_audio_s),
            commit_probability=commit_probability,
        )
        return OurCore(samples, probabilities, config, stable_only=stable_only)

    return make


_OURS_S = (0.1, 0.2, 0.5, 0.7, 1.0, 2.0)
_AGREEMENT_S = (0.25, 0.5, 1.0, 2.0)
CONTENDERS: dict[str, Contender] = {
    OURS: Contender(_OURS_S, 0.2, _ours(), (0.2, 0.5, 0.7, 1.0, 2.0)),
    AGREEMENT: Contender(_AGREEMENT_S, 1.0, lambda _, __, s: LocalAgreement(s), (1.0, 2.0)),
    FIXED: Contender((0.5, 1.0, 1.5, 2.0), 1.5, lambda _, __, s: FixedWindows(s), (1.5,)),
    OURS_STABLE: Contender(_OURS_S, 0.2, _ours(stable_only=True)),
    OURS_SINGLE: Contender(_OURS_S, 0.2, _ours(stable_only=True, commit_probability=COMMIT_PROBABILITY)),
    AGREEMENT_TAIL: Contender(_AGREEMENT_S, 1.0, lambda _, __, s: LocalAgreement(s, show_tail=True)),
}
"""1.5 s from window to window is 2.0 s with 0.5 s overlap. The last three are for the record."""
