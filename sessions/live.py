"""A live session: one audio source from its first byte to its end, whatever happens to its sockets.

`feed` writes to the journal and returns; a task of the session's own does the rest. A session outlives a lost
socket by the grace that the settings give, takes the newest of its owner's sockets, and ends once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError

from sessions.attachment import Attachment
from sessions.clock import Clock
from sessions.closing import Closing
from sessions.deadlines import Deadlines
from sessions.endings import END_BY_ERASURE, END_BY_FAULT, END_BY_FLOOD, END_BY_LAG, Ending
from sessions.figures import SessionFigures
from sessions.limits import FloodRule
from sessions.models import RealTimeSession
from sessions.parameters import StreamParameters
from sessions.protocols.base import Announced, Failed, Lagging
from sessions.recorder import Recorder
from sessions.records import SessionIdentity, SessionRecords
from sessions.seat import Seat
from sessions.services.opening import AlreadyFinished, Progress
from sessions.speaking import Speaker
from sessions.transcriber import Transcriber
from transcription.errors import AudioUndecodable

logger = logging.getLogger(__name__)

SHORTEST_REST_S = 0.005


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is made of (`sessions.making` puts it together)."""

    identity: SessionIdentity
    parameters: StreamParameters
    seat: Seat
    deadlines: Deadlines
    records: SessionRecords
    recorder: Recorder
    transcriber: Transcriber
    speaker: Speaker
    closing: Closing
    figures: SessionFigures
    clock: Clock


