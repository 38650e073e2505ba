"""Where a core begins: at the first sample of a session, or where another core has left it."""

from __future__ import annotations

from dataclasses import dataclass

from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.streaming.agreement import fold
from transcription.streaming.cutting import Seam

CONTEXT_SAMPLES = 16 * FRAME_SAMPLES
"""About half a second, as a forced cut carries over: a word at the cut is heard whole."""


@dataclass(frozen=True, slots=True)
class StartAt:
    """What is final stays as it is; everything after `settled_until` is heard (again).

    Samples are of the session, 16 kHz. Raises ValueError unless `sample` and `judged` lie on frames.
    """

    sample: int = 0
    """The first that will be pushed."""
    judged: int = 0
    """The first frame whose speech probability will be pushed; audio from `sample` on is context for it."""
    settled_until: int = 0
    """Audio before it is final, was silence, or was taken back."""
    segment_id: int = 0
    revision: int = 0
    """The next revision of that segment: what was shown of it and is not final may be shown again."""
    first_id: int = 0
    """Utterances and requests are numbered from here, so that no engine takes them for those of before."""
    seam: Seam | None = None
    """The cut at `settled_until`, should it turn out that speech went on over it."""

    def __post_init__(self) -> None:
        if self.sample % FRAME_SAMPLES or self.judged % FRAME_SAMPLES:
            raise ValueError("a core starts at the edge of a frame")
        if not 0 <= self.sample <= self.judged:
            raise ValueError("the audio of a frame that is judged must be pushed")


def start_after(
    settled_until: int,
    *,
    segment_id: int,
    last_word: str = "",
    revision: int = 0,
    first_id: int = 0,
) -> StartAt:
    """Go on behind the last final; `last_word` of it tells its rest from what is new."""
    judged = settled_until - settled_until % FRAME_SAMPLES
    before = fold(last_word) if last_word else None
    return StartAt(
        sample=max(0, judged - CONTEXT_SAMPLES),
        judged=judged,
        settled_until=settled_until,
        segment_id=segment_id,
        revision=revision,
        first_id=first_id,
        seam=Seam(settled_until / SAMPLE_RATE_HZ, before) if settled_until else None,
    )
