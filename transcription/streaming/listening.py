"""From samples and speech probabilities to utterances: which is open, which closed, what audio to keep."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.models import Word
from transcription.streaming.config import StreamConfig
from transcription.streaming.cutting import LOOK_BACK_S, Seam, choose_cut, seam_after, split
from transcription.streaming.endpointing import Endpointer, SpeechEnd, SpeechStart, is_quiet
from transcription.streaming.planning import TAIL_SAMPLES
from transcription.streaming.samples import SampleBuffer
from transcription.streaming.start import StartAt
from transcription.streaming.utterance import Utterance

_PAUSE_SAMPLES = 5 * FRAME_SAMPLES
"""A pause of 160 ms ends an utterance that has become as long as one may be, as if it were a whole one."""
_PATIENT_PART = 0.4
"""Up to this part of the longest utterance a pause must last as long as is set; from there on ever less."""
_LOOK_BACK_SAMPLES = int(LOOK_BACK_S * SAMPLE_RATE_HZ)


@dataclass(frozen=True, slots=True)
class Opened:
    """Speech began at `sample`."""

    sample: int


@dataclass(frozen=True, slots=True)
class Closed:
    """An utterance ended with the speech at `sample`; `silence_start` where silence was what ended it."""

    utterance: Utterance
    sample: int
    silence_start: int | None


class Listener:
    """The audio side of the core. `utterances`: those not final yet, oldest first; the last may be open."""

    def __init__(self, start: StartAt) -> None:
        self.buffer = SampleBuffer(start.sample)
        self.endpointer = Endpointer(start.judged)
        self.utterances: deque[Utterance] = deque()
        self.covered_until = start.settled_until
        """Audio before this sample is final, or was silence. Never goes back."""
        self._recent: deque[float] = deque(maxlen=_LOOK_BACK_SAMPLES // FRAME_SAMPLES)
        self._next_id = start.first_id
        self._claimed_until = start.settled_until  # first sample that the next utterance may start at
        self._start: StartAt | None = start  # until the first utterance has begun

    @property
    def open(self) -> Utterance | None:
        last = self.utterances[-1] if self.utterances else None
        return last if last and not last.closed else None

    @property
    def all_judged(self) -> bool:
        """True where every whole frame has its speech probability."""
        return self.buffer.end - self.endpointer.judged < FRAME_SAMPLES

    def own_words(self, words: Sequence[Word]) -> int:
        """How many words of the oldest utterance's final lie before the forced cut that ended it; all where
        none did. They settle where the cut is for the next one."""
        following = self.utterances[1] if len(self.utterances) > 1 else None
        if following is None or following.seam_before is None:
            return len(words)
        count = split(words, following.seam_before)
        following.seam_before = seam_after(words, count, following.seam_before)
        return count

    def earliest_cut_s(self, utterance: Utterance, config: StreamConfig) -> float:
        """No forced cut of the oldest utterance lies, or will lie, before this."""
        following = self.utterances[1] if len(self.utterances) > 1 else None
        if utterance.end is not None and (following is None or following.seam_before is None):
            return utterance.end / SAMPLE_RATE_HZ
        longest_s = config.max_utterance_s
        return utterance.start_s + max(longest_s / 2, longest_s - LOOK_BACK_S)

    def judge(self, probability: float, config: StreamConfig) -> Opened | Closed | None:
        """Take the speech probability of the next frame. Raises ValueError where its audio has not come."""
        start = self.endpointer.judged
        end = start + FRAME_SAMPLES
        if end > self.buffer.end:
            raise ValueError(f"a speech probability for samples up to {end}, before the audio came")
        heard = 0.0 if is_quiet(self.buffer.view(start, end)) else float(probability)
        self._recent.append(heard)
        boundary = self.endpointer.push(heard, config)
        if isinstance(boundary, SpeechStart):
            return self._begin(boundary.sample, config)
        utterance = self.open
        if utterance is None:
            return None
        if isinstance(boundary, SpeechEnd):
            return self._close(utterance, end, boundary.sample)
        silence_start = self.endpointer.silence_start
        length_s = (end - utterance.start) / SAMPLE_RATE_HZ
        if silence_start is not None and end - silence_start >= _enough_silence(length_s, config):
            self.endpointer.stop()
            return self._close(utterance, end, silence_start)
        if length_s >= config.max_utterance_s:
            self._cut(utterance, end, config)
        return None

    def close_open(self, *, at_end: bool) -> Closed | None:
        """Close what is open: where the frames end, or `at_end`, where the audio does."""
        utterance = self.open
        silence_start = self.endpointer.silence_start
        if utterance is None:
            return None
        self.endpointer.stop()
        return self._close(utterance, self.buffer.end if at_end else self.endpointer.judged, silence_start)

    def clear(self) -> bool:
        """Drop all that is not final, and the audio. True where an utterance was open."""
        was_open = self.open is not None
        self.endpointer.stop()
        self.utterances.clear()
        self._claimed_until = self.covered_until = self.buffer.end
        return was_open

    def release(self, config: StreamConfig, *, ended: bool) -> None:
        """Let go of audio that no window can reach any more. `ended`: no more comes."""
        if self.utterances:
            self.buffer.drop_before(self.utterances[0].start)
            self.covered_until = max(self.covered_until, self.utterances[0].covered_from)
            return
        judged, run_start = self.endpointer.judged, self.endpointer.run_start
        frontier = judged if run_start is None else run_start
        padding = config.prefix_padding_ms * SAMPLE_RATE_HZ // 1000
        # Until speech has begun after a start it may turn out to be the rest of speech that was cut there.
        floor = self._claimed_until if self._start is None else self._start.sample
        self.buffer.drop_before(min(max(floor, frontier - padding), judged))
        self.covered_until = max(self.covered_until, self.buffer.end if ended else frontier)

    def _begin(self, sample: int, config: StreamConfig) -> Opened:
        begun, self._start = self._start, None
        if begun and begun.seam and sample <= begun.settled_until:
            cut = begun.settled_until
            self._add(self.buffer.start, cut, cut, begun.seam)
            return Opened(cut)
        padding = config.prefix_padding_ms * SAMPLE_RATE_HZ // 1000
        floor = max(self._claimed_until, self.buffer.start)
        speech_start = max(sample, floor)
        self._add(max(sample - padding, floor), speech_start, floor, None)
        return Opened(speech_start)

    def _close(self, utterance: Utterance, end: int, silence_start: int | None) -> Closed:
        if silence_start is None:
            utterance.close(end)
        else:
            # The next word's onset may lie in the last frames of a short silence: half of it is left to that.
            window_end = min(end, silence_start + TAIL_SAMPLES)
            utterance.close(window_end, cut_at=min(window_end, (silence_start + end) // 2))
        self._claimed_until = utterance.covered_until
        return Closed(utterance, end if silence_start is None else silence_start, silence_start)

    def _cut(self, utterance: Utterance, end: int, config: StreamConfig) -> None:
        """End an utterance while speech goes on, and open the next one a little before that point."""
        overlap = int(config.overlap_s * SAMPLE_RATE_HZ)
        cut_at, seam = choose_cut(
            utterance.words,
            utterance.stable,
            self._recent,
            self.buffer.view(max(utterance.start, end - _LOOK_BACK_SAMPLES), end),
            start=utterance.start,
            end=end,
            overlap=overlap,
        )
        utterance.close(min(cut_at + overlap, end), cut_at=cut_at)
        utterance.trial_silence = utterance.trial = None
        self._claimed_until = cut_at
        self._add(cut_at - overlap, cut_at, cut_at, seam)

    def _add(self, start: int, speech_start: int, covered_from: int, seam: Seam | None) -> None:
        self.utterances.append(Utterance(self._next_id, start, speech_start, covered_from, seam_before=seam))
        self._next_id += 1


def _enough_silence(length_s: float, config: StreamConfig) -> float:
    """Samples of silence that end an utterance of this length: a forced cut is worse than an early end, and a
    long window costs more with every decode."""
    whole = config.min_silence_duration_ms * SAMPLE_RATE_HZ / 1000
    patient_s = _PATIENT_PART * config.max_utterance_s
    worn = min(max((length_s - patient_s) / (config.max_utterance_s - patient_s), 0.0), 1.0)
    return whole + worn * (min(_PAUSE_SAMPLES, whole) - whole)
