"""Recordings from this machine's disk through the pipeline, with a bar for each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files import File
from django.core.management import BaseCommand, CommandError, CommandParser

from ambient.following import follow
from conversations.access import OPERATOR_NAME
from conversations.api.task_documents import task_json
from conversations.dispatch import BATCH_QUEUE
from conversations.errors import RequestError
from conversations.models import PipelineRun, Stage, WorkStatus
from conversations.queues import queue_states
from conversations.services.run_plan import ASKED_BY, ONLY
from conversations.services.uploads import create_upload, received


class Command(BaseCommand):
    help = "Transcribe and analyse recordings; needs a running stack (make up, or workers of your own)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--stages", nargs="+", choices=Stage.values, help="these alone; default: all")
        parser.add_argument("--language", default="", help="a language tag; default: detect it")
        parser.add_argument("--json", action="store_true", help="the whole results as JSON on stdout")
        parser.add_argument("--owner", default=OPERATOR_NAME, help="the user whose they will be")

    def handle(self, *_: Any, **options: Any) -> None:
        if not queue_states()[BATCH_QUEUE]["workers"]:
            raise CommandError(f"No worker takes from the queue {BATCH_QUEUE}: start the stack (make up).")
        user = get_user_model().objects.filter(username=options["owner"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['owner']}.")
        run_ids = [self._send(path, user.pk, options) for path in options["files"]]
        names = [path.name for path in options["files"]]
        runs = follow(run_ids, names=names)
        documents = [{"file": name, **task_json(_fresh(run))} for name, run in zip(names, runs, strict=False)]
        if options["json"]:
            self.stdout.write(json.dumps(documents, ensure_ascii=False, indent=2))
        else:
            for document in documents:
                self._show(document)
        failed = [run for run in runs if run.status in (WorkStatus.FAILED, WorkStatus.CANCELLED)]
        if failed or len(runs) < len(run_ids):
            raise CommandError(f"{len(failed) + len(run_ids) - len(runs)} of {len(run_ids)} did not succeed.")

    def _send(self, path: Path, owner_id: int, options: dict[str, Any]) -> int:
        parameters: dict[str, Any] = {}
        if stages := options["stages"]:
            parameters = {ASKED_BY[stage]: True for stage in ASKED_BY if stage in stages}
            parameters[ONLY] = [stage for stage in Stage.values if stage in {*stages, "transcription"}]
        try:
            with path.open("rb") as file, received(File(file, name=path.name)) as recording:
                return create_upload(
                    owner_id=owner_id,
                    recording=recording,
                    title="",
                    language=options["language"],
                    parameters=parameters,
                ).pk
        except (OSError, RequestError) as error:
            raise CommandError(f"{path}: {error}") from error

    def _show(self, document: dict[str, Any]) -> None:
        self.stdout.write(f"\n{document['file']}: {document['message']}")
        if error := document.get("error"):
            self.stdout.write(f"  {error}")
        result = document.get("result")
        if result is None:
            return
        for segment in result["segments"]:
            who = segment["speaker_name"] or segment["speaker_id"] or "–"
            self.stdout.write(f"  [{segment['start']:7.1f}] {who}: {segment['text']}")
        if summary := result["summary"]:
            self.stdout.write(f"  {summary['text']}")


def _fresh(run: PipelineRun) -> PipelineRun:
    return PipelineRun.objects.select_related("conversation").prefetch_related("stages").get(pk=run.pk)
