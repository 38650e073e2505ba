"""A live session: one audio source from its first byte to its end, whatever happens to its sockets.

`feed` writes to the journal and returns; a task of the session's own does the rest. A session outlives a lost
socket by the grace that the settings give, takes the newest of its owner's sockets, and ends once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from django.db import DatabaseError
from structlog.contextvars import bind_contextvars

from conversations.cancelling import cancel_all
from sessions.attachment import Attachment
from sessions.endings import END_BY_ERASURE, END_BY_FAULT, END_BY_FLOOD, END_BY_LAG, Ending
from sessions.farewell import TAKEN_OVER, Farewell
from sessions.limits import FloodRule
from sessions.models import RealTimeSession
from sessions.parts import Parts
from sessions.protocols.base import Announced, Failed, Lagging
from sessions.services.holding import NotHeld, Progress
from sessions.services.opening import AlreadyFinished, HeldElsewhere
from sessions.telemetry import SessionTelemetry
from transcription.errors import AudioUndecodable

logger = logging.getLogger(__name__)

SHORTEST_REST_S = 0.005
HOUSE_INTERVAL_S = 0.5
"""How often acks, deadlines and warnings are seen to, whatever a final or an order waits for."""
RELEASE_PATIENCE_S = 2.0
"""How long a session that is given up may take to come to a point where it can be, and again to write it
down: less in all than a process that is told to stop is left alone."""


class LiveSession:
    """`epoch`: of the newest socket, as the row counts them. `next_media_seq`: which of a client's numbered
    frames is waited for."""

    def __init__(self, parts: Parts, *, on_ended: Callable[[LiveSession], None]) -> None:
        session_id = self.session_id = parts.identity.session_id
        self.epoch = 0
        self.next_media_seq = parts.next_media_seq
        self.parameters = parts.parameters
        self.transcriber = parts.transcriber
        self.speaker = parts.speaker
        self._number = parts.numbering.take
        self._seat = parts.seat
        self._deadlines = parts.deadlines
        self._figures = parts.figures
        self._telemetry = SessionTelemetry(parts.figures, parts.transcriber.meter)
        self._clock = parts.clock
        self._records = parts.records
        self._recorder = parts.recorder
        self._closing = parts.closing
        self._on_ended = on_ended
        self._attaching = asyncio.Lock()
        self._last_activity = parts.last_activity
        self._last_frame_s = self._clock.monotonic_s() - (self._clock.unix_s() - self._last_activity)
        self._ending: Ending | None = None
        self._leaving = False  # another process is to go on with it
        self._in_doubt = False  # whether the row is still this process's
        self._over = False
        self._task = asyncio.create_task(self._run(), name=f"session {session_id}")

    # What a socket does

    async def attach(self, *, epoch: int, resumed: bool, new_part: bool) -> Attachment:
        """A socket takes the session over; `new_part`: its audio gets a part of the journal of its own.

        Raises AlreadyFinished, HeldElsewhere, and OSError where the journal has no room.
        """
        async with self._attaching:
            if self._leaving:
                raise HeldElsewhere(self.session_id)
            if self._ending is not None:
                raise AlreadyFinished(self.session_id)
            if self.attachment:
                self._deadlines.detached_s = self._clock.monotonic_s()
                self._seat.dismiss(
                    4409, "replaced", Failed("replaced", "A newer socket has taken the session over.")
                )
            self.epoch = epoch
            if new_part:
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
            attachment = self._seat.attachment = Attachment(self, flood, self._number)
            self._deadlines.detached_s = None
            self.speaker.say_opened(
                resumed=resumed,
                next_byte=self.transcriber.meter.total.sent_bytes,
                next_media_seq=self.next_media_seq,
            )
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
        closed = self._ending or self._leaving or self._recorder.is_full
        if attachment is None or closed or attachment.outbox.closed:
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
            self._figures.floods += 1
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
    def lag_s(self) -> float:
        """How far the transcript is behind now; what a resumed client sends late not counted."""
        backlog_s = (
            self.attachment.flood.backlog_left_s(self._clock.monotonic_s()) if self.attachment else 0.0
        )
        return self.transcriber.lag_s - backlog_s

    @property
    def progress(self) -> Progress:
        received = self.transcriber.meter.total
        return Progress(
            self.session_id,
            received.sent_bytes,
            received.audio_s,
            self._last_activity,
            paused=self.attachment is None,
            next_media_seq=self.next_media_seq,
        )

    async def ended(self) -> None:
        """Returns when the session is over and its rows say so."""
        await asyncio.wait([self._task])

    def doubt(self) -> None:
        """The row may not be this process's any more: look, and let go where that is so."""
        self._in_doubt = True
        self.transcriber.wake.set()

    async def release(self, farewell: Farewell) -> None:
        """Give the session up without ending it: all that was accepted is safe and any process may go on.

        One that is ending is given the time to; what takes longer is cut short, and done by who goes on.
        """
        if self._ending is None:
            self._leave(farewell)
        _, unfinished = await asyncio.wait([self._task], timeout=RELEASE_PATIENCE_S)
        if unfinished:
            self._leave(farewell)
            await cancel_all([self._task])
        if self._over:
            return
        try:
            async with asyncio.timeout(RELEASE_PATIENCE_S):
                await self._closing.hand_over(self.next_media_seq)
        except (DatabaseError, TimeoutError):
            logger.warning("session %s: no database, so its lease has to lapse", self.session_id)
        self._let_go()

    # The session's own task

    async def _run(self) -> None:
        bind_contextvars(session_id=self.session_id)  # on every line that is logged from here
        try:
            await self._work()
            if not self._leaving:
                await self._conclude(self._ending or END_BY_FAULT)
        except (NotHeld, RealTimeSession.DoesNotExist) as gone:
            await self._was_lost(gone)
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
            except (NotHeld, RealTimeSession.DoesNotExist) as gone:
                await self._was_lost(gone)
        finally:
            if not self._leaving and not self._task.cancelling():
                self._let_go()

    async def _work(self) -> None:
        self._mind_house()
        try:
            while not self._is_over():
                if self._in_doubt:
                    self._in_doubt = False
                    await self._records.check_held()
                for spoken in await self.transcriber.step():
                    await self.speaker.publish(spoken)
                if self._leaving:
                    return
                self._keep_house()
                await self._rest()
        finally:
            self._house_alarm.cancel()

    def _mind_house(self) -> None:
        self._house_alarm = asyncio.get_running_loop().call_later(HOUSE_INTERVAL_S, self._mind_house)
        self._keep_house()
        self._telemetry.note(self.lag_s if self.attachment else None)

    def _leave(self, farewell: Farewell) -> None:
        self._leaving = True
        self._seat.dismiss(farewell.code, farewell.reason, farewell.notice(self.speaker))
        self.transcriber.wake.set()

    def _let_go(self) -> None:
        self._over = True
        self._telemetry.note()
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
            lag_s = self.lag_s
            self._figures.note_lag(lag_s)
            if self._deadlines.warns_of(lag_s, now_s):
                self._figures.lag_warnings += 1
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

    async def _was_lost(self, why: NotHeld | RealTimeSession.DoesNotExist) -> None:
        """Its row is another process's now, or has ended, or was erased with all that there was of it."""
        self._ending = END_BY_ERASURE  # no more audio is taken here
        if isinstance(why, NotHeld) and not why.finished:
            self._seat.dismiss(4409, "replaced", TAKEN_OVER.notice(self.speaker))
            return
        message = "This session has ended." if isinstance(why, NotHeld) else END_BY_ERASURE.message
        self._seat.dismiss(4410, "session_finished", Failed("session_finished", message))
        if not isinstance(why, NotHeld):
            await self._closing.erase()

    async def _settle(self) -> None:
        await self._recorder.settle()
        await self._records.note_state(
            paused=self.attachment is None,
            bytes_received=self.transcriber.meter.total.sent_bytes,
            audio_duration_s=self.transcriber.audio_s,
            epoch=self.epoch,
        )
