"""Conversations through the pipeline once more."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management import BaseCommand, CommandError, CommandParser

from ambient.following import follow
from conversations.errors import RequestError
from conversations.models import Conversation, PipelineRun, Stage, WorkStatus
from conversations.selectors import latest_run
from conversations.services.reruns import rerun, retry_failed


class Command(BaseCommand):
    help = "Run everything again, or named stages and what depends on them, or what failed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("conversations", nargs="+", type=UUID, metavar="ID")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--stages", nargs="+", choices=Stage.values, default=[])
        what.add_argument("--failed", action="store_true", help="the failed stages of the last run")
        parser.add_argument("--no-wait", action="store_true", help="do not wait for the end")

    def handle(self, *_: Any, **options: Any) -> None:
        runs = [self._start(conversation_id, options) for conversation_id in options["conversations"]]
        if options["no_wait"]:
            return
        ended = follow([run.pk for run in runs], names=[str(run.conversation_id) for run in runs])
        for run in ended:
            self.stdout.write(f"{run.conversation_id}: {run.status}")
        if any(run.status in (WorkStatus.FAILED, WorkStatus.CANCELLED) for run in ended):
            raise CommandError("Not all of them succeeded.")

    def _start(self, conversation_id: UUID, options: dict[str, Any]) -> PipelineRun:
        try:
            if not options["failed"]:
                return rerun(conversation_id=conversation_id, stages=options["stages"])
            sent = retry_failed(conversation_id=conversation_id)
            run = latest_run(Conversation.objects.get(pk=conversation_id))
        except Conversation.DoesNotExist as error:
            raise CommandError(f"There is no conversation {conversation_id}.") from error
        except RequestError as error:
            raise CommandError(f"{conversation_id}: {error}") from error
        if not sent or run is None:
            raise CommandError(f"{conversation_id}: nothing has failed in its last run.")
        return run
