"""`/audio/*` as requests and answers; what streams is in test_event_streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from conversations.models import Conversation, PipelineRun, StageRun, WorkStatus
from conversations.services import runs, stage_runs
from conversations.services.words import replace_final_segments
from tests.conversations.conftest import Caller, segment
from tests.conversations.test_intake import files_under, wav
from tests.tasks.rows import stage_of, succeed, take

PROCESS = "/audio/process"


def send(client: APIClient, content: bytes, path: str = PROCESS, **fields: Any) -> Any:
    headers = fields.pop("headers", {})
    file = SimpleUploadedFile("call.wav", content, content_type="audio/wav")
    return client.post(path, {"audio": file, **fields}, format="multipart", headers=headers)


def task_of(response: Any) -> PipelineRun:
    return PipelineRun.objects.get(pk=int(response.json()["task_id"]))


def finish(run: PipelineRun, *, failing: tuple[str, ...] = ()) -> PipelineRun:
    """Every stage of the run done, in order, those named failed."""
    while sent := runs.advance_run(run_id=run.pk):
        for row in sent:
            stage = take(row)
            if stage.name in failing:
                stage_runs.fail_stage(stage_run_id=stage.pk, attempt=1, error="broke", retry=False)
                continue
            if stage.name == "transcription":
                replace_final_segments(
                    conversation_id=run.conversation_id,
                    run_number=run.number,
                    segments=[segment(0, "my name is grace")],
                    speakers=(),
                )
            succeed(stage, {"stage": stage.name})
    runs.finish_run_if_done(run_id=run.pk)
    return PipelineRun.objects.get(pk=run.pk)


def test_a_recording_becomes_a_task(owner: User, caller: Caller) -> None:
    """202 with where to ask; the task is queued, its steps are named as this API names them."""
    client = caller(owner)
    response = send(client, wav(), include_insights="true", include_translation="true", language="auto")
    assert response.status_code == 202, response.content
    body = response.json()
    assert (body["status"], body["estimated_time"]) == ("queued", None)
    run = task_of(response)
    assert run.parameters == {"include_insights": True, "include_translation": True}
    task = client.get(body["status_endpoint"]).json()
    assert (task["status"], task["progress"], task["filename"]) == ("queued", 0, "call.wav")
    assert task["current_step"] == "transcription"
    assert "result" not in task
    assert [t["task_id"] for t in client.get("/audio/tasks/active").json()["active_tasks"]] == [str(run.pk)]


def test_a_task_that_is_done_has_its_result_in_one_piece(owner: User, caller: Caller) -> None:
    """Words, every stage's output under this API's names, and what each stage was done with."""
    client = caller(owner)
    run = finish(task_of(send(client, wav())))
    task = client.get(f"/audio/task/{run.pk}").json()
    assert (task["status"], task["progress"], task["current_step"]) == ("completed", 100, None)
    result = task["result"]
    assert result["transcription"] == "my name is grace"
    assert [s["text"] for s in result["segments"]] == ["my name is grace"]
    assert result["qa_evaluations"] == {"stage": "quality"}
    assert (result["translation"], "insights" in result) == (None, False)
    assert result["audio_info"]["duration"] == 0.5
    assert result["audio_info"]["filename"] == "call.wav"
    names = [stage["name"] for stage in result["stages"]]
    assert names[0] == "transcription"
    assert {"entity_extraction", "qa_evaluation", "summarization"} <= set(names)
    assert result["processing_time"] == task["processing_time"] is not None


def test_a_task_without_one_stage_is_done_and_says_so(owner: User, caller: Caller) -> None:
    """A partial run is completed, with the failed stages by their names here."""
    run = finish(task_of(send(caller(owner), wav())), failing=("entities",))
    task = caller(owner).get(f"/audio/task/{run.pk}").json()
    assert (task["status"], task["failed_stages"]) == ("completed", ["entity_extraction"])
    assert task["result"]["entities"] is None


def test_a_task_that_failed_says_why(owner: User, caller: Caller) -> None:
    """Without words there is no result, and the stage's error is told."""
    run = finish(task_of(send(caller(owner), wav())), failing=("transcription",))
    task = caller(owner).get(f"/audio/task/{run.pk}").json()
    assert task["status"] == "failed"
    assert "broke" in task["error"]


