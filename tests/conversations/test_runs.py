"""The pipeline's state machine on real rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from conversations.models import Conversation, PipelineRun, Segment, StageRun, WorkStatus
from conversations.services import runs, stage_runs
from conversations.services.run_plan import waits_for
from tests.tasks.rows import make_conversation, stage_of, start, states, succeed, take

PENDING, RUNNING = StageRun.Status.PENDING, StageRun.Status.RUNNING
SUCCEEDED, SKIPPED = StageRun.Status.SUCCEEDED, StageRun.Status.SKIPPED
FAILED, CANCELLED = StageRun.Status.FAILED, StageRun.Status.CANCELLED


def let_lease_lapse(stage: StageRun) -> None:
    StageRun.objects.filter(pk=stage.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db
class TestStart:
    def test_asking_twice_starts_once(self) -> None:
        """The same request again gets the run that is under way, so that an end told twice runs once."""
        conversation = make_conversation("text", "hello")
        assert start(conversation) == start(conversation)

    def test_another_run_waits_for_the_first(self) -> None:
        """A run with other parameters is refused while one is under way, and numbered after it later."""
        conversation = make_conversation("text", "hello")
        first = start(conversation)
        with pytest.raises(runs.RunInProgressError):
            start(conversation, include_insights=True)
        runs.cancel_run(run_id=first.pk)
        assert start(conversation, include_insights=True).number == 2

    def test_workers_hear_of_it_after_commit(self, django_capture_on_commit_callbacks: Any) -> None:
        """The message that starts the work goes out when the rows are there to be seen, not before."""
        with django_capture_on_commit_callbacks() as callbacks:
            start(make_conversation("text", "hello"))
        assert len(callbacks) == 1


@pytest.mark.django_db
class TestAdvance:
    def test_only_the_first_tier_is_sent(self) -> None:
        """An upload's run sends its transcription and lets everything else wait."""
        run = start(make_conversation("upload"))
        assert [stage.name for stage in runs.advance_run(run_id=run.pk)] == ["transcription"]
        assert runs.advance_run(run_id=run.pk) == []
        conversation = Conversation.objects.get(pk=run.conversation_id)
        assert conversation.status == Conversation.Status.PROCESSING

    def test_without_words_what_reads_words_is_skipped_with_the_reason(self) -> None:
        """After a failed transcription of an upload every stage that reads is skipped and says why; the run
        has failed, for nothing came of it."""
        run = start(make_conversation("upload"))
        (sent,) = runs.advance_run(run_id=run.pk)
        stage_runs.fail_stage(stage_run_id=sent.pk, attempt=take(sent).attempts, error="broke", retry=False)
        assert runs.advance_run(run_id=run.pk) == []
        assert set(states(run).values()) == {FAILED, SKIPPED}
        assert stage_of(run, "summary").skip_reason == "there are no words: the transcription failed"
        assert runs.finish_run_if_done(run_id=run.pk) == WorkStatus.FAILED

    def test_live_words_serve_where_the_enhancement_failed(self) -> None:
        """A session whose second transcription broke goes on with what was heard live, and is partial."""
        run = start(make_conversation("live", "hello there"), enhance_on_end=True)
        (sent,) = runs.advance_run(run_id=run.pk)
        stage_runs.fail_stage(stage_run_id=sent.pk, attempt=take(sent).attempts, error="broke", retry=False)
        assert [stage.name for stage in runs.advance_run(run_id=run.pk)] == ["diarization"]

    def test_silence_completes(self) -> None:
        """A recording in which nobody spoke is no fault: its stages are skipped and the run completes."""
        run = start(make_conversation("upload"))
        (sent,) = runs.advance_run(run_id=run.pk)
        succeed(take(sent))
        runs.advance_run(run_id=run.pk)
        assert stage_of(run, "qa").skip_reason == "there are no words: nothing was said"
        assert runs.finish_run_if_done(run_id=run.pk) == WorkStatus.COMPLETED

    def test_one_failed_stage_makes_a_run_partial_and_nothing_else_is_lost(self) -> None:
        """With one stage broken the others succeed, the summary runs, and the conversation says partial."""
        run = start(make_conversation("text", "hello there"))
        for stage in runs.advance_run(run_id=run.pk):
            taken = take(stage)
            if stage.name == "quality":
                stage_runs.fail_stage(stage_run_id=stage.pk, attempt=1, error="broke", retry=False)
            else:
                succeed(taken)
        (summary,) = runs.advance_run(run_id=run.pk)
        assert summary.name == "summary"
        succeed(take(summary))
        assert runs.finish_run_if_done(run_id=run.pk) == WorkStatus.PARTIAL
        assert Conversation.objects.get(pk=run.conversation_id).status == Conversation.Status.PARTIAL
        assert runs.finish_run_if_done(run_id=run.pk) is None


