"""How long the vocal tracts of a recording are, for the embedded recogniser: one warp for each sentence.

A shorter vocal tract has all its formants higher. The recogniser's model was trained on adults, and reads a
voice beyond them when its mel filters lie at a multiple (the warp) of where they lie otherwise (Lee and Rose
1998, "A frequency warping approach to speaker normalization"). The warp is the one whose cepstra the model
likes best before any word is known, by the mixture of its Gaussians of all phones (Welling, Ney and Kanthak
2002, "Speaker adaptive modeling by vocal tract normalization").
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.engines.cepstra import Pcm, to_pcm
from transcription.engines.gaussians import Gaussians, log_likelihoods
from transcription.engines.sentences import Begun, Said, Sentences

WARPS = tuple(round(1.03**step, 3) for step in range(-7, 8))
"""0.81 to 1.23 in steps of 3 %; Lee and Rose have 0.88 to 1.12 in steps of 2 % for adults."""
_LONGEST_SAMPLES = 10 * SAMPLE_RATE_HZ
"""Where noise fills the pauses speech is cut here, to look at one voice at a time."""
_PIECE_SAMPLES = 10 * SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Warps:
    """From each of these samples on, in order, that warp; before the first, and without any, 1."""

    samples: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    def at(self, sample: int) -> float:
        index = bisect_right(self.samples, sample)
        return self.values[index - 1] if index else 1.0

    def within(self, start: int, end: int) -> Warps:
        """Those of a window, counted from its first sample."""
        first, last = bisect_right(self.samples, start), bisect_right(self.samples, end)
        samples = (0, *(sample - start for sample in self.samples[first:last]))
        return Warps(samples, (self.at(start), *self.values[first:last]))


UNWARPED = Warps()


def estimate(samples: Samples, gaussians: Gaussians, on_progress: Callable[[float], None]) -> Warps:
    """Of a whole recording, float32 in [-1, 1], shape (n,). `on_progress` is told 0 every 10 s of audio, as a
    sign of life.

    Each sentence decides for itself. Measured on pairs of voices, a prior learned from all sentences of the
    recording reads no more words right, and draws some voices to the warp of another.
    """
    starts, values = [], []
    for start, pcm in _sentences(_pieces(samples, on_progress)):
        likelihoods = log_likelihoods(pcm, WARPS, gaussians)
        starts.append(start)
        values.append(WARPS[int(likelihoods.argmax())] if len(likelihoods) else 1.0)
    return Warps(tuple(starts), tuple(values))


def _pieces(samples: Samples, on_progress: Callable[[float], None]) -> Iterator[Pcm]:
    for start in range(0, len(samples), _PIECE_SAMPLES):
        on_progress(0.0)
        yield to_pcm(samples[start : start + _PIECE_SAMPLES])


def _sentences(pieces: Iterable[Pcm]) -> Iterator[tuple[int, Pcm]]:
    """Each with its first sample, which lies LEAD_SAMPLES ahead of its onset."""
    sentences = Sentences()
    start, said = 0, list[Pcm]()

    def close() -> Iterator[tuple[int, Pcm]]:
        nonlocal start
        if any(map(len, said)):
            pcm = np.concatenate(said)
            said.clear()
            yield start, pcm
            start += len(pcm)

    for piece in pieces:
        for part in sentences.push(piece):
            if isinstance(part, Begun):
                yield from close()
                start = part.sample
            elif isinstance(part, Said):
                said.append(part.pcm)
                if sum(map(len, said)) >= _LONGEST_SAMPLES:
                    yield from close()
    said.append(sentences.rest())
    yield from close()
