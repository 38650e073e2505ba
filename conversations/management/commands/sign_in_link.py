"""`manage.py sign_in_link`: path and query of a link that signs the operator, or another user, in once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.access import OPERATOR_NAME
from conversations.services.sign_in_links import LINK_LIFE_S, make_link_path


class Command(BaseCommand):
    help = f"Prints a link that signs a user in once, within {LINK_LIFE_S // 60} minutes, less the address."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?", default=OPERATOR_NAME)

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = get_user_model().objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {username!r}.")
        self.stdout.write(make_link_path(user))
