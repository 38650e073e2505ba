"""Noting who read, took out or erased what: one row, at most once a minute for the same reading."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

from conversations.access import Access
from conversations.models import AccessRecord

ONCE_IN_S = 60
"""A page that looks again, and a player that asks for range after range, read the same thing."""
FOR_EVER = -1


def note_access(*, access: Access, what: AccessRecord.What, conversation_id: UUID, address: str) -> None:
    """`address`: of the caller; empty or no IP address where it is not known."""
    if what != AccessRecord.What.ERASURE and _is_noted(access, what, conversation_id):
        return
    AccessRecord.objects.create(
        what=what,
        conversation_id=conversation_id,
        user_id=access.owner_id,
        key_id=access.key_id,
        address=_ip(address),
    )


def forget_access(*, days: int) -> int:
    """Drop what is older than `days` (-1: nothing); returns how many rows went."""
    if days == FOR_EVER:
        return 0
    return AccessRecord.objects.filter(at__lte=timezone.now() - timedelta(days=days)).delete()[0]


def _is_noted(access: Access, what: str, conversation_id: UUID) -> bool:
    noted = f"ambient:read:{access.owner_id}:{access.key_id}:{what}:{conversation_id}"
    try:
        return not cache.add(noted, 1, ONCE_IN_S)
    except RedisError:  # rather twice than not at all
        return False


def _ip(address: str) -> str | None:
    try:
        return str(ip_address(address))
    except ValueError:
        return None
