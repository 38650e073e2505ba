"""Starting work from below: by task name, after commit, with ids. Web code never imports a task."""

from __future__ import annotations

from celery import current_app
from django.db import transaction

ADVANCE_RUN_TASK = "tasks.pipeline.advance_run"
RUN_STAGE_TASK = "tasks.pipeline.run_stage"
ANSWER_QUESTION_TASK = "tasks.pipeline.answer_question"
BATCH_QUEUE = "batch"


def advance_run_after_commit(run_id: int) -> None:
    """Have the pipeline look at a run once the rows are there to be seen."""
    transaction.on_commit(lambda: current_app.send_task(ADVANCE_RUN_TASK, args=[run_id], queue=BATCH_QUEUE))
