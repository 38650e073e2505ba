"""Everything between an empty database and a server that may start, in one process."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, call_command

from conversations.access import OPERATOR_NAME
from conversations.services.sign_in_links import make_link_path


class Command(BaseCommand):
    help = (
        "Check the configuration, migrate, collect static files, and print two lines: path and query of a "
        "link that signs the operator in once (empty where that user is switched off), and the bootstrap key."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("check", fail_level="ERROR", verbosity=0)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["redoc*"])
        key = StringIO()
        call_command("bootstrap", stdout=key)
        operator = get_user_model().objects.filter(username=OPERATOR_NAME, is_active=True).first()
        self.stdout.write("" if operator is None else make_link_path(operator))
        self.stdout.write(key.getvalue())
