"""Starting work from below: by task name, after commit, with ids. Web code never imports a task.

A message that cannot be sent is logged, not raised: the row is there, and the sweep sends it later.
"""

from __future__ import annotations

from collections.abc import Sequence

from celery import current_app
from django.db import transaction

ADVANCE_RUN_TASK = "tasks.pipeline.advance_run"
RUN_STAGE_TASK = "tasks.pipeline.run_stage"
LOSE_STAGE_TASK = "tasks.pipeline.lose_stage"
SWEEP_RUNS_TASK = "tasks.upkeep.sweep_runs"
ERASE_EXPIRED_TASK = "tasks.upkeep.erase_expired"
DRAW_WAVEFORM_TASK = "tasks.upkeep.draw_waveform"
BATCH_QUEUE = "batch"
"""Stages that run a model over audio, which a GPU is for, and the pipeline's own small messages."""
CPU_QUEUE = "cpu"
"""Stages that read words."""
CPU_STAGES = frozenset({"entities", "classification", "qa", "quality", "summary", "insights", "cleanup"})
NOW, SOON, LATER = 0, 3, 6
"""Priorities as the broker counts them, 0 first: what people wait for goes before what came in bulk."""

STAGE_TIME_BASE_S = 15 * 60
"""What any stage is given: loading a model and working through a few minutes of speech."""
STAGE_TIME_PER_AUDIO_S = 3
"""On top, per second of audio: ten times what the embedded recogniser needs (real-time factor up to 0.28)."""
LONGEST_RECORDING_S = 12 * 3600
"""The longest recording that is taken (contract: audio processing); meant where the length is not known."""
HARD_LIMIT_AFTER_S = 30
"""Seconds that a stage has to record that it took too long before its process is killed."""


def advance_run_after_commit(run_id: int, *, expires_s: float | None = None) -> None:
    """Have the pipeline look at a run once the rows are there to be seen. `expires_s`: it will be said again
    by then."""
    transaction.on_commit(
        lambda: current_app.send_task(ADVANCE_RUN_TASK, args=[run_id], queue=BATCH_QUEUE, expires=expires_s),
        robust=True,
    )


def run_stage_after_commit(
    stage_run_id: int,
    *,
    stage: str,
    audio_duration_s: float,
    countdown_s: float = 0.0,
    priority: int = NOW,
) -> None:
    """Send a stage to the workers of its kind; `audio_duration_s` 0 means not known yet."""
    limit_s = round(STAGE_TIME_BASE_S + STAGE_TIME_PER_AUDIO_S * (audio_duration_s or LONGEST_RECORDING_S))
    transaction.on_commit(
        lambda: current_app.send_task(
            RUN_STAGE_TASK,
            args=[stage_run_id],
            queue=CPU_QUEUE if stage in CPU_STAGES else BATCH_QUEUE,
            priority=priority,
            countdown=countdown_s or None,
            soft_time_limit=limit_s,
            time_limit=limit_s + HARD_LIMIT_AFTER_S,
        ),
        robust=True,
    )


def say_stage_lost(stage_run_id: int, task_id: str) -> None:
    """From a worker whose child died at work on a stage; rows are for its other children to write."""
    current_app.send_task(LOSE_STAGE_TASK, args=[stage_run_id, task_id], queue=BATCH_QUEUE)


def draw_waveform(conversation_id: str) -> None:
    """Nothing waits for it but a page, so a message that is lost may be."""
    current_app.send_task(DRAW_WAVEFORM_TASK, args=[conversation_id], queue=BATCH_QUEUE, priority=NOW)


def revoke_after_commit(task_ids: Sequence[str]) -> None:
    """Kill the processes at work on these tasks. SIGKILL: a stage stuck in native code hears nothing else."""
    if task_ids:
        transaction.on_commit(
            lambda: current_app.control.revoke(list(task_ids), terminate=True, signal="SIGKILL"), robust=True
        )
