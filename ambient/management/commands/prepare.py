"""Everything between an empty database and a server that may start, in one process."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, call_command


class Command(BaseCommand):
    help = "Check the configuration, migrate, collect static files, and print the bootstrap key."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("check", fail_level="ERROR", verbosity=0)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("bootstrap", stdout=self.stdout)
