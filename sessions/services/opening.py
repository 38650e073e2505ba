"""A session's first moment, and each socket after that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from conversations.access import Access
from conversations.services.conversations import open_live_conversation
from sessions.models import RealTimeSession
from sessions.parameters import StreamParameters

LEASE_S = 30
"""How long a process is believed to hold a session without saying so again."""
CLEARED_OPTION = "cleared"
"""In a row's options: [[start, end], …], seconds on the audio clock."""
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
    """`existed`: somebody opened it before (the same owner, who may go on with it)."""

    session_id: str
    conversation_id: str
    epoch: int
    connected_at: datetime
    existed: bool


def occupied() -> QuerySet[RealTimeSession]:
    """Sessions that take a place: running, and held by a process that is believed to live."""
    return RealTimeSession.objects.filter(
        Q(lease_until__gt=timezone.now()), status__in=RealTimeSession.RUNNING
    )


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
) -> OpenedRow:
    """The rows of a session, made now or found.

    Raises OtherOwner, AlreadyFinished, HeldElsewhere, NoCapacity.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CAPACITY_LOCK])
    found = RealTimeSession.objects.select_for_update().filter(session_id=session_id).first()
    if found is not None:
        return _found(found, access, process_id)
    _check_capacity(access, max_sessions)
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
    return OpenedRow(session_id, str(conversation.pk), row.epoch, row.connected_at, existed=False)


def _found(row: RealTimeSession, access: Access, process_id: str) -> OpenedRow:
    if row.owner_id != access.owner_id:
        raise OtherOwner(row.session_id)
    if row.status not in RealTimeSession.RUNNING:
        raise AlreadyFinished(row.session_id)
    if row.process_id != process_id:
        raise HeldElsewhere(row.session_id)
    row.epoch += 1
    row.status = RealTimeSession.Status.ACTIVE
    row.last_activity = timezone.now()
    row.lease_until = row.last_activity + timedelta(seconds=LEASE_S)
    row.save(update_fields=["epoch", "status", "last_activity", "lease_until"])
    return OpenedRow(row.session_id, str(row.conversation_id), row.epoch, row.connected_at, existed=True)


def _check_capacity(access: Access, max_sessions: int) -> None:
    running = occupied()
    if running.count() >= max_sessions:
        raise NoCapacity(f"this installation takes {max_sessions} live sessions at a time, and has them")
    if (
        access.max_sessions is not None
        and running.filter(api_key_id=access.key_id).count() >= access.max_sessions
    ):
        raise NoCapacity(f"this key may have {access.max_sessions} live sessions at a time, and has them")


@transaction.atomic
def undo_opening(*, session_id: str) -> None:
    """Take back a session of which nothing was accepted (its journal could not be begun)."""
    row = RealTimeSession.objects.select_for_update().filter(session_id=session_id, bytes_received=0).first()
    if row is not None:
        row.conversation.delete()  # the session goes with it


@transaction.atomic
def note_state(
    *, session_id: str, paused: bool, bytes_received: int, audio_duration_s: float, epoch: int
) -> None:
    """What a running session has come to; does nothing to one that has ended, or has gone on since."""
    RealTimeSession.objects.filter(
        session_id=session_id, status__in=RealTimeSession.RUNNING, epoch=epoch
    ).update(
        status=RealTimeSession.Status.PAUSED if paused else RealTimeSession.Status.ACTIVE,
        bytes_received=bytes_received,
        audio_duration_s=audio_duration_s,
        last_activity=timezone.now(),
    )


@transaction.atomic
def note_cleared(*, session_id: str, start_s: float, end_s: float) -> None:
    """A span of the audio clock that its client took back: no pass over the recording may hear it.

    The same span again changes nothing. Raises RealTimeSession.DoesNotExist.
    """
    row = RealTimeSession.objects.select_for_update().get(session_id=session_id)
    spans = row.options.setdefault(CLEARED_OPTION, [])
    if [start_s, end_s] not in spans:
        spans.append([start_s, end_s])
        row.save(update_fields=["options"])


@dataclass(frozen=True, slots=True)
class Progress:
    session_id: str
    bytes_received: int
    audio_duration_s: float
    last_activity: float
    """Unix seconds."""


@transaction.atomic
def renew_leases(*, process_id: str, progress: list[Progress]) -> int:
    """Say that this process still holds its sessions, and how far they are. Returns how many it held."""
    by_id = {item.session_id: item for item in progress}
    rows = list(
        RealTimeSession.objects.select_for_update().filter(
            session_id__in=by_id, process_id=process_id, status__in=RealTimeSession.RUNNING
        )
    )
    lease_until = timezone.now() + timedelta(seconds=LEASE_S)
    for row in rows:
        item = by_id[row.session_id]
        row.bytes_received, row.audio_duration_s = item.bytes_received, item.audio_duration_s
        row.last_activity = datetime.fromtimestamp(item.last_activity, UTC)
        row.lease_until = lease_until
    fields: list[Any] = ["bytes_received", "audio_duration_s", "last_activity", "lease_until"]
    RealTimeSession.objects.bulk_update(rows, fields)
    return len(rows)
