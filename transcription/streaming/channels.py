"""Several channels of one session, each a speaker of its own: a core each, and one face to their driver.

Sans-I/O like the cores. It has the calls of `StreamingCore`, with samples and probabilities by channel.
One decode is in flight for all of them: a session costs an engine no more than one with a single channel, and
what the engine is asked first is what is shown first, the oldest utterance of all that are not final.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, Samples
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import (
    DecodeRequest,
    EventDetails,
    FinalSegment,
    PartialSegment,
    StreamEvent,
    StreamEventType,
)
from transcription.streaming.merging import NEVER_AGAIN_S, Said, SegmentMerge
from transcription.streaming.start import StartAt


class ChannelCores:
    """One session. `starts`: by channel, to go on with a session that others began: all from the same
    `sample` and with the same segment id and revision, each from its own `judged` and `settled_until`."""

    def __init__(
        self, config: StreamConfig | None = None, *, channels: int = 2, starts: Sequence[StartAt] = ()
    ) -> None:
        starts = starts or [StartAt()] * channels
        if len({(start.sample, start.segment_id, start.revision) for start in starts}) > 1:
            raise ValueError("channels go on from the same sample, with the same segment")
        self._cores = [StreamingCore(config, start=start) for start in starts]
        self._merge = SegmentMerge(len(starts), segment_id=starts[0].segment_id, revision=starts[0].revision)
        first = min(start.judged for start in starts)
        self._frames_to_skip = [(start.judged - first) // FRAME_SAMPLES for start in starts]
        self._asked: int | None = None  # the request that is on its way
        self._brought: list[int | None] = [None] * len(starts)  # the latest answered request, by channel
        self._seq = 0
        self._speaking: set[int] = set()

    # Audio in

    def push_audio(self, samples: Samples, now_s: float) -> list[StreamEvent]:
        """float32 samples, 16 kHz, shape (n, channels). As `StreamingCore.push_audio`."""
        columns = [np.ascontiguousarray(samples[:, channel]) for channel in range(len(self._cores))]
        return self._each(core.push_audio(columns[i], now_s) for i, core in enumerate(self._cores))

    def push_speech(self, probabilities: Sequence[Sequence[float]], now_s: float) -> list[StreamEvent]:
        """By channel, the speech probabilities of the next frames. As `StreamingCore.push_speech`."""
        heard = []
        for channel, core in enumerate(self._cores):
            skipped = min(self._frames_to_skip[channel], len(probabilities[channel]))
            self._frames_to_skip[channel] -= skipped
            heard.append(core.push_speech(probabilities[channel][skipped:], now_s))
        return self._each(heard)

    def finish(self, now_s: float) -> list[StreamEvent]:
        return self._each(core.finish(now_s) for core in self._cores)

    def flush(self, now_s: float) -> list[StreamEvent]:
        return self._each(core.flush(now_s) for core in self._cores)

    def clear(self, now_s: float) -> list[StreamEvent]:
        """As `StreamingCore.clear`; finals that nobody was shown yet are dropped too."""
        self._merge.clear()
        return self._each(core.clear(now_s) for core in self._cores)

    def configure(self, **changes: Any) -> None:
        for core in self._cores:
            core.configure(**changes)

    # Decodes out, hypotheses in

    def next_decode(self, now_s: float) -> DecodeRequest | None:
        """The window to decode now, if any; None while one is on its way."""
        if self._asked is not None:
            return None
        for channel in sorted(range(len(self._cores)), key=lambda i: self._cores[i].covered_until_sample):
            if request := self._cores[channel].next_decode(now_s):
                self._asked = self._outer(channel, request.id)
                utterance_id = self._outer(channel, request.utterance_id)
                return replace(request, id=self._asked, utterance_id=utterance_id)
        return None

    def window(self, request: DecodeRequest) -> Samples:
        return self._cores[request.id % len(self._cores)].window(request)

    def channel_of(self, request: DecodeRequest) -> int:
        return request.id % len(self._cores)

    def accept(self, request_id: int, hypothesis: Hypothesis, now_s: float) -> list[StreamEvent]:
        channel, inner = self._landed(request_id)
        self._brought[channel] = request_id
        return self._said(channel, self._cores[channel].accept(inner, hypothesis, now_s))

    def decode_lost(self, request_id: int, now_s: float) -> list[StreamEvent]:
        channel, inner = self._landed(request_id)
        return self._said(channel, self._cores[channel].decode_lost(inner, now_s))

    # What a driver may ask

    @property
    def config(self) -> StreamConfig:
        return self._cores[0].config

    @property
    def done(self) -> bool:
        return all(core.done for core in self._cores)

    @property
    def idle_until_s(self) -> float | None:
        if self._asked is not None:
            return None
        return min((t for core in self._cores if (t := core.idle_until_s) is not None), default=None)

    @property
    def covered_until_sample(self) -> int:
        """Audio before this sample is final in every channel and was said, or was silence."""
        return self._merge.covered_until([core.covered_until_sample for core in self._cores])

    @property
    def samples_held(self) -> int:
        return sum(core.samples_held for core in self._cores)

    def event(self, kind: StreamEventType, payload: Mapping[str, Any]) -> StreamEvent:
        return self._numbered(kind, EventDetails(payload), None)

    # Inside

    def _outer(self, channel: int, number: int) -> int:
        """A core's number of a request or an utterance as the session's: no two channels have the same."""
        return number * len(self._cores) + channel

    def _landed(self, request_id: int) -> tuple[int, int]:
        if request_id == self._asked:
            self._asked = None
        inner, channel = divmod(request_id, len(self._cores))
        return channel, inner

    def _each(self, batches: Iterable[list[StreamEvent]]) -> list[StreamEvent]:
        """The events of every channel after a call that all of them had."""
        return [
            event for channel, batch in enumerate(batches) for event in self._taken(channel, batch)
        ] + self._released()

    def _said(self, channel: int, events: list[StreamEvent]) -> list[StreamEvent]:
        return [*self._taken(channel, events), *self._released()]

    def _taken(self, channel: int, events: list[StreamEvent]) -> list[StreamEvent]:
        """What is said at once of a channel's events; its segments wait for their turn."""
        said = []
        for event in events:
            if isinstance(event.payload, (PartialSegment, FinalSegment)):
                # A final that was decoded on trial came of the latest answer before its silence had lasted.
                self._merge.take(channel, event.payload, self._brought[channel])
            elif event.type in (StreamEventType.SPEECH_STARTED, StreamEventType.SPEECH_ENDED):
                if self._turns_speech(channel, event.type):
                    said.append(self._numbered(event.type, event.payload, None))
            else:
                said.append(self._numbered(event.type, event.payload, event.request_id))
        return said

    def _turns_speech(self, channel: int, kind: StreamEventType) -> bool:
        """Whether now somebody speaks where nobody did, or nobody where somebody did."""
        before = bool(self._speaking)
        if kind is StreamEventType.SPEECH_STARTED:
            self._speaking.add(channel)
        else:
            self._speaking.discard(channel)
        return bool(self._speaking) != before

    def _released(self) -> list[StreamEvent]:
        settled_s = [
            NEVER_AGAIN_S if core.done else core.covered_until_sample / SAMPLE_RATE_HZ for core in self._cores
        ]
        events = []
        for said, request_id in self._merge.release(settled_s):
            is_final = isinstance(said, FinalSegment)
            kind = StreamEventType.FINAL_SEGMENT if is_final else StreamEventType.PARTIAL_SEGMENT
            events.append(self._numbered(kind, said, request_id))
        return events

    def _numbered(
        self, kind: StreamEventType, payload: Said | EventDetails, request_id: int | None
    ) -> StreamEvent:
        event = StreamEvent(kind, self._seq, payload, request_id)
        self._seq += 1
        return event
