"""The models that the settings ask for: which are on this disk, and fetching those that are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from ambient.models import Wanted, wanted_models
from transcription.errors import EngineUnavailable


class Command(BaseCommand):
    help = "check: where each model is. download: fetch those that are not on this disk (HF_TOKEN, HF_HOME)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["check", "download"])
        parser.add_argument("--only", nargs="+", metavar="STAGE", help="live, batch, or stages")

    def handle(self, *_: Any, **options: Any) -> None:
        wanted = wanted_models(settings.AMBIENT)
        if only := options["only"]:
            known = {item.used_by for item in wanted}
            if unknown := sorted(set(only) - known):
                there = ", ".join(sorted(known))
                raise CommandError(f"No model is used by {', '.join(unknown)}; there are {there}.")
            wanted = [item for item in wanted if item.used_by in only]
        missing = []
        for item in wanted:
            self.stdout.write(f"{item.used_by}: {item.model} ({item.engine})")
            where = self._look(item, fetch=options["action"] == "download")
            if where is None and item.is_needed:
                missing.append(item.model)
        if missing:
            raise CommandError(f"Not there, though the settings name their engines: {', '.join(missing)}.")

    def _look(self, item: Wanted, *, fetch: bool) -> Path | None:
        """Where it is, fetched first where that is asked for; None where it is not."""
        try:
            where = item.find(may_fetch=False)
        except EngineUnavailable as missing:
            if not fetch:
                self.stdout.write(f"  {'missing' if item.is_needed else 'not used'}: {missing.reason}")
                return None
            self.stdout.write("  fetching …")
            try:
                where = item.find(may_fetch=True)
            except EngineUnavailable as error:
                self.stdout.write(f"  {error.reason}. {error.hint}")
                return None
        self.stdout.write(f"  {where}")
        return where
