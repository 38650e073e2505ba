"""`manage.py bootstrap`: the user `ambient` and a key with every scope, made once, printed each time."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from conversations.services.bootstrap import bootstrap, read_key


class Command(BaseCommand):
    help = (
        "Makes, once, the staff user 'ambient' and an API key with every scope (AMBIENT_BOOTSTRAP_KEY, else "
        "a new one) and prints the key alone. The key is also that user's password for /admin/."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        home = settings.AMBIENT.home
        try:
            row = bootstrap(home=home, chosen_key=settings.AMBIENT.bootstrap_key)
        except ValueError as error:
            raise CommandError(f"AMBIENT_BOOTSTRAP_KEY: {error}") from error
        if not row.is_active:
            self.stderr.write("The bootstrap key is switched off (see API keys in the admin).")
        self.stdout.write(read_key(home))
