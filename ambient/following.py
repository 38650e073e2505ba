"""Runs followed on a terminal: a bar each, and the result when they have ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from conversations.audio_tasks import current_step
from conversations.models import PipelineRun
from conversations.selectors import run_progress
from conversations.services.stage_runs import RUN_UNFINISHED

LOOK_INTERVAL_S = 0.3
"""Rows are looked at: what a terminal shows need not be sooner than an eye is."""


def follow(
    run_ids: Sequence[int], *, names: Sequence[str], console: Console | None = None
) -> list[PipelineRun]:
    """Show the runs until all have ended, on stderr, so that stdout is the result's alone. In order."""
    step_column = TextColumn("{task.fields[step]}")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), step_column)
    rows = PipelineRun.objects.prefetch_related("stages").filter(pk__in=run_ids)
    with Progress(*columns, TimeElapsedColumn(), console=console or Console(file=sys.stderr)) as shown:
        bars = {
            run_id: shown.add_task(name, total=1.0, step="waiting")
            for run_id, name in zip(run_ids, names, strict=True)
        }
        while True:
            runs = {run.pk: run for run in rows.all()}
            for run_id, bar in bars.items():
                if (run := runs.get(run_id)) is None:
                    shown.update(bar, step="erased")
                    continue
                is_over = run.status not in RUN_UNFINISHED
                step = str(run.status) if is_over else current_step(run) or "finishing"
                shown.update(bar, completed=1.0 if is_over else run_progress(run), step=step)
            if not any(run.status in RUN_UNFINISHED for run in runs.values()):
                return [runs[run_id] for run_id in run_ids if run_id in runs]
            time.sleep(LOOK_INTERVAL_S)
