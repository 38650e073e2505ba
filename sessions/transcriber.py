"""Drives one session's streaming core: bytes in, events out; one decode in flight; waits for no engine.

No socket and no database. Its owner calls `step` whenever `wake` is set or `next_timer_s` has come.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sessions.backlog import Resumption
from sessions.clock import Clock
from sessions.decoding import DecodeNotSent, Decoder
from sessions.ears import Core, Ears, make_core
from sessions.figures import SessionFigures
from sessions.meter import Extent, Meter, Piece
from sessions.parameters import StreamParameters
from sessions.pending import Mark, Pending
from sessions.receipts import Receipts
from sessions.spoken import Cleared, DecodeTimes, Spoken, samples_of
from sessions.voice import SpeechStream, VoiceDetector
from sessions.wire import DecodeOrder, DecodeReply
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.streaming.channels import ChannelCores
from transcription.streaming.config import StreamConfig
from transcription.streaming.events import DecodeRequest, FinalSegment, StreamEvent, StreamEventType

logger = logging.getLogger(__name__)

KEPT_DECODES = 128
"""What one channel said may be told 15 s later; the engine is asked five times a second at most."""
STEP_S = 1.0
"""The most audio of one step: a burst of a minute must not keep the VAD from the other sessions."""


@dataclass(frozen=True, slots=True)
class _Flight:
    request: DecodeRequest
    order: DecodeOrder
    deadline_s: float


class Transcriber:
    def __init__(
        self,
        *,
        session_id: str,
        parameters: StreamParameters,
        meter: Meter,
        model: str,
        config: StreamConfig,
        detector: VoiceDetector,
        speech: Sequence[SpeechStream],
        decoder: Decoder,
        chunk_timeout_s: float,
        figures: SessionFigures,
        clock: Clock,
        resumption: Resumption | None = None,
    ) -> None:
        self.core: Core = make_core(
            config, channels=len(speech), separate=parameters.multichannel, resumption=resumption
        )
        self.wake = asyncio.Event()
        self.meter = meter
        self.receipts = Receipts(Extent())
        self.last_answer_s: float | None = None
        self._session_id = session_id
        self._model = model
        self._ears = Ears(
            self.core,
            parameters.audio_format,
            detector=detector,
            speech=speech,
            clock=clock,
            resumption=resumption,
        )
        self._decoder = decoder
        self._chunk_timeout_s = chunk_timeout_s
        self._figures = figures
        self._clock = clock
        self._pending = Pending(meter.total.audio_s)
        self._resumed_at_s = meter.total.audio_s  # audio before it was here, and nobody waits for its words
        self._backlog = resumption.backlog if resumption else None
        self._replies: deque[DecodeReply] = deque()
        self._flight: _Flight | None = None
        self._utterance_ids: dict[int, int] = {}  # by channel, of the latest decode
        # By a final or a clear:
        self._settled_until_s = resumption.settled_until / SAMPLE_RATE_HZ if resumption else 0.0
        self._last_decode: DecodeTimes | None = None
        self._keeps_voices = config.enable_diarization and not parameters.multichannel
        self._final_window: tuple[int, Samples] | None = None  # of the latest final decode, and its start
        self._decodes: dict[int, DecodeTimes] = {}  # of which something may still be said, by request
        self._speech_ended_at: float | None = None
        self._ending = False
        self._finished = False
        if resumption:
            self.receipts.note(meter.total, resumption.received_at)
            self.wake.set()
        decoder.register(session_id, self._on_reply)

    @property
    def audio_s(self) -> float:
        """Audio received, seconds."""
        return self.meter.total.audio_s

    @property
    def lag_s(self) -> float:
        """Audio received minus audio transcribed (silence is transcribed once it is known to be silence)."""
        answered = self._last_decode.end_sample if self._last_decode else 0
        transcribed_s = max(self.core.covered_until_sample, answered) / SAMPLE_RATE_HZ
        return max(0.0, self.audio_s - max(transcribed_s, self._resumed_at_s))

    @property
    def done(self) -> bool:
        """Ended, and everything that was said is final."""
        return self._finished and self.core.done

    @property
    def next_timer_s(self) -> float | None:
        """When `step` may have something to do without being woken, on the monotonic clock."""
        return self._flight.deadline_s if self._flight else self.core.idle_until_s

    def feed(self, piece: Piece) -> None:
        """Take audio; returns at once."""
        self.meter.count(piece)
        self._pending.put_audio(piece.data, self.audio_s)
        self.receipts.note(self.meter.total, self._clock.unix_s())
        self.wake.set()

    def flush(self) -> None:
        """Everything fed so far becomes final; what speech goes on opens a new utterance."""
        self._pending.put_mark(Mark.FLUSH)
        self.wake.set()

    def clear(self) -> None:
        """Everything fed so far that is not final is dropped."""
        self._pending.put_mark(Mark.CLEAR)
        self.wake.set()

    def finish(self) -> None:
        """No more bytes come."""
        self._ending = True
        self.wake.set()

    def close(self) -> None:
        """Let go of replies and of the audio in Redis."""
        self._decoder.unregister(self._session_id)

    async def step(self) -> list[Spoken | Cleared]:
        """Do what can be done now; the events that came of it, in order."""
        spoken: list[Spoken | Cleared] = []
        while self._replies:
            spoken += await self._take(self._replies.popleft())
        spoken += await self._hear()
        spoken += self._give_up_overdue()
        spoken += await self._ask()
        if self._pending or self._replies or self._backlog:
            self.wake.set()
        return spoken

    # Audio

    async def _hear(self) -> list[Spoken | Cleared]:
        spoken: list[Spoken | Cleared] = []
        if data := await self._take_audio():
            spoken += self._spoken(await self._ears.hear(data))
        if self._backlog:
            return spoken
        while mark := self._pending.take_mark():
            spoken += self._flush() if mark is Mark.FLUSH else self._clear()
        if self._ending and not self._pending and not self._finished:
            spoken += self._spoken(await self._ears.finish())
            self._finished = True
            spoken += self._spoken(self.core.finish(self._clock.monotonic_s()))
        return spoken

    async def _take_audio(self) -> bytes:
        """What is heard next: of the recording first, where the session goes on with one."""
        if self._backlog:
            if data := await self._backlog.take(STEP_S):
                return data
            self._backlog = None
        return self._pending.take_audio(STEP_S)

    def _flush(self) -> list[Spoken | Cleared]:
        return [*self._spoken(self.core.flush(self._clock.monotonic_s()))]

    def _clear(self) -> list[Spoken | Cleared]:
        """What is open reaches back by its padding; what is final, or was cleared, stays as it is."""
        open_s = self.core.covered_until_sample / SAMPLE_RATE_HZ - self.core.config.prefix_padding_ms / 1000
        cleared = Cleared(max(self._settled_until_s, open_s), self._pending.heard_s)
        spoken = self._spoken(self.core.clear(self._clock.monotonic_s()))
        if cleared.end_s <= cleared.start_s:
            return [*spoken]
        self._settled_until_s = cleared.end_s
        return [cleared, *spoken]

    # Decodes

    def _on_reply(self, reply: DecodeReply) -> None:
        self._replies.append(reply)
        self.wake.set()

    async def _ask(self) -> list[Spoken]:
        if self._flight is not None:
            return []
        request = self.core.next_decode(self._clock.monotonic_s())
        if request is None:
            return []
        channel = self.core.channel_of(request) if isinstance(self.core, ChannelCores) else 0
        before = self._utterance_ids.get(channel, request.utterance_id)
        if before != request.utterance_id:
            self._decoder.utterance_done(self._session_id, before)
        self._utterance_ids[channel] = request.utterance_id
        self._figures.decodes_requested += 1
        return await self._send(request)

    async def _send(self, request: DecodeRequest) -> list[Spoken]:
        order = DecodeOrder(
            session_id=self._session_id,
            utterance_id=request.utterance_id,
            request_id=request.id,
            num_samples=request.end_sample - request.start_sample,
            offset_s=request.start_sample / SAMPLE_RATE_HZ,
            is_final=request.is_final,
            reply_to="",
            model=self._model,
            language=request.language,
            prompt=request.prompt,
            vocabulary=request.vocabulary,
            queued_at=self._clock.unix_s(),
        )
        self._flight = _Flight(request, order, self._clock.monotonic_s() + self._chunk_timeout_s)
        try:
            await self._decoder.submit(order, self.core.window(request))
        except DecodeNotSent as error:
            logger.warning("session %s: a decode was not sent: %s", self._session_id, error)
            return self._lost(request)
        return []

    async def _take(self, reply: DecodeReply) -> list[Spoken]:
        flight = self._flight
        if flight is None or reply.request_id != flight.request.id:
            return []
        request = flight.request
        if reply.error == "missing_audio":
            self._decoder.forget_audio(self._session_id, request.utterance_id)
            self._figures.decodes_resent += 1
            return await self._send(request)
        if reply.hypothesis is None:
            logger.warning("session %s: %s: %s", self._session_id, reply.error, reply.message)
            self._figures.decodes_resent += 1
            return self._lost(request)
        self._flight = None
        self.last_answer_s = self._clock.monotonic_s()
        decode = DecodeTimes(
            flight.order.queued_at, reply.started_at, reply.decoded_at, reply.model, request.end_sample
        )
        self._last_decode = self._decodes[request.id] = decode
        if len(self._decodes) > KEPT_DECODES:
            del self._decodes[next(iter(self._decodes))]
        self._figures.decodes_answered += 1
        self._figures.engine_ms += reply.hypothesis.engine_ms
        if (
            request.is_final
            and self.core.config.enable_diarization
            and not isinstance(self.core, ChannelCores)
        ):
            self._final_window = (request.start_sample, self.core.window(request))
        return self._spoken(self.core.accept(request.id, reply.hypothesis, self.last_answer_s))

    def _give_up_overdue(self) -> list[Spoken]:
        flight = self._flight
        if flight is None or self._clock.monotonic_s() < flight.deadline_s:
            return []
        self._figures.decodes_resent += 1
        # Where the audio of a worker that never answered went is not known: send all of it again.
        self._decoder.forget_audio(self._session_id, flight.request.utterance_id)
        return self._lost(flight.request)

    def _lost(self, request: DecodeRequest) -> list[Spoken]:
        self._flight = None
        return self._spoken(self.core.decode_lost(request.id, self._clock.monotonic_s()))

    def _spoken(self, events: list[StreamEvent]) -> list[Spoken]:
        spoken = []
        for event in events:
            if event.type is StreamEventType.SPEECH_ENDED:
                self._speech_ended_at = self._clock.unix_s()
            elif isinstance(event.payload, FinalSegment):
                settled = min(event.payload.covers_until_sample, self.core.covered_until_sample)
                self._settled_until_s = settled / SAMPLE_RATE_HZ
            decode = self._last_decode if event.request_id is None else self._decodes.get(event.request_id)
            said = Spoken(event, decode, self._speech_ended_at)
            if isinstance(event.payload, FinalSegment) and self._final_window:
                said = replace(said, samples=samples_of(event.payload.segment, *self._final_window))
                self._final_window = None
            spoken.append(said)
        return spoken
