"""The seam between the simulated clock and a way of streaming; and the two ways that ours is held against.

A policy hears audio, asks for one window at a time, is answered, and keeps every text that a reader would
have seen, with its time. Hypotheses pass the product's guards against loops for all of them alike, since a
recogniser such as faster-whisper has like limits of its own: what is compared is when and what to decode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.words import Shown
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis
from transcription.models import Word
from transcription.streaming.agreement import common_prefix, fold
from transcription.streaming.guards import guard


@dataclass(frozen=True, slots=True)
class Asked:
    """A window: samples [start, end). Windows of one `key` start alike and only grow."""

    key: str
    start: int
    end: int
    is_final: bool


class Policy(Protocol):
    shown: list[Shown]
    cuts_s: list[float]
    """Where one window hands over to another one that starts elsewhere."""

    def hear(self, end: int, now_s: float) -> None:
        """Audio up to the sample `end` has come."""

    def end(self, now_s: float) -> None:
        """There is no more."""

    def ask(self, now_s: float) -> Asked | None:
        """Called after everything else; never while a window is on its way."""

    def answer(self, hypothesis: Hypothesis, now_s: float) -> None: ...

    def lose(self, now_s: float) -> None:
        """The window brought an error or nothing."""

    @property
    def wake_s(self) -> float | None:
        """When to ask again though nothing has come."""


class FixedWindows:
    """Windows of one length that overlap by half a second. In the overlap, words are the earlier window's up
    to its middle and the later one's from there: the best that can be done with times alone."""

    OVERLAP_S = 0.5

    def __init__(self, interval_s: float) -> None:
        """`interval_s`: from one window's start to the next one's; windows are longer by the overlap."""
        self.shown: list[Shown] = []
        self.cuts_s: list[float] = []
        self._stride = int(interval_s * SAMPLE_RATE_HZ)
        self._overlap = int(self.OVERLAP_S * SAMPLE_RATE_HZ)
        self._heard = 0
        self._start = 0
        self._asked: Asked | None = None
        self._ended = False
        self._texts = 0

    @property
    def wake_s(self) -> float | None:
        return None

    def hear(self, end: int, now_s: float) -> None:
        self._heard = end

    def end(self, now_s: float) -> None:
        self._ended = True

    def ask(self, now_s: float) -> Asked | None:
        end = self._start + self._stride + self._overlap
        last = self._ended and end >= self._heard
        if self._start >= self._heard or (end > self._heard and not last):
            return None
        self._asked = Asked(f"fixed:{self._start}", self._start, min(end, self._heard), is_final=True)
        return self._asked

    def answer(self, hypothesis: Hypothesis, now_s: float) -> None:
        assert self._asked is not None
        asked, half_s = self._asked, self.OVERLAP_S / 2
        from_s = asked.start / SAMPLE_RATE_HZ + (half_s if asked.start else 0.0)
        last = self._ended and asked.end == self._heard
        until_s = asked.end / SAMPLE_RATE_HZ - (0.0 if last else half_s)
        credible = guard(hypothesis, window_s=(asked.end - asked.start) / SAMPLE_RATE_HZ).words
        words = [w for w in credible if from_s <= (w.start_s + w.end_s) / 2 < until_s]
        if words:
            text = " ".join(word.text for word in words)
            self.shown.append(Shown(now_s, self._texts, text, True, words[0].start_s, words[-1].end_s))
            self._texts += 1
        self.cuts_s.append(until_s)
        self._start = self._heard if last else self._start + self._stride

    def lose(self, now_s: float) -> None:
        """The same window is asked for again."""


