"""The first user and the first key, so that an installation can be spoken to once it runs."""

from __future__ import annotations

import os
from pathlib import Path

from django.contrib.auth import get_user_model
from django.db import transaction

from conversations.access import ALL_SCOPES, OPERATOR_NAME, digest_of
from conversations.models import ApiKey
from conversations.services.access import check_chosen_key, create_key, generate_key

KEY_NAME = "bootstrap"
FILE_NAME = "bootstrap_key"


@transaction.atomic
def bootstrap(*, home: Path, chosen_key: str = "") -> ApiKey:
    """The operator's user and the bootstrap key, made where they are missing; `read_key` gives the key.

    The key is the chosen one, else the one in the file, else a new one. It is also the password of the user
    `ambient`, until a person changes it. Another chosen key takes the place of the one before. A key that
    was switched off in the admin stays off. Raises ValueError for a chosen key that cannot be one, OSError
    where the file cannot be written.
    """
    user, is_new = get_user_model().objects.get_or_create(
        username=OPERATOR_NAME, defaults={"is_staff": True, "is_superuser": True}
    )
    user = get_user_model().objects.select_for_update().get(pk=user.pk)  # two starts at once take turns
    path = home / FILE_NAME
    key = chosen_key or read_key(home) or generate_key()
    check_chosen_key(key)
    bootstrap_keys = ApiKey.objects.filter(owner=user, name=KEY_NAME)
    row = bootstrap_keys.filter(digest=digest_of(key)).first()
    if row is None:
        bootstrap_keys.delete()
        row, _ = create_key(owner=user, name=KEY_NAME, scopes=ALL_SCOPES, key=key)
    if is_new or read_key(home) != key:
        user.set_password(key)
        user.save(update_fields=["password"])
        _write_private(path, key)
    return row


def read_key(home: Path) -> str:
    """The bootstrap key; empty where there is none yet."""
    path = home / FILE_NAME
    return path.read_text().strip() if path.exists() else ""


def _write_private(path: Path, text: str) -> None:
    """A file that only its owner reads from its first byte on, there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    candidate = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{text}\n")
    candidate.replace(path)