@pytest.mark.django_db
class TestStage:
    def sent_stage(self) -> StageRun:
        return runs.advance_run(run_id=start(make_conversation("upload")).pk)[0]

    def test_one_worker_takes_it(self) -> None:
        """Of two messages for one stage, the second finds it taken."""
        stage = self.sent_stage()
        assert take(stage).attempts == 1
        assert stage_runs.claim_stage(stage_run_id=stage.pk, task_id="other") is None

    def test_nothing_is_taken_before_its_turn(self) -> None:
        """A message that comes too early for its stage changes nothing."""
        run = self.sent_stage().run
        summary = stage_of(run, "summary")
        assert stage_runs.claim_stage(stage_run_id=summary.pk, task_id="early") is None
        assert stage_of(run, "summary").status == PENDING

    def test_a_passing_fault_is_tried_again_until_attempts_are_used_up(self) -> None:
        """A retryable failure puts the stage back twice; the third time it has failed with its error."""
        stage = self.sent_stage()
        seen = []
        for _ in range(stage_runs.MAX_ATTEMPTS):
            taken = take(stage)
            stage_runs.fail_stage(stage_run_id=stage.pk, attempt=taken.attempts, error="busy", retry=True)
            seen.append(StageRun.objects.get(pk=stage.pk).status)
        assert seen == [PENDING, PENDING, FAILED]
        assert StageRun.objects.get(pk=stage.pk).error == "busy"

    def test_a_dead_worker_is_outlived_and_then_given_up(self) -> None:
        """A stage whose workers die is sent again when each lease ends, and fails after the third."""
        stage = self.sent_stage()
        for attempt in range(1, stage_runs.MAX_ATTEMPTS + 1):
            assert take(stage).attempts == attempt
            assert not stage_runs.release_stage(stage_run_id=stage.pk), "its lease still holds"
            let_lease_lapse(stage)
            assert stage_runs.release_stage(stage_run_id=stage.pk)
            assert not stage_runs.release_stage(stage_run_id=stage.pk)
        given_up = StageRun.objects.get(pk=stage.pk)
        assert (given_up.status, given_up.error) == (FAILED, stage_runs.GAVE_UP)

    def test_a_process_that_was_seen_to_die_is_not_waited_for(self) -> None:
        """Reported by its worker, a stage is sent again though its lease holds; a report of another attempt
        changes nothing, and neither does a second one."""
        stage = self.sent_stage()
        take(stage, "first")
        assert not stage_runs.lose_stage(stage_run_id=stage.pk, task_id="another")
        assert stage_runs.lose_stage(stage_run_id=stage.pk, task_id="first")
        assert not stage_runs.lose_stage(stage_run_id=stage.pk, task_id="first")
        assert take(stage, "second").attempts == 2

    def test_the_dead_do_not_write(self) -> None:
        """What an attempt brings after another took its place is not kept, its rows neither."""
        stage = self.sent_stage()
        first = take(stage)
        let_lease_lapse(stage)
        stage_runs.release_stage(stage_run_id=stage.pk)
        second = take(stage, "second")
        assert not stage_runs.renew_lease(stage_run_id=stage.pk, attempt=first.attempts)
        written: list[StageRun] = []
        late = stage_runs.finish_stage(
            stage_run_id=stage.pk,
            attempt=first.attempts,
            output={"late": True},
            engine="",
            model="",
            engine_version="",
            record=written.append,
        )
        assert (late, written) == (False, [])
        assert succeed(second, {"late": False})
        assert not succeed(second, {"late": True})
        assert StageRun.objects.get(pk=stage.pk).output == {"late": False}

    def test_what_was_used_is_added_up_over_attempts(self) -> None:
        """Tokens of an attempt that failed were paid for too; a figure nobody gave stays unknown."""
        stage = self.sent_stage()
        stage_runs.fail_stage(
            stage_run_id=stage.pk,
            attempt=take(stage).attempts,
            error="busy",
            retry=True,
            usage={"requests": 1, "prompt_tokens": None, "cost": None},
        )
        StageRun.objects.filter(pk=stage.pk).update(queued_at=timezone.now())
        stage_runs.finish_stage(
            stage_run_id=stage.pk,
            attempt=take(stage, "second").attempts,
            output=None,
            engine="llm",
            model="m",
            engine_version="answers.v1",
            usage={"requests": 2, "prompt_tokens": 300, "cost": None},
        )
        usage = StageRun.objects.get(pk=stage.pk).usage
        assert usage == {"requests": 3, "prompt_tokens": 300, "cost": None}

    def test_rows_and_end_stand_or_fall_together(self) -> None:
        """A stage whose rows cannot be written has not succeeded, and what it wrote first is gone."""
        stage = take(self.sent_stage())

        def record(stage: StageRun) -> None:
            Segment.objects.create(
                conversation_id=stage.run.conversation_id,
                version="final",
                run_number=1,
                number=0,
                start_s=0,
                end_s=1,
                text="kept?",
            )
            raise RuntimeError("the second row cannot be written")

        with pytest.raises(RuntimeError):
            stage_runs.finish_stage(
                stage_run_id=stage.pk,
                attempt=1,
                output=None,
                engine="",
                model="",
                engine_version="",
                record=record,
            )
        assert StageRun.objects.get(pk=stage.pk).status == RUNNING
        assert not Segment.objects.exists()

    def test_a_lost_message_is_sent_again(self) -> None:
        """A stage that was sent long ago and never taken is sent again once, by whichever sweep is first."""
        stage = self.sent_stage()
        now = timezone.now()
        assert not stage_runs.resend_stage(stage_run_id=stage.pk, queued_before=now - timedelta(minutes=1))
        assert stage_runs.resend_stage(stage_run_id=stage.pk, queued_before=now)
        assert not stage_runs.resend_stage(stage_run_id=stage.pk, queued_before=now)

    def test_cancelling_keeps_what_is_done(self, django_capture_on_commit_callbacks: Any) -> None:
        """A cancelled run ends at once: its running stage is revoked, its waiting ones never start, and what
        the running one still says is not kept."""
        run = start(make_conversation("text", "hello there"))
        first, second, *_ = runs.advance_run(run_id=run.pk)
        succeed(take(first))
        running = take(second)
        with django_capture_on_commit_callbacks() as callbacks:
            assert runs.cancel_run(run_id=run.pk)
        assert len(callbacks) == 2, "one revocation, and one look at the run, which settles its recording"
        assert states(run)[first.name] == SUCCEEDED
        assert states(run)[second.name] == states(run)["summary"] == CANCELLED
        assert not succeed(running)
        assert not runs.cancel_run(run_id=run.pk)
        run.refresh_from_db()
        assert run.status == run.conversation.status == WorkStatus.CANCELLED


