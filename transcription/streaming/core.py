"""The streaming core: samples, speech probabilities, hypotheses and the time in; events and requests out.

Sans-I/O: no clock, no thread, no engine. Whoever drives it pushes audio and the VAD's answers, asks
`next_decode` after every call, has the window decoded, and hands the answer to `accept`. Utterances are
answered strictly in order, each closed one whole and once, so what is lost, doubled or late on the way can
neither lose nor double a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, Samples
from transcription.streaming.config import StreamConfig
from transcription.streaming.events import DecodeRequest, StreamEvent, StreamEventType
from transcription.streaming.listening import Closed, Listener, Opened
from transcription.streaming.planning import GIVE_UP_S, TAIL_SAMPLES, DecodePlanner
from transcription.streaming.scribe import Scribe
from transcription.streaming.start import StartAt
from transcription.streaming.utterance import Utterance


@dataclass(frozen=True, slots=True)
class _InFlight:
    request: DecodeRequest
    utterance: Utterance | None  # None: nobody wants the answer any more
    asked_s: float
    trial_silence: int | None  # a final asked for on trial, in the silence that began here


class StreamingCore:
    """One session. Calls hand on the events that they caused; `now_s` is any clock that only grows."""

    def __init__(self, config: StreamConfig | None = None, *, start: StartAt | None = None) -> None:
        """`start`: to go on with a session that another core began; None: at its first sample."""
        start = start or StartAt()
        self.config = config or StreamConfig()
        self._listener = Listener(start)
        self._planner = DecodePlanner()
        self._scribe = Scribe(self._listener, start)
        self._next_request_id = start.first_id
        self._in_flight: _InFlight | None = None
        self._finished = False

    # Audio in

    def push_audio(self, samples: Samples, now_s: float) -> list[StreamEvent]:
        """float32 samples in [-1, 1], 16 kHz mono, shape (n,). Raises ValueError after `finish`.

        What is held is the open utterance, those not decoded yet, and frames whose speech probability has not
        come. Where no engine has answered for GIVE_UP_S it is `config.max_backlog_s` at most: the oldest
        utterances are then given up, each with an ERROR.
        """
        if self._finished:
            raise ValueError("no audio is taken after finish()")
        self._listener.buffer.append(samples)
        return self._shed(now_s)

    def push_speech(self, probabilities: Sequence[float], now_s: float) -> list[StreamEvent]:
        """Speech probabilities of the next 512-sample frames. Raises ValueError for frames not pushed yet."""
        events: list[StreamEvent] = []
        for probability in probabilities:
            events += self._on_boundary(self._listener.judge(probability, self.config))
        return events + self._settle()

    def finish(self, now_s: float) -> list[StreamEvent]:
        """No more audio comes. Closes the open utterance once every frame has its speech probability."""
        self._finished = True
        return self._settle()

    def flush(self, now_s: float) -> list[StreamEvent]:
        """Close the open utterance here; its final follows. Speech that goes on opens the next one."""
        return self._on_boundary(self._listener.close_open(at_end=False)) + self._settle()

    def clear(self, now_s: float) -> list[StreamEvent]:
        """Drop what has come and is not final, for good. `covered_until_sample` moves to the audio's end."""
        events = self._scribe.writer.withdraw()
        if self._listener.clear():
            events.append(self._speech_event(StreamEventType.SPEECH_ENDED, self._listener.endpointer.judged))
        if self._in_flight:
            self._abandon(self._in_flight.utterance)
        return events + self._settle()

    def configure(self, **changes: Any) -> None:
        """Change fields of StreamConfig while running; what is open goes on under the new ones.

        Raises ValueError for a value out of range, TypeError for an unknown name.
        """
        before = self.config.language
        self.config = replace(self.config, **changes)
        if self.config.language != before:
            self._scribe.language.forget()

    # Decodes out, hypotheses in

    def next_decode(self, now_s: float) -> DecodeRequest | None:
        """The window to decode now, if any. None while one is on its way."""
        if self._in_flight or not self._listener.utterances:
            return None
        if self._planner.retry_at_s is not None and now_s < self._planner.retry_at_s:
            return None
        utterance = self._listener.utterances[0]
        endpointer = self._listener.endpointer
        window = self._planner.choose(
            utterance, judged=endpointer.judged, silence_start=endpointer.silence_start, config=self.config
        )
        if window is None:
            return None
        request = DecodeRequest(
            id=self._next_request_id,
            utterance_id=utterance.id,
            start_sample=utterance.start,
            end_sample=window.end,
            is_final=window.is_final,
            language=self._scribe.language.ask_for(self.config.language),
            prompt=self._scribe.prompt.text,
            vocabulary=self.config.vocabulary,
        )
        self._next_request_id += 1
        utterance.asked_until = max(utterance.asked_until, window.end)
        on_trial = window.is_final and not utterance.closed
        if on_trial:
            utterance.trial_silence, utterance.trial = endpointer.silence_start, None
        self._planner.asked(now_s)
        self._in_flight = _InFlight(request, utterance, now_s, utterance.trial_silence if on_trial else None)
        return request

    def window(self, request: DecodeRequest) -> Samples:
        """The samples of a request that is in flight: a view that stays as it is. IndexError for others."""
        return self._listener.buffer.view(request.start_sample, request.end_sample)

    def accept(self, request_id: int, hypothesis: Hypothesis, now_s: float) -> list[StreamEvent]:
        """An answer. One to a request that is not on its way (doubled, late, unknown) changes nothing."""
        flight = self._land(request_id)
        if flight is None:
            return []
        self._planner.answered(now_s - flight.asked_s, hypothesis.engine_ms / 1000)
        request, utterance = flight.request, flight.utterance
        if utterance is None:
            return []
        utterance.losses, utterance.first_loss_s = 0, None
        utterance.heard_until = max(utterance.heard_until, request.end_sample)
        silence_start = flight.trial_silence
        if silence_start is not None and utterance.trial_silence == silence_start and not utterance.closed:
            utterance.trial = hypothesis
        if request.is_final and utterance.closed and silence_start == utterance.trial_silence:
            return self._finalise(utterance, hypothesis, request.id) + self._settle()
        if hypothesis.complete and utterance.end is not None and request.end_sample >= utterance.end:
            return self._finalise(utterance, hypothesis, request.id) + self._settle()
        if hypothesis.complete and not utterance.closed:
            # If the silence that is running closes the utterance, its final window is this one.
            silence_start = self._listener.endpointer.silence_start
            if silence_start is not None and request.end_sample >= silence_start + TAIL_SAMPLES:
                utterance.trial_silence, utterance.trial = silence_start, hypothesis
        return self._scribe.show(utterance, request, hypothesis, self.config)

    def decode_lost(self, request_id: int, now_s: float) -> list[StreamEvent]:
        """No answer, or an error. The window is asked for again, after a wait that grows (`idle_until_s`)."""
        flight = self._land(request_id)
        if flight is None or flight.utterance is None:
            return []
        utterance = flight.utterance
        utterance.trial_silence = utterance.trial = None
        again = self._planner.lost(utterance, now_s)
        if again or not utterance.closed:
            return []
        why = f"no engine decoded this utterance in {utterance.losses} attempts"
        return [*self._give_up(utterance, why, request_id), *self._settle()]

    # What a driver may ask

    @property
    def done(self) -> bool:
        """Finished, and everything that was said is final."""
        return self._finished and not self._listener.utterances and self._listener.all_judged

    @property
    def idle_until_s(self) -> float | None:
        """When `next_decode` may say something without new input; None: it will not."""
        return self._planner.retry_at_s if self._listener.utterances and not self._in_flight else None

    @property
    def covered_until_sample(self) -> int:
        """Audio before this sample is final, or was silence. Never goes back."""
        return self._listener.covered_until

    @property
    def samples_held(self) -> int:
        """Samples that memory is held for."""
        return self._listener.buffer.capacity

    def event(self, kind: StreamEventType, payload: Mapping[str, Any]) -> StreamEvent:
        """An event of the driver's own (ready, done, error) in the session's numbering."""
        return self._scribe.writer.event(kind, payload)

    # Endpoints

    def _on_boundary(self, boundary: Opened | Closed | None) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        if isinstance(boundary, Opened):
            events = [self._speech_event(StreamEventType.SPEECH_STARTED, boundary.sample)]
        elif isinstance(boundary, Closed):
            utterance = boundary.utterance
            events = [self._speech_event(StreamEventType.SPEECH_ENDED, boundary.sample)]
            if utterance.trial_silence != boundary.silence_start:
                # Speech resumed after the trial: its answer is not the final.
                utterance.trial_silence = utterance.trial = None
            elif utterance.trial is not None:
                events += self._finalise(utterance, utterance.trial, None)
        self._listener.release(self.config, ended=False)
        return events

    def _settle(self) -> list[StreamEvent]:
        """What every call ends with: the end of the stream, if it has come, and the release of audio."""
        events: list[StreamEvent] = []
        ended = self._finished and self._listener.all_judged
        if ended:
            events = self._on_boundary(self._listener.close_open(at_end=True))
        self._listener.release(self.config, ended=ended)
        return events

    def _speech_event(self, kind: StreamEventType, sample: int) -> StreamEvent:
        return self._scribe.writer.event(kind, {"timestamp": round(sample / SAMPLE_RATE_HZ, 3)})

    # Answers

    def _land(self, request_id: int) -> _InFlight | None:
        flight = self._in_flight
        if flight is None or flight.request.id != request_id:
            return None
        self._in_flight = None
        return flight

    def _abandon(self, utterance: Utterance | None) -> None:
        """Nobody wants an answer for it any more; the slot stays taken until the engine has given it."""
        if self._in_flight and self._in_flight.utterance is utterance:
            self._in_flight = replace(self._in_flight, utterance=None)

    def _finalise(
        self, utterance: Utterance, hypothesis: Hypothesis | None, request_id: int | None
    ) -> list[StreamEvent]:
        events = self._scribe.finalise(utterance, hypothesis, request_id, self.config)
        self._abandon(utterance)
        return events

    def _give_up(self, utterance: Utterance, why: str, request_id: int | None) -> list[StreamEvent]:
        """Tell that nobody decoded the oldest utterance, and leave it at its last partial."""
        lost = {
            "code": "utterance_lost",
            "start": round(utterance.covered_from / SAMPLE_RATE_HZ, 3),
            "end": round(utterance.covered_until / SAMPLE_RATE_HZ, 3),
            "message": why,
        }
        error = self._scribe.writer.event(StreamEventType.ERROR, lost, request_id)
        return [error, *self._finalise(utterance, None, request_id)]

    def _shed(self, now_s: float) -> list[StreamEvent]:
        """Bound what is held while no engine answers. One that answers, however late, gets all of it."""
        events: list[StreamEvent] = []
        limit = self.config.max_backlog_s * SAMPLE_RATE_HZ
        while self._planner.silent_for_s(now_s) >= GIVE_UP_S and self._listener.utterances:
            oldest = self._listener.utterances[0]
            if not oldest.closed or self._listener.buffer.end - oldest.start <= limit:
                break
            events += self._give_up(
                oldest, f"no engine answers, and {limit / SAMPLE_RATE_HZ:.0f} s of audio wait", None
            )
            self._listener.release(self.config, ended=False)
        return events
