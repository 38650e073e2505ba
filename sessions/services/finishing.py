"""The end of a session: rows that say how it ended, and the pipeline over what it heard."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from conversations.jobs import ENHANCES
from conversations.metrics import catalogue as metrics
from conversations.models import PipelineRun
from conversations.services.conversations import close_live_conversation
from conversations.services.runs import start_run
from sessions import journal
from sessions.models import RealTimeSession, RealTimeSessionMetrics
from sessions.services.enhancement import run_parameters
from sessions.services.holding import NotHeld
from sessions.services.recording_words import write_sent_times

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finish:
    """How a session ended. `status`: completed, terminated or interrupted."""

    session_id: str
    status: str
    reason: str
    bytes_received: int
    audio_duration_s: float
    language: str
    metrics: Mapping[str, Any]
    sent: Mapping[int, float]
    process_id: str | None = None
    """The holder that says so; None: whoever calls has made sure that nobody holds it."""
    words_missing: bool = False
    """Audio was left that no engine answered for: the pipeline transcribes the recording again."""


@transaction.atomic
def finish_session(*, finish: Finish) -> str | None:
    """Write the end and start the pipeline; once, however often it is called.

    Returns the id of the enhancement where one was asked for. Raises NotHeld where another process has taken
    the session, and RealTimeSession.DoesNotExist.
    """
    row = RealTimeSession.objects.select_for_update().get(session_id=finish.session_id)
    if row.status not in RealTimeSession.RUNNING:
        return _enhancement_of(finish.session_id)
    if finish.process_id not in (None, row.process_id):
        raise NotHeld(finish.session_id, finished=False)
    write_sent_times(session_id=finish.session_id, process_id=row.process_id, sent=finish.sent)
    row.status, row.end_reason = finish.status, finish.reason
    transaction.on_commit(partial(metrics.SESSIONS_ENDED.add, 1, finish.reason))
    row.ended_at = row.last_activity = timezone.now()
    row.lease_until = None
    row.bytes_received, row.audio_duration_s = finish.bytes_received, finish.audio_duration_s
    row.save()
    RealTimeSessionMetrics.objects.update_or_create(session=row, defaults=dict(finish.metrics))
    close_live_conversation(
        conversation_id=row.conversation_id, duration_s=finish.audio_duration_s, language=finish.language
    )
    parameters = run_parameters(row.options)
    if finish.words_missing:
        parameters[ENHANCES] = True
    run = start_run(conversation_id=row.conversation_id, parameters=parameters)
    return str(run.pk) if row.options.get(ENHANCES) else None


def finish_abandoned(*, grace_s: float) -> list[str]:
    """End the sessions whose process is gone and whose grace has passed; the pipeline hears their recordings.

    Returns their ids. Several processes may do this at once: each session is ended by one. Raises
    OperationalError and InterfaceError; what else goes wrong with one session is logged, and tried again at
    the next call.
    """
    lapsed = RealTimeSession.objects.filter(
        status__in=RealTimeSession.RUNNING, lease_until__lt=timezone.now() - timedelta(seconds=grace_s)
    )
    ended = []
    for session_id in lapsed.values_list("session_id", flat=True):
        try:
            with transaction.atomic():
                row = lapsed.select_for_update(skip_locked=True).filter(session_id=session_id).first()
                if row is None:
                    continue
                journal.seal_leftovers(session_id)  # its audio must be where workers find it
                finish_session(finish=_abandoned(row))
        except (OperationalError, InterfaceError):
            raise
        except OSError as error:
            logger.warning("session %s waits for its storage: %s", session_id, error)
        except Exception:  # the others must not wait for what is wrong with this one
            logger.exception("session %s cannot be finished", session_id)
        else:
            ended.append(session_id)
    return ended


def _abandoned(row: RealTimeSession) -> Finish:
    recorded = journal.recorded_extent(row.session_id)
    return Finish(
        session_id=row.session_id,
        status=RealTimeSession.Status.INTERRUPTED,
        reason="server_gone",
        bytes_received=recorded.sent_bytes,
        audio_duration_s=recorded.audio_s,
        language=row.language,
        metrics={
            "chunks_processed": row.chunks.count(),
            "total_session_duration_s": (row.last_activity - row.connected_at).total_seconds(),
        },
        sent={},
        words_missing=recorded.sent_bytes > 0,
    )


def _enhancement_of(session_id: str) -> str | None:
    row = RealTimeSession.objects.get(session_id=session_id)
    run = PipelineRun.objects.filter(conversation_id=row.conversation_id).order_by("number").first()
    return str(run.pk) if run is not None and row.options.get(ENHANCES) else None
