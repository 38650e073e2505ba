"""Speech between two endpoints, from its opening until its words are final."""

from __future__ import annotations

from dataclasses import dataclass

from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis
from transcription.models import Word
from transcription.streaming.cutting import Seam


@dataclass(slots=True)
class Utterance:
    """The core's own bookkeeping. Sample numbers are of the session.

    All its windows start at `start` and only grow, so that an engine can continue where it was.
    """

    id: int
    start: int
    speech_start: int
    """Where the speech was noticed; `start` lies before it by the pre-roll, or by the overlap of a cut."""
    covered_from: int
    """First sample that no earlier utterance has covered."""
    end: int | None = None
    """End of the final window; None while it is open."""
    cut_at: int | None = None
    """Where the next utterance may start, if that is before the window's end: at a forced cut, or within the
    silence that ended this one."""
    seam_before: Seam | None = None
    """How the previous utterance ended, where a forced cut lies between."""

    asked_until: int = 0
    heard_until: int = 0
    """Ends of the longest window asked for and of the longest one answered."""
    words: tuple[Word, ...] = ()
    """The latest hypothesis, past the guards and without what belongs to the utterance before."""
    stable: int = 0
    """How many of `words` are agreed on."""
    timed: bool = True
    """Their times are the engine's own."""
    looped: bool = False

    trial_silence: int | None = None
    """Start of the silence in which a final decode was asked for on trial."""
    trial: Hypothesis | None = None

    losses: int = 0
    first_loss_s: float | None = None

    def __post_init__(self) -> None:
        self.asked_until = self.heard_until = self.start

    @property
    def closed(self) -> bool:
        return self.end is not None

    @property
    def start_s(self) -> float:
        return self.start / SAMPLE_RATE_HZ

    @property
    def covered_until(self) -> int:
        """First sample after a closed utterance that the next one may claim."""
        if self.end is None:
            raise ValueError(f"utterance {self.id} is open")
        return self.end if self.cut_at is None else self.cut_at

    def close(self, end: int, *, cut_at: int | None = None) -> None:
        """No more audio belongs to it. The final window never ends before one that was asked for."""
        self.end = max(end, self.asked_until)
        self.cut_at = cut_at
