"""A live session: one audio source from its first byte to its end, whatever happens to its sockets.

`feed` writes to the journal and returns; a task of the session's own does the rest. A session outlives a lost
socket by the grace that the settings give, takes the newest of its owner's sockets, and ends once.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.db import DatabaseError

from sessions import journal as journals
from sessions import store
from sessions.clock import Clock
from sessions.figures import SessionFigures
from sessions.limits import FloodRule
from sessions.models import RealTimeSession
from sessions.outbox import Outbox
from sessions.parameters import StreamParameters
from sessions.protocols.base import (
    Acknowledged,
    Announced,
    Configured,
    Ended,
    Failed,
    Heard,
    Info,
    Lagging,
    Notice,
    Opened,
    SessionConfig,
)
from sessions.records import SessionRecords
from sessions.services.finishing import Finish
from sessions.services.opening import AlreadyFinished, Progress
from sessions.speaking import Speaker
from sessions.transcriber import Transcriber

logger = logging.getLogger(__name__)

ACK_INTERVAL_S = 0.5
"""At least one a second is promised; a flush takes its time too."""
SYNC_INTERVAL_S = 5.0
"""Without acks: how much the loss of power may cost. The death of a process costs nothing."""
LAG_WARNING_S = 3.0
LAG_WARNING_INTERVAL_S = 10.0
DRAIN_PATIENCE_S = 75.0
"""Longer than the core tries an utterance (60 s): then nobody is there to answer, and the session ends
without; its recording is transcribed by the pipeline."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Status = RealTimeSession.Status


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """Seconds, from the settings."""

    max_session_duration_s: float
    resume_grace_s: float


@dataclass(frozen=True, slots=True)
class Ending:
    status: str
    reason: str
    message: str


END_OF_CLIENT = Ending(Status.COMPLETED, "end_session", "The session has ended.")
END_BY_OPERATOR = Ending(Status.TERMINATED, "ended_by_operator", "An operator has ended the session.")
END_BY_DURATION = Ending(
    Status.TERMINATED, "max_duration", "The session has reached the longest duration that is allowed here."
)
END_BY_FLOOD = Ending(Status.TERMINATED, "rate_limit", "Audio came faster than it may.")
END_BY_SILENCE_OF_CLIENT = Ending(Status.INTERRUPTED, "client_vanished", "The client did not come back.")
END_BY_FAULT = Ending(Status.INTERRUPTED, "internal_error", "Something broke on our side.")


class Attachment:
    """One socket on a session. What it sends counts until a newer one is there."""

    def __init__(self, session: LiveSession, outbox: Outbox, flood: FloodRule) -> None:
        self.session = session
        self.outbox = outbox
        self.flood = flood

    @property
    def is_current(self) -> bool:
        return self.session.attachment is self

    def feed(self, data: bytes) -> None:
        if self.is_current:
            self.session.feed(data)

    def sent(self, notice: Notice, sent_at: float) -> None:
        if isinstance(notice, Heard) and notice.is_final:
            self.session.speaker.note_sent(notice, sent_at)

    def end(self) -> None:
        """An orderly end, asked for by the client."""
        if self.is_current:
            self.session.end(END_OF_CLIENT)

    async def detach(self) -> None:
        """The socket is gone. Returns when what it brought is on the disk and the row says so."""
        await self.session.detach(self)


