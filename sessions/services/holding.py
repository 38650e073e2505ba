"""Who holds a running session: one process at a time, by a lease that it keeps renewing.

Whatever a process writes of a session it writes as its holder: once another one has taken the session, what
the first still says changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from sessions.models import RealTimeSession

LEASE_S = 10
"""How long a process is believed to hold a session without saying so again: what a reconnecting client waits
at most for the session of a process that was killed."""
NOBODY = ""
CLEARED_OPTION = "cleared"
"""In a row's options: [[start, end], …], seconds on the audio clock."""


class NotHeld(Exception):
    """This process does not hold the session any more. `finished`: it has ended meanwhile."""

    def __init__(self, session_id: str, *, finished: bool) -> None:
        super().__init__(session_id)
        self.finished = finished


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running session is. `paused`: it has no socket. `last_activity`: Unix seconds.
    `next_media_seq`: of numbered frames, the one that is waited for."""

    session_id: str
    bytes_received: int
    audio_duration_s: float
    last_activity: float
    paused: bool = False
    next_media_seq: int = 0


def occupied(*, grace_s: float) -> QuerySet[RealTimeSession]:
    """Sessions that take a place: running ones, and those whose client may still come back."""
    return RealTimeSession.objects.filter(
        Q(lease_until__gt=timezone.now() - timedelta(seconds=grace_s)), status__in=RealTimeSession.RUNNING
    )


def held_row(session_id: str, process_id: str) -> RealTimeSession:
    """The row, locked until the transaction ends. Raises NotHeld and RealTimeSession.DoesNotExist."""
    row = RealTimeSession.objects.select_for_update(no_key=True).get(session_id=session_id)
    finished = row.status not in RealTimeSession.RUNNING
    if finished or row.process_id != process_id:
        raise NotHeld(session_id, finished=finished)
    return row


@transaction.atomic
def check_held(*, session_id: str, process_id: str) -> None:
    """Raises NotHeld and RealTimeSession.DoesNotExist."""
    held_row(session_id, process_id)


@transaction.atomic
def note_state(
    *,
    session_id: str,
    process_id: str,
    paused: bool,
    bytes_received: int,
    audio_duration_s: float,
    epoch: int,
) -> None:
    """What a running session has come to; does nothing to one that has ended, or has gone on since."""
    RealTimeSession.objects.filter(
        session_id=session_id, process_id=process_id, status__in=RealTimeSession.RUNNING, epoch=epoch
    ).update(
        status=RealTimeSession.Status.PAUSED if paused else RealTimeSession.Status.ACTIVE,
        bytes_received=bytes_received,
        audio_duration_s=audio_duration_s,
        last_activity=timezone.now(),
    )


@transaction.atomic
def release_session(
    *,
    session_id: str,
    process_id: str,
    bytes_received: int,
    audio_duration_s: float,
    next_media_seq: int = 0,
) -> None:
    """Let go of a running session: it is paused, its grace begins, and any process may take it."""
    now = timezone.now()
    RealTimeSession.objects.filter(
        session_id=session_id, process_id=process_id, status__in=RealTimeSession.RUNNING
    ).update(
        status=RealTimeSession.Status.PAUSED,
        process_id=NOBODY,
        lease_until=now,
        bytes_received=bytes_received,
        audio_duration_s=audio_duration_s,
        next_media_seq=Greatest("next_media_seq", next_media_seq),
        last_activity=now,
    )


@transaction.atomic
def renew_leases(*, process_id: str, progress: list[Progress]) -> set[str]:
    """Say that this process still holds its sessions, and how far they are. Returns those that it holds."""
    by_id = {item.session_id: item for item in progress}
    rows = list(
        RealTimeSession.objects.select_for_update(no_key=True).filter(
            session_id__in=by_id, process_id=process_id, status__in=RealTimeSession.RUNNING
        )
    )
    lease_until = timezone.now() + timedelta(seconds=LEASE_S)
    for row in rows:
        item = by_id[row.session_id]
        row.status = RealTimeSession.Status.PAUSED if item.paused else RealTimeSession.Status.ACTIVE
        row.bytes_received, row.audio_duration_s = item.bytes_received, item.audio_duration_s
        row.last_activity = datetime.fromtimestamp(item.last_activity, UTC)
        row.next_media_seq = item.next_media_seq
        row.lease_until = lease_until
    fields: list[Any] = ["status", "bytes_received", "audio_duration_s", "last_activity", "lease_until"]
    RealTimeSession.objects.bulk_update(rows, [*fields, "next_media_seq"])
    return {row.session_id for row in rows}


def pause_lapsed() -> int:
    """Say of sessions whose process has gone that they are paused. Returns of how many."""
    return RealTimeSession.objects.filter(
        status=RealTimeSession.Status.ACTIVE, lease_until__lt=timezone.now()
    ).update(status=RealTimeSession.Status.PAUSED)


@transaction.atomic
def note_cleared(*, session_id: str, process_id: str, start_s: float, end_s: float) -> None:
    """A span of the audio clock that its client took back: no pass over the recording may hear it.

    The same span again changes nothing. Raises NotHeld and RealTimeSession.DoesNotExist.
    """
    row = held_row(session_id, process_id)
    spans = row.options.setdefault(CLEARED_OPTION, [])
    if [start_s, end_s] not in spans:
        spans.append([start_s, end_s])
        row.save(update_fields=["options"])


@transaction.atomic
def reserve_seqs(*, session_id: str, process_id: str, count: int) -> int:
    """The first of so many numbers that no message of the session has had or will have of anybody else.

    Raises NotHeld and RealTimeSession.DoesNotExist.
    """
    row = held_row(session_id, process_id)
    first = row.next_seq
    row.next_seq = first + count
    row.save(update_fields=["next_seq"])
    return first
