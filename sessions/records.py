"""One session's rows, from the event loop: off it, in order, and patient with a database that is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError

from conversations.services.words import name_live_segment
from sessions import store
from sessions.services.finishing import Finish, finish_session
from sessions.services.holding import check_held, note_cleared, note_state, release_session, reserve_seqs
from sessions.services.recording_words import FinalChunk, commit_final, write_sent_times

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class SessionIdentity:
    """`connected_at`: Unix seconds of the first socket."""

    session_id: str
    conversation_id: str
    connected_at: float


class SessionRecords:
    """What it writes it writes as the session's holder, `process_id`."""

    def __init__(self, *, session_id: str, process_id: str, conversation_id: str) -> None:
        self._session_id = session_id
        self._process_id = process_id
        self._conversation_id = conversation_id

    async def commit_final(self, chunk: FinalChunk, sent: Mapping[int, float]) -> None:
        await patiently(
            commit_final,
            session_id=self._session_id,
            process_id=self._process_id,
            conversation_id=self._conversation_id,
            chunk=chunk,
            sent=sent,
        )

    async def name_speaker(self, number: int, speaker_id: str) -> None:
        await patiently(
            name_live_segment,
            conversation_id=UUID(self._conversation_id),
            number=number,
            speaker_id=speaker_id,
        )

    async def note_cleared(self, start_s: float, end_s: float) -> None:
        await patiently(
            note_cleared,
            session_id=self._session_id,
            process_id=self._process_id,
            start_s=start_s,
            end_s=end_s,
        )

    async def note_state(
        self, *, paused: bool, bytes_received: int, audio_duration_s: float, epoch: int
    ) -> None:
        await patiently(
            note_state,
            session_id=self._session_id,
            process_id=self._process_id,
            paused=paused,
            bytes_received=bytes_received,
            audio_duration_s=audio_duration_s,
            epoch=epoch,
        )

    async def write_sent_times(self, sent: Mapping[int, float]) -> None:
        await patiently(write_sent_times, session_id=self._session_id, process_id=self._process_id, sent=sent)

    async def check_held(self) -> None:
        """Raises NotHeld and RealTimeSession.DoesNotExist."""
        await patiently(check_held, session_id=self._session_id, process_id=self._process_id)

    async def release(self, *, bytes_received: int, audio_duration_s: float, next_media_seq: int) -> None:
        """Free the session for another process."""
        await patiently(
            release_session,
            session_id=self._session_id,
            process_id=self._process_id,
            bytes_received=bytes_received,
            audio_duration_s=audio_duration_s,
            next_media_seq=next_media_seq,
        )

    async def reserve_seqs(self, count: int) -> int:
        """The first of so many numbers for messages. Raises NotHeld and RealTimeSession.DoesNotExist."""
        return await patiently(
            reserve_seqs, session_id=self._session_id, process_id=self._process_id, count=count
        )

    async def finish(self, finish: Finish) -> str | None:
        """The id of the enhancement, where one was asked for."""
        return await patiently(finish_session, finish=replace(finish, process_id=self._process_id))


async def patiently(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a repeatable service off the loop, again while the database cannot be reached."""
    wait_s = FIRST_WAIT_S
    while True:
        try:
            return await store.run(function, *args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            logger.warning("the database does not answer: %s", type(error).__name__)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