class LocalAgreement:
    """LocalAgreement-2 (Macháček, Dabre and Bojar 2023, arXiv 2307.14743, section 2 and 3): the buffer is
    decoded whole after every `interval_s` of new audio; what two hypotheses in a row begin with is confirmed
    and shown; a buffer longer than 15 s is trimmed at the end of a confirmed segment.

    `show_tail`: what is not confirmed is shown as well, as the paper's tool does not.
    """

    TRIM_S = 15.0
    LONGEST_S = 28.0
    """Where nothing is confirmed the buffer would outgrow the recogniser: then its last 15 s stay."""
    REPEAT_WITHIN_S = 1.0
    MOST_REPEATED = 5
    """An n-gram of up to this many words is skipped where it was confirmed just before."""
    SLACK_S = 0.1

    def __init__(self, interval_s: float, *, show_tail: bool = False) -> None:
        self.shown: list[Shown] = []
        self.cuts_s: list[float] = []
        self._interval = int(interval_s * SAMPLE_RATE_HZ)
        self._show_tail = show_tail
        self._heard = self._done = self._start = 0
        self._asked: Asked | None = None
        self._ended = self._closed = False
        self._confirmed: list[Word] = []
        self._before: list[Word] = []

    @property
    def wake_s(self) -> float | None:
        return None

    def hear(self, end: int, now_s: float) -> None:
        self._heard = end

    def end(self, now_s: float) -> None:
        self._ended = True

    def ask(self, now_s: float) -> Asked | None:
        new = self._heard - self._done
        if self._closed or (new < self._interval and not (self._ended and new > 0)):
            return None
        self._asked = Asked(f"agreement:{self._start}", self._start, self._heard, is_final=False)
        return self._asked

    def answer(self, hypothesis: Hypothesis, now_s: float) -> None:
        assert self._asked is not None
        self._done = self._asked.end
        window_s = (self._asked.end - self._asked.start) / SAMPLE_RATE_HZ
        words = self._unconfirmed(guard(hypothesis, window_s=window_s).words)
        count = common_prefix(self._before, words)
        self._confirmed += words[:count]
        self._before = words[count:]
        if self._ended and self._done == self._heard:
            self._confirmed += self._before
            self._before, self._closed = [], True
        self._tell(now_s)
        self._trim(hypothesis)

    def lose(self, now_s: float) -> None:
        """The buffer is asked for again with the next audio; at the end, at once."""
        if not self._ended:
            self._done = self._heard

    def _unconfirmed(self, words: Sequence[Word]) -> list[Word]:
        """The words after the last confirmed one, by time; then without what was confirmed by text."""
        if not self._confirmed:
            return list(words)
        until_s = self._confirmed[-1].end_s
        new = [word for word in words if word.start_s > until_s - self.SLACK_S]
        if new and abs(new[0].start_s - until_s) < self.REPEAT_WITHIN_S:
            for size in range(1, min(self.MOST_REPEATED, len(new), len(self._confirmed)) + 1):
                said = [fold(word.text) for word in self._confirmed[-size:]]
                if said == [fold(word.text) for word in new[:size]]:
                    return new[size:]
        return new

    def _tell(self, now_s: float) -> None:
        words = self._confirmed + (self._before if self._show_tail else [])
        text = " ".join(word.text for word in words)
        if words and (not self.shown or self.shown[-1].text != text or self._closed):
            stable = len(" ".join(word.text for word in self._confirmed))
            self.shown.append(
                Shown(now_s, 0, text, self._closed, words[0].start_s, words[-1].end_s, stable_chars=stable)
            )

    def _trim(self, hypothesis: Hypothesis) -> None:
        if self._done - self._start <= self.TRIM_S * SAMPLE_RATE_HZ or not self._confirmed:
            self._bound()
            return
        confirmed_s = self._confirmed[-1].end_s
        # The last segment may still grow, so one before it is looked for; else the last confirmed word.
        ends = [segment.end_s for segment in hypothesis.segments[:-1] if segment.end_s <= confirmed_s]
        at = int((ends[-1] if ends else confirmed_s) * SAMPLE_RATE_HZ)
        if at > self._start:
            self._start = at
            self.cuts_s.append(at / SAMPLE_RATE_HZ)
        self._bound()

    def _bound(self) -> None:
        if self._done - self._start > self.LONGEST_S * SAMPLE_RATE_HZ:
            self._start = self._done - int(self.TRIM_S * SAMPLE_RATE_HZ)
            self.cuts_s.append(self._start / SAMPLE_RATE_HZ)