class LiveSession:
    def __init__(
        self,
        *,
        session_id: str,
        conversation_id: str,
        connected_at: float,
        parameters: StreamParameters,
        config: SessionConfig,
        greeting: str,
        limits: LiveLimits,
        journal: journals.DiskJournal,
        transcriber: Transcriber,
        figures: SessionFigures,
        clock: Clock,
        on_ended: Callable[[LiveSession], None],
    ) -> None:
        self.session_id = session_id
        self.conversation_id = conversation_id
        self.attachment: Attachment | None = None
        self.epoch = 0
        self._connected_at = connected_at
        self._parameters = parameters
        self._config = config
        self._greeting = greeting
        self._limits = limits
        self._journal = journal
        self._transcriber = transcriber
        self._figures = figures
        self._clock = clock
        self._on_ended = on_ended
        self._records = SessionRecords(session_id=session_id, conversation_id=conversation_id)
        self.speaker = Speaker(
            records=self._records,
            transcriber=transcriber,
            parameters=parameters,
            figures=figures,
            clock=clock,
            say=self._say,
        )
        self._attaching = asyncio.Lock()
        now_s = clock.monotonic_s()
        self._started_s = self._last_frame_s = self._detached_s = self._ending_s = now_s
        self._last_activity = clock.unix_s()
        self._ending: Ending | None = None
        self._no_room = False
        self._next_sync_s = now_s
        self._syncing: asyncio.Task[None] | None = None
        self._next_lag_warning_s = 0.0
        self._task = asyncio.create_task(self._run(), name=f"session {session_id}")

    # What a socket does

    async def attach(self, *, epoch: int, resumed: bool) -> Attachment:
        """A socket takes the session over. Raises AlreadyFinished; OSError where the journal has no room."""
        async with self._attaching:
            if self._ending is not None:
                raise AlreadyFinished(self.session_id)
            if older := self.attachment:
                self.attachment = None
                self._retire(older)
                older.outbox.put(Failed("replaced", "A newer socket has taken the session over."))
                older.outbox.close(4409, "replaced")
            if resumed:
                await store.run(self._journal.open_part, epoch)
            if self._ending is not None:
                raise AlreadyFinished(self.session_id)
            self.epoch, self._no_room = epoch, False
            now_s = self._clock.monotonic_s()
            flood = FloodRule(
                connected_at_s=now_s,
                bytes_per_second=self._parameters.audio_format.bytes_per_second,
                backlog_s=now_s - self._last_frame_s if resumed else 0.0,
            )
            self.attachment = Attachment(self, Outbox(), flood)
            self._say(self._opened(resumed=resumed))
            return self.attachment

    async def detach(self, attachment: Attachment) -> None:
        self._retire(attachment)
        if not attachment.is_current:
            return
        self.attachment = None
        self._detached_s = self._clock.monotonic_s()
        self._transcriber.wake.set()
        if self._ending is None:
            await self._settle()

    def feed(self, data: bytes) -> None:
        """Take bytes of the current socket; never waits. What cannot be taken closes that socket."""
        attachment = self.attachment
        if attachment is None or self._ending is not None or self._no_room or attachment.outbox.closed:
            return
        self._figures.frames_received += 1
        self._last_frame_s = self._clock.monotonic_s()
        self._last_activity = self._clock.unix_s()
        if not attachment.flood.admits(len(data), self._last_frame_s):
            self._say(Failed("rate_limit", "Audio is more than 60 s ahead of the clock."))
            attachment.outbox.close(4429, "rate_limit")
            self.end(END_BY_FLOOD)
            return
        try:
            self._journal.append(data)
        except OSError as error:
            self._refuse_for(error, attachment)
            return
        self._transcriber.feed(data)

    def configure(self, changes: dict[str, Any]) -> None:
        """Change what may change while running; names and values were checked by the codec."""
        self.speaker.interim_results = changes.get("interim_results", self.speaker.interim_results)
        core = {name: value for name, value in changes.items() if name in ("language", "vocabulary")}
        if core:
            self._transcriber.core.configure(**core)
        shown = {name: value for name, value in changes.items() if name != "vocabulary"}
        self._config = replace(self._config, **shown)
        self._say(Configured(self._config))

    def say_info(self) -> None:
        summary = self._figures.summary(
            session_duration_s=self._clock.unix_s() - self._connected_at, audio_s=self._transcriber.audio_s
        )
        self._say(
            Info(
                session_id=self.session_id,
                connected_at=self._connected_at,
                total_chunks=self._figures.chunks,
                full_transcript=self.speaker.transcript,
                metrics=tuple(summary.items()),
            )
        )

    # What the process does

    def end(self, ending: Ending) -> None:
        """No more audio; what was accepted is transcribed, then the session is over. The first end counts."""
        if self._ending is None:
            self._ending = ending
            self._ending_s = self._clock.monotonic_s()
            self._transcriber.finish()

    def announce(self, message: str) -> None:
        self._say(Announced(message))

    @property
    def progress(self) -> Progress:
        return Progress(
            self.session_id, self._journal.size_bytes, self._transcriber.audio_s, self._last_activity
        )

    async def ended(self) -> None:
        """Returns when the session is over and its rows say so."""
        await asyncio.wait([self._task])

    async def abandon(self) -> None:
        """The process is going: stop at once, with everything accepted on the disk and the row true."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if attachment := self.attachment:
            self.attachment = None
            attachment.outbox.close(1012, "restarting")
        await self._settle()
        self._journal.close()
        self._transcriber.close()

    # The session's own task

    async def _run(self) -> None:
        try:
            while not self._is_over():
                for spoken in await self._transcriber.step():
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
            self._say(Failed("internal_error", "Something broke on our side; the audio is kept."))
            if self.attachment:
                self.attachment.outbox.close(1011, "internal_error")
            self._ending = END_BY_FAULT
            try:
                await self._conclude(END_BY_FAULT)
            except RealTimeSession.DoesNotExist:
                await self._was_erased()
        finally:
            if not self._task.cancelling():
                self._transcriber.close()
                self._journal.close()
                self._on_ended(self)

    def _is_over(self) -> bool:
        if self._ending is None:
            return False
        if self._transcriber.done:
            return True
        heard_s = max(self._ending_s, self._transcriber.last_answer_s or 0.0)
        if self._clock.monotonic_s() - heard_s < DRAIN_PATIENCE_S:
            return False
        self.speaker.words_missing = True
        self._say(
            Failed("decode_failed", "No engine answers; the recording is transcribed when one does again.")
        )
        return True

    def _keep_house(self) -> None:
        now_s = self._clock.monotonic_s()
        self._transcriber.receipts.drop_before(self._transcriber.core.covered_until_sample)
        if self._ending is None:
            if self.attachment is None and now_s >= self._detached_s + self._limits.resume_grace_s:
                self.end(END_BY_SILENCE_OF_CLIENT)
            elif now_s >= self._started_s + self._limits.max_session_duration_s:
                self.end(END_BY_DURATION)
        if self._sync_is_due(now_s):
            self._next_sync_s = now_s + self._sync_interval_s
            self._syncing = asyncio.create_task(self._sync())
        self._warn_of_lag(now_s)

    async def _rest(self) -> None:
        """Until something comes in or a time has come."""
        wake = self._transcriber.wake
        now_s = self._clock.monotonic_s()
        times = [now_s + 1.0 if self._ending else self._started_s + self._limits.max_session_duration_s]
        if (timer_s := self._transcriber.next_timer_s) is not None:
            times.append(timer_s)
        if self.attachment is None:
            times.append(self._detached_s + self._limits.resume_grace_s)
        if self._journal.synced_bytes < self._journal.size_bytes and not self._no_room:
            times.append(self._next_sync_s)
        alarm = asyncio.get_running_loop().call_later(max(0.005, min(times) - now_s), wake.set)
        await wake.wait()
        alarm.cancel()
        wake.clear()

    def _warn_of_lag(self, now_s: float) -> None:
        if self.attachment is None or now_s < self._next_lag_warning_s:
            return
        lag_s = self._transcriber.lag_s - self.attachment.flood.backlog_left_s(now_s)
        if lag_s >= LAG_WARNING_S:
            self._next_lag_warning_s = now_s + LAG_WARNING_INTERVAL_S
            self._say(Lagging(lag_s))

    async def _conclude(self, ending: Ending) -> None:
        duration_s = self._clock.unix_s() - self._connected_at
        audio_s = self._transcriber.audio_s
        if attachment := self.attachment:
            self._retire(attachment)
        enhancement = await self._records.finish(
            Finish(
                session_id=self.session_id,
                status=ending.status,
                reason=ending.reason,
                bytes_received=self._journal.size_bytes,
                audio_duration_s=audio_s,
                language=self.speaker.language,
                metrics=self._figures.columns(session_duration_s=duration_s, audio_s=audio_s),
                sent=self.speaker.take_sent(),
                words_missing=self.speaker.words_missing,
            )
        )
        self._say(
            Ended(
                session_id=self.session_id,
                conversation_id=self.conversation_id,
                message=ending.message,
                reason=ending.reason,
                full_transcript=self.speaker.transcript,
                total_duration_s=audio_s,
                enhancement_job_id=enhancement,
            )
        )
        if self.attachment:
            self.attachment.outbox.close(1000, ending.reason)

    async def _was_erased(self) -> None:
        """Its conversation was deleted while it ran: nothing of it may stay."""
        self._ending = END_BY_OPERATOR
        self._say(Failed("session_finished", "The conversation of this session was erased."))
        if self.attachment:
            self.attachment.outbox.close(4410, "session_finished")
        self._journal.close()
        await store.run(journals.erase, self.session_id)

    # Disk

    @property
    def _sync_interval_s(self) -> float:
        return ACK_INTERVAL_S if self._parameters.acks else SYNC_INTERVAL_S

    def _sync_is_due(self, now_s: float) -> bool:
        return (
            now_s >= self._next_sync_s
            and self._syncing is None
            and not self._no_room
            and self._journal.synced_bytes < self._journal.size_bytes
        )

    async def _sync(self) -> None:
        """Flush, and acknowledge what is safe now."""
        try:
            safe_bytes = await store.run(self._journal.sync)
        except OSError as error:
            if self.attachment:
                self._refuse_for(error, self.attachment)
            return
        finally:
            self._syncing = None
        if self._parameters.acks:
            audio_s = safe_bytes / self._parameters.audio_format.bytes_per_second
            self._say(Acknowledged(safe_bytes, audio_s))

    def _refuse_for(self, error: OSError, attachment: Attachment) -> None:
        """The journal cannot take more: no ack goes out for it, and the client may come back."""
        self._no_room = True
        logger.error("session %s: the journal cannot be written: %s", self.session_id, error)
        code = "insufficient_storage" if error.errno in NO_ROOM else "internal_error"
        attachment.outbox.put(Failed(code, "The audio cannot be stored now; resume from the last ack."))
        attachment.outbox.close(1013, code)

    async def _settle(self) -> None:
        try:
            await store.run(self._journal.sync)
        except OSError as error:
            logger.error("session %s: the journal cannot be flushed: %s", self.session_id, error)
        await self._records.note_state(
            paused=self.attachment is None,
            bytes_received=self._journal.size_bytes,
            audio_duration_s=self._transcriber.audio_s,
            epoch=self.epoch,
        )

    # Words

    def _say(self, notice: Notice) -> None:
        if self.attachment:
            self.attachment.outbox.put(notice)

    def _opened(self, *, resumed: bool) -> Opened:
        return Opened(
            session_id=self.session_id,
            conversation_id=self.conversation_id,
            message=self._greeting,
            config=self._config,
            resumed=resumed,
            next_byte=self._journal.size_bytes,
            transcript=self.speaker.transcript,
        )

    def _retire(self, attachment: Attachment) -> None:
        self._figures.partials_coalesced += attachment.outbox.take_coalesced()
