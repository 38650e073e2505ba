"""What reads: live sessions that a caller may see."""

from __future__ import annotations

from django.db.models import Count, Exists, Max, OuterRef, QuerySet, Sum
from django.db.models.functions import Length
from django.http import Http404
from django.utils import timezone

from conversations.access import Access
from conversations.models import PipelineRun
from conversations.services.stage_runs import RUN_UNFINISHED
from sessions.models import RealTimeSession
from sessions.services.holding import CLEARED_OPTION


def visible_sessions(access: Access) -> QuerySet[RealTimeSession]:
    """The caller's own; every one for staff."""
    sessions = RealTimeSession.objects.all()
    return sessions if access.is_staff else sessions.filter(owner_id=access.owner_id)


def session_list(access: Access, *, with_history: bool) -> QuerySet[RealTimeSession]:
    """Newest first, with the counts of `with_counts`."""
    sessions = visible_sessions(access)
    if not with_history:
        sessions = sessions.filter(status__in=RealTimeSession.RUNNING)
    return with_counts(sessions).order_by("-connected_at", "-id")


def with_counts(sessions: QuerySet[RealTimeSession]) -> QuerySet[RealTimeSession]:
    """Adds `total_chunks` and `transcript_length` (code points of all finals; None of none)."""
    return sessions.select_related("metrics").annotate(
        total_chunks=Count("chunks"), transcript_length=Sum(Length("chunks__text"))
    )


def session_for(access: Access, session_id: str) -> RealTimeSession:
    """Raises Http404 for what is not there and for what is somebody else's."""
    session = with_counts(visible_sessions(access)).filter(session_id=session_id).first()
    if session is None:
        raise Http404("There is no such session.")
    return session


def is_multichannel(session_id: str) -> bool:
    """Whether each channel of the session is a speaker of its own."""
    options = RealTimeSession.objects.filter(session_id=session_id).values_list("options", flat=True).first()
    return bool((options or {}).get("multichannel"))


def cleared_spans(session_id: str) -> list[tuple[float, float]]:
    """(start, end) of what the session's client took back, seconds on the audio clock."""
    options = RealTimeSession.objects.filter(session_id=session_id).values_list("options", flat=True).first()
    return [(start_s, end_s) for start_s, end_s in (options or {}).get(CLEARED_OPTION, [])]


def runs_with_recordings_left() -> list[int]:
    """The last run of each session that may keep no audio, has ended with all its runs, and has some left."""
    busy = PipelineRun.objects.filter(conversation=OuterRef("conversation"), status__in=RUN_UNFINISHED)
    runs = PipelineRun.objects.filter(
        conversation__store_audio=False, conversation__live_session__journal_parts__isnull=False
    )
    return list(
        runs.exclude(Exists(busy))
        .values("conversation")
        .annotate(last=Max("pk"))
        .values_list("last", flat=True)
    )


def count_active() -> int:
    """Sessions of the installation that have a socket."""
    return RealTimeSession.objects.filter(
        status=RealTimeSession.Status.ACTIVE, lease_until__gt=timezone.now()
    ).count()
