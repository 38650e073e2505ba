"""One pocketsphinx decoder and the utterance that it holds. Runs in a child process (it keeps the GIL).

The answer for a window is the same however it came here, in one piece or in a hundred, and whatever was
decoded before: the cepstral mean is set anew at fixed places of the utterance, from what lies before them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.engines.cepstra import CepstralMean, Pcm
from transcription.engines.sentences import LEAD_SAMPLES, Begun, Said, Sentences
from transcription.engines.vocal_tract import UNWARPED, Warps

FRAMES_PER_SECOND = 100
STEP_SAMPLES = 3_200
"""Between two settings of the cepstral mean: 0.2 s."""
HeardWord = tuple[str, float, float, float | None]
"""text, start and end in seconds from the utterance's first sample, lattice posterior (finals) or None."""


def new_decoder(options: dict[str, Any]) -> Any:
    """A decoder of the wheel's en-US model, about 91 MB. `options` are pocketsphinx' own, by name.

    Its second pass (`fwdflat`) is off: measured, it takes 22 ms per second of audio after the last sample,
    where the best path through the first pass' lattice takes 2, and reads no word better.

    A warp is always named: pocketsphinx 5.0.4 keeps the last one named for the whole process, takes the same
    name again for no change, and a decoder made without any for the end of all warping.
    """
    from pocketsphinx import Decoder

    return Decoder(**{"loglevel": "FATAL", "fwdflat": False, "warp_params": "1.0", **options})


class MelFilters:
    """Those of one decoder, and how they are moved: both ends and what lies between to the same multiple."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._ends_hz = (decoder.config["lowerf"], decoder.config["upperf"])
        self._warp = 1.0

    def move(self, warp: float) -> None:
        """Between utterances. Takes 0.03 ms, as the model stays. A warp by `warp_params` alone leaves the
        ends where they are, and reads voices with other vocal tracts little better."""
        if warp == self._warp:
            return
        config = self._decoder.config
        config["warp_params"] = str(warp)
        config["lowerf"] = self._ends_hz[0] * warp
        config["upperf"] = min(self._ends_hz[1] * warp, config["samprate"] / 2)
        self._decoder.reinit_feat(config)
        self._warp = warp


class UtteranceDecoder:
    """Holds at most one utterance; `start` forgets the one before.

    It is read sentence by sentence (`sentences`), each with its own cepstral mean, its own place in the
    language model and its own last pass. The words of a sentence that has ended stay.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._decoder = new_decoder(options)
        self._filters = MelFilters(self._decoder)
        self._open = False
        self.start()

    @property
    def settled(self) -> int:
        """How many words, from the first on, nothing that follows can change."""
        return len(self._said)

    @property
    def complete(self) -> bool:
        """True where `finish` would change nothing: no sentence is open."""
        return not self._open

    def start(self) -> None:
        self.fed_samples = 0
        self._said: list[HeardWord] = []
        self._sentences = Sentences()
        if self._open:
            # It was abandoned, or broke; what the end of it raises is nobody's any more.
            self._open = False
            with suppress(RuntimeError):
                self._decoder.end_utt()

    def feed(self, pcm: Pcm, warps: Warps = UNWARPED) -> None:
        """Samples that follow those fed before, int16, shape (n,). `warps`: on the utterance's samples; each
        sentence that begins here has the one of its onset."""
        for part in self._sentences.push(pcm):
            if isinstance(part, Said):
                self._read(part.pcm)
            elif isinstance(part, Begun):
                self._begin(part.sample, warps.at(part.sample + LEAD_SAMPLES))
            else:
                self._end()
        self.fed_samples += len(pcm)

    def partial(self) -> list[HeardWord]:
        return self._said + (self._words(with_probability=False) if self._open else [])

    def finish(self) -> list[HeardWord]:
        """The last pass over the sentence that is open; the utterance is closed afterwards."""
        if self._open:
            self._read(self._sentences.rest())
            self._end()
        return self._said

    def _begin(self, sample: int, warp: float) -> None:
        self._filters.move(warp)
        self._decoder.start_stream()  # forgets the noise floor, which would be carried over otherwise
        self._decoder.start_utt()
        self._open = True
        self._start_s = sample / SAMPLE_RATE_HZ
        self._mean = CepstralMean(warp)
        self._read_samples = 0

    def _read(self, pcm: Pcm) -> None:
        done = 0
        while done < len(pcm):
            if self._read_samples % STEP_SAMPLES == 0:
                self._decoder.set_cmn(",".join(f"{value:.3f}" for value in self._mean.value))
            room = STEP_SAMPLES - self._read_samples % STEP_SAMPLES
            piece = pcm[done : done + room]
            self._decoder.process_raw(piece.tobytes(), False, False)
            self._mean.push(piece)
            self._read_samples += len(piece)
            done += len(piece)

    def _end(self) -> None:
        self._decoder.end_utt()
        self._open = False
        self._said += self._words(with_probability=True)

    def _words(self, *, with_probability: bool) -> list[HeardWord]:
        words: list[HeardWord] = []
        for entry in self._decoder.seg() or ():
            text = _plain(entry.word)
            if text:
                probability = min(1.0, float(np.float64(entry.prob))) if with_probability else None
                start_s = self._start_s + entry.start_frame / FRAMES_PER_SECOND
                end_s = self._start_s + (entry.end_frame + 1) / FRAMES_PER_SECOND
                words.append((text, start_s, end_s, probability))
        return words


def _plain(entry: str) -> str:
    """A dictionary entry as a word: "read(2)" is another way to say "read"; fillers are no words."""
    if entry.startswith(("<", "[", "+")):
        return ""
    return entry.split("(", 1)[0]
