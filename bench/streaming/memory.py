"""What a session's memory grows by in an hour: VAD and core, finals handed on as they come.

Run in a process of its own, where `tracemalloc` sees every allocation of Python and NumPy.
"""

from __future__ import annotations

import gc
import tracemalloc
from bisect import bisect_left

from bench.streaming.conversations import Conversation
from transcription.audio.vad import SileroVad
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, HypothesisSegment
from transcription.models import Word, join_text
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import DecodeRequest

_STEP = SAMPLE_RATE_HZ // 10
_LOOK_EVERY = 2 * SAMPLE_RATE_HZ
_NOT_OURS = (
    tracemalloc.Filter(False, tracemalloc.__file__),
    # The interpreter's table of interned strings, as old as the process, is put down to the line that happens
    # to make it move: this one, which makes a dictionary at each run of the VAD.
    tracemalloc.Filter(False, "*/numpy/lib/*stride_tricks*"),
)


def growth_bytes(conversation: Conversation, *, minutes: int) -> tuple[int, int]:
    """The most memory held in the first round of the conversation (about a minute), and in the last one
    of `minutes`. The most, since a buffer that is replaced as it fills is a saw-tooth, and two moments of it
    say nothing. The engine answers at once with the true words."""
    core = StreamingCore(StreamConfig(language="en"))
    vad = SileroVad().stream()
    starts_s = [word.start_s for word in conversation.words]
    samples = conversation.samples[: len(conversation.samples) // _STEP * _STEP]
    length_s = len(samples) / SAMPLE_RATE_HZ

    def heard(request: DecodeRequest) -> Hypothesis:
        from_s, until_s = request.start_sample / SAMPLE_RATE_HZ, request.end_sample / SAMPLE_RATE_HZ
        words: list[Word] = []
        for turn in range(int(from_s / length_s), int(until_s / length_s) + 1):
            shift_s = turn * length_s
            for word in conversation.words[bisect_left(starts_s, from_s - shift_s) :]:
                if word.end_s + shift_s > until_s:
                    break
                words.append(Word(word.text, word.start_s + shift_s, word.end_s + shift_s, 0.9))
        if not words:
            return Hypothesis((), language="en")
        text = join_text(word.text for word in words)
        return Hypothesis(
            (HypothesisSegment(words[0].start_s, words[-1].end_s, text, tuple(words)),), language="en"
        )

    held: list[int] = []
    now_s = 0.0
    rounds = max(2, round(minutes * 60 / length_s))
    tracemalloc.start()
    for turn in range(rounds):
        most = 0
        for start in range(0, len(samples), _STEP):
            piece = samples[start : start + _STEP]
            now_s += 0.1
            core.push_audio(piece, now_s)
            core.push_speech([float(p) for p in vad.push(piece)], now_s)
            while (request := core.next_decode(now_s)) is not None:
                core.accept(request.id, heard(request), now_s)
            if turn in {0, rounds - 1} and start % _LOOK_EVERY == 0:
                most = max(most, _held_bytes())
        if turn in {0, rounds - 1}:
            held.append(most)
    tracemalloc.stop()
    return held[0], held[1]


def _held_bytes() -> int:
    gc.collect()
    traces = tracemalloc.take_snapshot().filter_traces(_NOT_OURS).traces
    return sum(trace.size for trace in traces)
