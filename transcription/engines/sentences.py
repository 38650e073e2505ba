"""What of an utterance is worth reading, sentence by sentence, for recognisers that read one at a time.

An utterance that the VAD found may hold two people's turns, or two thoughts of one, with too short a silence
between to close it. A language model of sentences and a mean cepstrum of one voice serve both badly. And how
much silence lies around a sentence is chance: what is heard should not hang on it. So a sentence starts a
fixed time before its first sample above a gate, ends a fixed time after its last loud block, and nothing else
is handed on. Where noise fills the pauses none is found, and everything is handed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.engines.cepstra import PRE_EMPHASIS, Pcm

GATE = 10 ** (-55 / 20) * 32768
"""-55 dBFS, the energy gate of the endpointer, in units of int16."""
BLOCK_SAMPLES = SAMPLE_RATE_HZ // 100
LEAD_SAMPLES = 12 * BLOCK_SAMPLES
"""Kept ahead of the gate, as first consonants are quiet: 0.12 s, which two turns 0.25 s apart both have."""
TAIL_BLOCKS = 10
"""Of a pause, what is read with the sentence before it: 0.1 s."""
PAUSE_BLOCKS = 20
"""0.2 s: a stop is closed for half of that; most gaps between turns are longer (Heldner and Edlund 2010,
"Pauses, gaps and overlaps in conversations")."""
PAUSE_DEPTH_DB = 30.0
"""How far below its loudest block a sentence pauses. Measured on made dialogue: 28 to 36 dB find the same
pauses, 24 dB finds some within words."""
LEAST_LOUD_BLOCKS = 10
"""0.1 s of speech, as the VAD wants it; less is a click and no sentence of its own."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A sentence starts at this sample of the utterance."""

    sample: int


@dataclass(frozen=True, slots=True)
class Said:
    """Samples of the sentence, shape (n,), without a gap to those before."""

    pcm: Pcm


@dataclass(frozen=True, slots=True)
class Ended:
    """A pause ended the sentence."""


class Sentences:
    """Of one utterance. However it is cut up on its way here, the sentences are the same."""

    def __init__(self) -> None:
        self._held: Pcm = np.zeros(0, np.int16)  # heard and not handed on
        self._held_from = 0
        self._open: _Sentence | None = None

    def push(self, pcm: Pcm) -> Iterator[Begun | Said | Ended]:
        """The samples that follow, int16, shape (n,)."""
        self._held = np.concatenate((self._held, pcm))
        while True:
            if self._open is None:
                lead = self._find_onset()
                if lead is None:
                    return
                self._open = _Sentence(lead)
                yield Begun(self._held_from)
            ready = self._open.scan(self._held)
            if ready:
                yield Said(self._hand_on(ready))
            if not self._open.ended:
                return
            self._open = None
            yield Ended()

    def rest(self) -> Pcm:
        """What the open sentence has left when nothing follows: less than a block, and nothing in a pause."""
        return self._held[: 0 if self._open is None or self._open.quiet else None]

    def _find_onset(self) -> int | None:
        """Let go of what lies before the next sentence; how many samples of it lie before the gate opens."""
        above = np.flatnonzero(np.abs(self._held.astype(np.int32)) >= GATE)
        until = int(above[0]) if len(above) else len(self._held)
        self._hand_on(max(0, until - LEAD_SAMPLES))
        return min(until, LEAD_SAMPLES) if len(above) else None

    def _hand_on(self, count: int) -> Pcm:
        pcm, self._held = self._held[:count], self._held[count:]
        self._held_from += count
        return pcm


class _Sentence:
    """The one that is open: looks at the level of its blocks, 10 ms each."""

    def __init__(self, lead_samples: int) -> None:
        self.quiet = 0
        self.ended = False
        self._loud = -(lead_samples // BLOCK_SAMPLES)
        self._loudest_db = -np.inf
        self._waiting = 0  # samples that were looked at and may prove to be of the pause that ends it
        self._before = 0.0

    def scan(self, held: Pcm) -> int:
        """Look at the whole blocks among the samples not handed on; how many of those may be handed on."""
        ready = 0
        for start in range(self._waiting, len(held) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
            self._judge(held[start : start + BLOCK_SAMPLES].astype(np.float64))
            self._waiting = start + BLOCK_SAMPLES
            if self.quiet <= TAIL_BLOCKS:
                ready = self._waiting
            self.ended = self.quiet >= PAUSE_BLOCKS and self._loud >= LEAST_LOUD_BLOCKS
            if self.ended:
                break
        self._waiting -= ready
        return ready

    def _judge(self, block: npt.NDArray[np.float64]) -> None:
        emphasised = block - PRE_EMPHASIS * np.concatenate(([self._before], block[:-1]))
        self._before = float(block[-1])
        level_db = 10 * float(np.log10(np.mean(emphasised**2) + 1e-3))
        self._loudest_db = max(self._loudest_db, level_db)
        if level_db < self._loudest_db - PAUSE_DEPTH_DB:
            self.quiet += 1
        else:
            self.quiet = 0
            self._loud += 1
