"""Who is asking: an owner, what they may do, and the key that said so.

REST, sockets and the live page all turn their credentials into one `Access` here (contract: credentials).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.core import signing
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from conversations.models import ApiKey

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ALL_SCOPES = frozenset(str(scope) for scope in ApiKey.Scope)
MAX_TOKEN_TTL_S = 3600
TOKEN_SALT = "ambient.access.token"  # noqa: S105 - a namespace for signatures, not a secret
LAST_USED_RESOLUTION = timedelta(minutes=1)
"""`last_used_at` is written at most this often, so that reading does not turn into writing."""
OPERATOR_NAME = "ambient"
"""The user that `manage.py bootstrap` makes."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller may see and do. `max_sessions` None: no limit of the key's own."""

    owner_id: int
    is_staff: bool
    scopes: frozenset[str]
    key_id: int | None
    max_sessions: int | None

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def sees(self, owner_id: int) -> bool:
        """Whether rows of that owner are there for this caller."""
        return self.is_staff or owner_id == self.owner_id


def host_of_origin(origin: str) -> str:
    """Host and port of an `Origin`; empty where it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:  # half an IPv6 address, for one
        return ""


def digest_of(key: str) -> str:
    """What is kept of a key: the SHA-256 of all of it, as hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def prefixes_of(key: str) -> tuple[str, ...]:
    """Where a key may be found: by its own prefix, or (a key that an operator chose) by its digest's."""
    own, dot, _ = key.partition(".")
    by_digest = f"op-{digest_of(key)[:12]}"
    return (own, by_digest) if dot and 0 < len(own) <= 16 else (by_digest,)


def access_from_key(key: str) -> Access | None:
    """None where there is no such key, or it or its owner is switched off. Queries the database."""
    if not key or "\x00" in key:
        return None
    digest = digest_of(key)
    for row in ApiKey.objects.select_related("owner").filter(prefix__in=prefixes_of(key), is_active=True):
        if constant_time_compare(row.digest, digest) and row.owner.is_active:
            _note_use(row)
            return _access(row, frozenset(row.scopes))
    return None


def access_from_token(token: str) -> Access | None:
    """None where the signature is wrong, the time is up, or the key behind it was switched off since."""
    try:
        claims = signing.loads(token, salt=TOKEN_SALT, max_age=MAX_TOKEN_TTL_S)
    except signing.BadSignature:
        return None
    if claims["expires"] < timezone.now().timestamp():
        return None
    scopes = frozenset({claims["scope"]})
    if claims["key"] is None:
        user = get_user_model().objects.filter(pk=claims["owner"], is_active=True).first()
        return None if user is None else _narrowed(access_from_user(user), scopes)
    row = ApiKey.objects.select_related("owner").filter(pk=claims["key"], is_active=True).first()
    if row is None or not row.owner.is_active or row.owner_id != claims["owner"]:
        return None
    return _access(row, scopes & frozenset(row.scopes))


def access_from_user(user: User) -> Access:
    """A signed-in person: everything of their own; operating the installation is for staff."""
    scopes = ALL_SCOPES if user.is_staff else ALL_SCOPES - {str(ApiKey.Scope.ADMIN)}
    return Access(owner_id=user.pk, is_staff=user.is_staff, scopes=scopes, key_id=None, max_sessions=None)


def access_from_loopback() -> Access | None:
    """What `AMBIENT_OPEN_LOOPBACK` lets a keyless client on the same machine be: the operator's user, without
    the scope `admin` and with no more than its own rows. The caller checks setting and address."""
    user = get_user_model().objects.filter(username=OPERATOR_NAME, is_active=True).first()
    if user is None:
        return None
    scopes = ALL_SCOPES - {str(ApiKey.Scope.ADMIN)}
    return Access(owner_id=user.pk, is_staff=False, scopes=scopes, key_id=None, max_sessions=None)


def _access(row: ApiKey, scopes: frozenset[str]) -> Access:
    return Access(
        owner_id=row.owner_id,
        is_staff=row.owner.is_staff,
        scopes=scopes,
        key_id=row.pk,
        max_sessions=row.max_sessions,
    )


def _narrowed(access: Access, scopes: frozenset[str]) -> Access:
    return Access(
        owner_id=access.owner_id,
        is_staff=access.is_staff,
        scopes=access.scopes & scopes,
        key_id=access.key_id,
        max_sessions=access.max_sessions,
    )


def _note_use(row: ApiKey) -> None:
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at > LAST_USED_RESOLUTION:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
