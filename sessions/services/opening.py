"""A session's first moment, and each socket after that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from conversations.access import Access
from conversations.services.conversations import open_live_conversation
from sessions.models import RealTimeSession
from sessions.parameters import StreamParameters
from sessions.services.holding import LEASE_S, NOBODY, occupied, release_session

_CAPACITY_LOCK = 0x616D6269
"""PostgreSQL advisory lock (the letters "ambi"): places are counted and taken by one at a time."""


class OtherOwner(Exception):
    """The session is somebody else's."""


class AlreadyFinished(Exception):
    """The session has ended."""


class HeldElsewhere(Exception):
    """Another process of this installation holds the session."""


class NoCapacity(Exception):
    """No place on the installation, or none left for this key; the message says which."""


@dataclass(frozen=True, slots=True)
class OpenedRow:
    """`existed`: somebody opened it before (the same owner, who may go on with it). `last_activity`: when
    something came from its client last; of a new session, now. `was_released`: nobody held it; else its
    process is gone without a word, or is this one."""

    session_id: str
    conversation_id: str
    epoch: int
    connected_at: datetime
    last_activity: datetime
    existed: bool
    was_released: bool


@transaction.atomic
def open_session(
    *,
    session_id: str,
    access: Access,
    parameters: StreamParameters,
    protocol: str,
    process_id: str,
    engine: str,
    model: str,
    max_sessions: int,
    grace_s: float,
    must_exist: bool = False,
) -> OpenedRow:
    """The rows of a session, made now or found; found, it is this process's from here on.

    `grace_s`: how long a session keeps its place while nobody holds it. `must_exist`: none is made.
    Raises OtherOwner, AlreadyFinished, HeldElsewhere, NoCapacity.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CAPACITY_LOCK])
    found = RealTimeSession.objects.select_for_update().filter(session_id=session_id).first()
    if found is not None:
        return _found(found, access, process_id)
    if must_exist:
        raise AlreadyFinished(session_id)
    _check_capacity(access, occupied(grace_s=grace_s), max_sessions)
    conversation = open_live_conversation(
        owner_id=access.owner_id,
        session_id=session_id,
        language=parameters.language or "",
        store_audio=parameters.store_audio,
    )
    row = RealTimeSession.objects.create(
        session_id=session_id,
        owner_id=access.owner_id,
        api_key_id=access.key_id,
        conversation=conversation,
        protocol=protocol,
        encoding=parameters.encoding,
        sample_rate_hz=parameters.sample_rate_hz,
        channels=parameters.channels,
        language=parameters.language or "",
        engine=engine,
        whisper_model=model,
        options=parameters.to_json(),
        process_id=process_id,
        lease_until=timezone.now() + timedelta(seconds=LEASE_S),
    )
    return _opened(row, row.last_activity, existed=False, was_released=True)


def _found(row: RealTimeSession, access: Access, process_id: str) -> OpenedRow:
    if row.owner_id != access.owner_id:
        raise OtherOwner(row.session_id)
    if row.status not in RealTimeSession.RUNNING:
        raise AlreadyFinished(row.session_id)
    now = timezone.now()
    if row.process_id not in (process_id, NOBODY) and row.lease_until and row.lease_until > now:
        raise HeldElsewhere(row.session_id)
    last_activity, was_released = row.last_activity, row.process_id == NOBODY
    row.process_id = process_id
    row.epoch += 1
    row.status = RealTimeSession.Status.ACTIVE
    row.last_activity = now
    row.lease_until = now + timedelta(seconds=LEASE_S)
    row.save(update_fields=["process_id", "epoch", "status", "last_activity", "lease_until"])
    return _opened(row, last_activity, existed=True, was_released=was_released)


def _opened(row: RealTimeSession, last_activity: datetime, *, existed: bool, was_released: bool) -> OpenedRow:
    return OpenedRow(
        row.session_id,
        str(row.conversation_id),
        row.epoch,
        row.connected_at,
        last_activity,
        existed=existed,
        was_released=was_released,
    )


def _check_capacity(access: Access, running: QuerySet[RealTimeSession], max_sessions: int) -> None:
    if running.count() >= max_sessions:
        raise NoCapacity(f"this installation takes {max_sessions} live sessions at a time, and has them")
    if (
        access.max_sessions is not None
        and running.filter(api_key_id=access.key_id).count() >= access.max_sessions
    ):
        raise NoCapacity(f"this key may have {access.max_sessions} live sessions at a time, and has them")


@transaction.atomic
def undo_opening(*, session_id: str, process_id: str) -> None:
    """Take back an opening that came to nothing (its journal could not be begun): of a session of which
    nothing was ever accepted all goes, any other is free again."""
    row = (
        RealTimeSession.objects.select_for_update()
        .filter(session_id=session_id, process_id=process_id, status__in=RealTimeSession.RUNNING)
        .first()
    )
    if row is None:
        return
    if row.epoch == 0:
        row.conversation.delete()  # the session goes with it
    else:
        release_session(
            session_id=session_id,
            process_id=process_id,
            bytes_received=row.bytes_received,
            audio_duration_s=row.audio_duration_s,
        )