ACTIONS = st.sampled_from(
    ["claim", "finish", "skip", "fail", "fail_for_now", "lapse", "sweep", "die", "resend", "late", "advance"]
)
STEPS = st.lists(st.tuples(ACTIONS, st.integers(0, 10)), max_size=40)


class TestAnyOrder(TestCase):
    @settings(max_examples=25)
    @given(steps=STEPS, source=st.sampled_from(["upload", "live", "text"]), insights=st.booleans())
    def test_no_order_of_events_breaks_a_run(
        self, steps: list[tuple[str, int]], source: str, insights: bool
    ) -> None:
        """Whatever comes, however often and late: a stage that ended stays as it ended, none starts before
        those it waits for, attempts stay within bounds, and the run can always be brought to its end."""
        run = start(make_conversation(source, "hello there"), include_insights=insights)
        ended: dict[int, str] = {}
        for action, index in steps:
            stages = list(run.stages.all())
            apply(action, stages[index % len(stages)], run)
            ended = check(run, ended)
        for _ in range(len(ended) + 20):
            for stage in runs.advance_run(run_id=run.pk):
                stage.refresh_from_db()
            for stage in run.stages.filter(status=RUNNING):
                succeed(stage)
            for stage in run.stages.filter(status=PENDING, queued_at__isnull=False):
                succeed(take(stage))
            ended = check(run, ended)
        assert runs.finish_run_if_done(run_id=run.pk) == runs.outcome_of(states(run).values())


def apply(action: str, stage: StageRun, run: PipelineRun) -> None:
    named: Any = {"stage_run_id": stage.pk, "attempt": stage.attempts}
    if action == "claim":
        stage_runs.claim_stage(stage_run_id=stage.pk, task_id="any")
    elif action == "finish":
        succeed(stage)
    elif action == "late":
        stage.attempts -= 1
        assert not succeed(stage)
    elif action == "skip":
        stage_runs.skip_stage(**named, reason="nothing to do")
    elif action in ("fail", "fail_for_now"):
        stage_runs.fail_stage(**named, error="broke", retry=action == "fail_for_now")
    elif action == "lapse":
        StageRun.objects.filter(pk=stage.pk, status=RUNNING).update(lease_until=timezone.now())
    elif action == "sweep":
        stage_runs.release_stage(stage_run_id=stage.pk)
    elif action == "die":
        stage_runs.lose_stage(stage_run_id=stage.pk, task_id=stage.task_id)
    elif action == "resend":
        stage_runs.resend_stage(stage_run_id=stage.pk, queued_before=timezone.now())
    elif action == "advance":
        runs.advance_run(run_id=run.pk)


def check(run: PipelineRun, ended: dict[int, str]) -> dict[int, str]:
    stages = {stage.name: stage for stage in run.stages.all()}
    now_ended = {stage.pk: stage.status for stage in stages.values() if stage.status in StageRun.TERMINAL}
    assert {pk: now_ended.get(pk) for pk in ended} == ended
    for stage in stages.values():
        assert stage.attempts <= stage_runs.MAX_ATTEMPTS
        if stage.status == RUNNING:
            assert all(
                stages[name].status in StageRun.TERMINAL for name in waits_for(stage.name) if name in stages
            )
    return now_ended
