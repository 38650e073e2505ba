"""The same POST twice does its work once (draft-ietf-httpapi-idempotency-key-header-07, section 2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from conversations.errors import KeyReused
from conversations.models import IdempotentRequest

REMEMBERED = timedelta(hours=24)
MAX_KEY_CHARS = 128

Answer = tuple[int, Any]
"""Status and JSON body."""


@transaction.atomic
def answer_once(*, owner_id: int, key: str, fingerprint: str, work: Callable[[], Answer]) -> Answer:
    """The answer of `work`, or the one that the same request got within the last 24 h.

    The claim, the work and the answer are one transaction: who comes second waits at the unique key until
    the first is done. Raises KeyReused where the key came with another request, and whatever `work` raises,
    after which the key is free again.
    """
    mine = IdempotentRequest.objects.filter(owner_id=owner_id)
    mine.filter(created_at__lt=timezone.now() - REMEMBERED).delete()
    try:
        with transaction.atomic():
            row = mine.create(owner_id=owner_id, key=key, fingerprint=fingerprint)
    except IntegrityError:
        known = mine.get(key=key)
        if known.fingerprint != fingerprint or known.response_status is None:
            raise KeyReused("This Idempotency-Key came with another request before.") from None
        return known.response_status, known.response_body
    row.response_status, row.response_body = work()
    row.save(update_fields=["response_status", "response_body"])
    return row.response_status, row.response_body