class LiveSession:
    """`epoch`: of the newest socket, as the row counts them."""

    def __init__(self, parts: Parts, *, on_ended: Callable[[LiveSession], None]) -> None:
        session_id = self.session_id = parts.identity.session_id
        self.epoch = 0
        self.parameters = parts.parameters
        self.transcriber = parts.transcriber
        self.speaker = parts.speaker
        self._seat = parts.seat
        self._deadlines = parts.deadlines
        self._figures = parts.figures
        self._clock = parts.clock
        self._records = parts.records
        self._recorder = parts.recorder
        self._closing = parts.closing
        self._on_ended = on_ended
        self._attaching = asyncio.Lock()
        self._last_frame_s = self._clock.monotonic_s()
        self._last_activity = self._clock.unix_s()
        self._ending: Ending | None = None
        self._task = asyncio.create_task(self._run(), name=f"session {session_id}")

    # What a socket does

    async def attach(self, *, epoch: int, resumed: bool) -> Attachment:
        """A socket takes the session over. Raises AlreadyFinished; OSError where the journal has no room."""
        async with self._attaching:
            if self._ending is not None:
                raise AlreadyFinished(self.session_id)
            if self.attachment:
                self._deadlines.detached_s = self._clock.monotonic_s()
                self._seat.dismiss(
                    4409, "replaced", Failed("replaced", "A newer socket has taken the session over.")
                )
            self.epoch = epoch
            if resumed:
                try:
                    await self._recorder.open_part(epoch)
                except OSError:
                    await self._settle()
                    raise
            if self._ending is not None:
                raise AlreadyFinished(self.session_id)
            now_s = self._clock.monotonic_s()
            flood = FloodRule(
                connected_at_s=now_s,
                backlog_s=now_s - self._last_frame_s if resumed else 0.0,
            )
            attachment = self._seat.attachment = Attachment(self, flood)
            self._deadlines.detached_s = None
            self.speaker.say_opened(resumed=resumed, next_byte=self.transcriber.meter.total.sent_bytes)
            return attachment

    async def detach(self, attachment: Attachment) -> None:
        self._seat.count(attachment)
        if not attachment.is_current:
            return
        self._seat.attachment = None
        self._deadlines.detached_s = self._clock.monotonic_s()
        self.transcriber.wake.set()
        if self._ending is None:
            await self._settle()
        elif sent := self.speaker.take_sent():
            await self._records.write_sent_times(sent)

    def feed(self, data: bytes) -> bool:
        """Take bytes of the current socket; never waits. False: they were not taken, and it was told why."""
        attachment = self.attachment
        if attachment is None or self._ending or self._recorder.is_full or attachment.outbox.closed:
            return False
        try:
            piece = self.transcriber.meter.read(data)
        except AudioUndecodable as error:
            self._seat.say(Failed("invalid_audio", f"{error}.", is_fatal=False))
            return False
        self._figures.frames_received += 1
        self._last_frame_s = self._clock.monotonic_s()
        self._last_activity = self._clock.unix_s()
        if not attachment.flood.admits(piece.duration_s, self._last_frame_s):
            self._seat.say(Failed("rate_limit", "Audio is more than 60 s ahead of the clock."))
            self._seat.close(4429, "rate_limit")
            self.end(END_BY_FLOOD)
            return False
        if accepted := self._recorder.append(piece.data):
            self.transcriber.feed(piece)
        return accepted

    # What the process does

    def end(self, ending: Ending) -> None:
        """No more audio; what was accepted is transcribed, then the session is over. The first end counts."""
        if self._ending is None:
            self._ending = ending
            self._deadlines.ending_s = self._clock.monotonic_s()
            self.transcriber.finish()

    def announce(self, message: str) -> None:
        self._seat.say(Announced(message))

    @property
    def attachment(self) -> Attachment | None:
        """The current socket."""
        return self._seat.attachment

    @property
    def progress(self) -> Progress:
        received = self.transcriber.meter.total
        return Progress(self.session_id, received.sent_bytes, received.audio_s, self._last_activity)

    async def ended(self) -> None:
        """Returns when the session is over and its rows say so."""
        await asyncio.wait([self._task])

    async def abandon(self) -> None:
        """The process is going: stop at once, with everything accepted on the disk and the row true."""
        self._task.cancel()
        await asyncio.wait([self._task])
        self._seat.dismiss(1012, "restarting")
        await self._settle()
        self._recorder.close()
        self.transcriber.close()

    # The session's own task

    async def _run(self) -> None:
        try:
            while not self._is_over():
                for spoken in await self.transcriber.step():
                    await self.speaker.publish(spoken)
                self._keep_house()
                await self._rest()
            await self._conclude(self._ending or END_BY_FAULT)
        except RealTimeSession.DoesNotExist:
            await self._was_erased()
        except Exception as error:
            # What a database says of a row may quote it, and words do not belong in a log.
            trace = None if isinstance(error, DatabaseError) else error
            logger.error("session %s broke: %s", self.session_id, type(error).__name__, exc_info=trace)
            self.speaker.words_missing = True
            self._seat.say(Failed("internal_error", "Something broke on our side; the audio is kept."))
            self._seat.close(1011, "internal_error")
            self._ending = END_BY_FAULT
            try:
                await self._conclude(END_BY_FAULT)
            except RealTimeSession.DoesNotExist:
                await self._was_erased()
        finally:
            if not self._task.cancelling():
                self.transcriber.close()
                self._recorder.close()
                self._on_ended(self)

    def _is_over(self) -> bool:
        if self._ending is None:
            return False
        if self.transcriber.done:
            return True
        if self._ending.drains:
            if not self._deadlines.engine_is_gone(self._clock.monotonic_s(), self.transcriber.last_answer_s):
                return False
            late = "No engine answers; the recording is transcribed when one does again."
            self._seat.say(Failed("decode_failed", late))
        self.speaker.words_missing = True
        return True

    def _keep_house(self) -> None:
        now_s = self._clock.monotonic_s()
        self.transcriber.receipts.drop_before(self.transcriber.core.covered_until_sample)
        if ending := self._deadlines.ending_due(now_s):
            self.end(ending)
        self._recorder.sync_if_due(now_s)
        if attachment := self.attachment:
            lag_s = self.transcriber.lag_s - attachment.flood.backlog_left_s(now_s)
            if self._deadlines.warns_of(lag_s, now_s):
                self._seat.say(Lagging(lag_s))
            if attachment.lag and attachment.lag.is_broken(lag_s, now_s):
                self.end(END_BY_LAG)

    async def _rest(self) -> None:
        """Until something comes in or a time has come."""
        wake = self.transcriber.wake
        now_s = self._clock.monotonic_s()
        lag = self.attachment.lag if self.attachment else None
        others = (self.transcriber.next_timer_s, self._recorder.next_sync_s, lag.next_s if lag else None)
        due_s = min([self._deadlines.next_s(now_s), *(time_s for time_s in others if time_s is not None)])
        alarm = asyncio.get_running_loop().call_later(max(SHORTEST_REST_S, due_s - now_s), wake.set)
        await wake.wait()
        alarm.cancel()
        wake.clear()

    async def _conclude(self, ending: Ending) -> None:
        if self.attachment:
            self._seat.count(self.attachment)
        await self._closing.conclude(ending)
        self._seat.close(ending.close_code, ending.reason)

    async def _was_erased(self) -> None:
        """Its conversation was deleted while it ran: nothing of it may stay."""
        self._ending = END_BY_ERASURE
        self._seat.say(Failed("session_finished", END_BY_ERASURE.message))
        self._seat.close(4410, "session_finished")
        await self._closing.erase()

    async def _settle(self) -> None:
        await self._recorder.settle()
        await self._records.note_state(
            paused=self.attachment is None,
            bytes_received=self.transcriber.meter.total.sent_bytes,
            audio_duration_s=self.transcriber.audio_s,
            epoch=self.epoch,
        )