def test_a_cancelled_task_keeps_what_is_done(owner: User, caller: Caller) -> None:
    """DELETE cancels what runs and waits; again it changes nothing."""
    client = caller(owner)
    run = task_of(send(client, wav()))
    (row,) = runs.advance_run(run_id=run.pk)
    succeed(take(row), {"done": True})
    for _ in range(2):
        task = client.delete(f"/audio/task/{run.pk}").json()
        assert task["status"] == "cancelled"
    assert stage_of(run, "transcription").output == {"done": True}
    assert client.get("/audio/tasks/active").json() == {"active_tasks": [], "total": 0}


def test_an_estimate_is_what_others_took(owner: User, caller: Caller) -> None:
    """The middle of the newest finished recordings' ratios, times this one's length."""
    client = caller(owner)
    run = finish(task_of(send(client, wav(1.0))))
    started = run.created_at
    PipelineRun.objects.filter(pk=run.pk).update(finished_at=started.replace(year=started.year + 1))
    ratio_s = (PipelineRun.objects.get(pk=run.pk).finished_at - started).total_seconds()  # type: ignore[operator]
    assert send(client, wav(0.5)).json()["estimated_time"] == pytest.approx(ratio_s * 0.5)


@pytest.mark.parametrize("path", [PROCESS, "/audio/process-stream", "/audio/process-stream-realtime"])
def test_what_is_no_recording_is_refused_before_a_task_is_made(
    owner: User, caller: Caller, path: str, settings: Any
) -> None:
    """415 as JSON, nothing in the database and nothing on the disk."""
    for content in (b"", b"no audio at all", wav()[:20]):
        response = send(caller(owner), content, path)
        assert response.status_code in (400, 415), response.content
        assert response.json()["error"]["code"]
    assert not Conversation.objects.exists()
    assert files_under(Path(settings.MEDIA_ROOT)) == []


@pytest.mark.parametrize("task_id", ["0", "-1", "x", "9" * 30, "1.5", "%00"])
def test_a_task_that_never_was_is_not_found(owner: User, caller: Caller, task_id: str) -> None:
    """404 on every path, whatever the id looks like."""
    client = caller(owner)
    assert client.get(f"/audio/task/{task_id}").status_code == 404
    assert client.get(f"/audio/task/{task_id}/events").status_code == 404
    assert client.delete(f"/audio/task/{task_id}").status_code == 404


def test_a_task_is_its_owners(owner: User, stranger: User, staff: User, caller: Caller) -> None:
    """Another owner gets 404 and sees no task in the list; staff sees it; a key that may only read cannot
    cancel."""
    run = task_of(send(caller(owner), wav()))
    assert caller(stranger).get(f"/audio/task/{run.pk}").status_code == 404
    assert caller(stranger).delete(f"/audio/task/{run.pk}").status_code == 404
    assert caller(stranger).get("/audio/tasks/active").json()["total"] == 0
    assert caller(staff).get(f"/audio/task/{run.pk}").status_code == 200
    assert caller(owner, "read").delete(f"/audio/task/{run.pk}").status_code == 403
    assert APIClient().get(f"/audio/task/{run.pk}").status_code == 401


def test_queues_say_what_waits_and_who_takes(owner: User, caller: Caller) -> None:
    """Each queue that tasks are sent to, with its depth in the broker and its workers."""
    queues = caller(owner, "read").get("/audio/queue/status").json()["queues"]
    assert {"live", "batch"} <= set(queues)
    assert all(isinstance(state["depth"], int) for state in queues.values())
    assert all(isinstance(state["workers"], int) for state in queues.values())


def test_the_same_request_again_makes_one_task(owner: User, caller: Caller) -> None:
    """An Idempotency-Key holds here as everywhere."""
    client = caller(owner)
    bodies = [send(client, wav(), headers={"Idempotency-Key": "k"}).json() for _ in range(2)]
    assert bodies[0] == bodies[1]
    assert PipelineRun.objects.count() == 1


def test_statuses_of_runs_all_have_a_name_here() -> None:
    """No state of a run is without its word."""
    from conversations.audio_tasks import TASK_STATUS

    assert set(TASK_STATUS) == set(WorkStatus.values)
    assert StageRun.Status.SUCCEEDED not in TASK_STATUS
