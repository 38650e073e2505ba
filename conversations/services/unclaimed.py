"""Writing a file that a later transaction claims, and taking away those that none ever did.

A storage knows no transactions, so what it holds and what the rows say may part when a process dies between
the two. Here the row comes first: every file is named by a row from before its first byte.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage
from django.db import transaction

from conversations.models import Conversation, UnclaimedFile


class ClaimLostError(Exception):
    """The file was taken away by the sweep before anything claimed it."""


def recordings() -> Storage:
    storage: Storage = Conversation._meta.get_field("audio").storage
    return storage


def store_unclaimed(*, name: str, content: File[Any]) -> str:
    """Write a file under a name that nothing else has; returns the name in the storage.

    To be called outside a transaction: inside one the row is no earlier than the file.
    """
    row = UnclaimedFile.objects.create(name=name)
    stored = recordings().save(name, content)
    if stored != name:
        UnclaimedFile.objects.filter(pk=row.pk).update(name=stored)
    return stored


def claim(*, name: str) -> None:
    """In the transaction that writes whose file it is. Raises ClaimLostError."""
    deleted, _ = UnclaimedFile.objects.filter(name=name).delete()
    if not deleted:
        raise ClaimLostError(name)


def discard_unclaimed(*, name: str) -> None:
    """Take a file away unless it was claimed."""
    with transaction.atomic():
        row = UnclaimedFile.objects.select_for_update().filter(name=name).first()
        if row is not None:
            recordings().delete(row.name)
            row.delete()


def sweep_unclaimed(*, created_before: datetime) -> list[str]:
    """Take away what processes that died left lying; returns the names. Several at once do no harm."""
    names = list(UnclaimedFile.objects.filter(created_at__lt=created_before).values_list("name", flat=True))
    for name in names:
        discard_unclaimed(name=name)
    return names
