"""Making keys and tokens."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core import signing
from django.utils import timezone

from conversations.access import ALL_SCOPES, MAX_TOKEN_TTL_S, TOKEN_SALT, Access, digest_of, prefixes_of
from conversations.models import ApiKey

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SECRET_BYTES = 32
MIN_CHOSEN_KEY_CHARS = 16
GENERATED_KEY = re.compile(r"[0-9a-f]{8}\.[A-Za-z0-9_-]{43}")


def create_key(
    *,
    owner: User,
    name: str,
    scopes: Collection[str],
    max_sessions: int | None = None,
    key: str | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its only readable copy.

    `key`: one that an operator chose instead of a generated one. Raises ValueError for an unknown scope and
    for a chosen key that is too short or could not be sent in a header.
    """
    if unknown := set(scopes) - ALL_SCOPES:
        raise ValueError(f"unknown scopes: {', '.join(sorted(unknown))}")
    key = key or generate_key()
    check_chosen_key(key)
    own_prefix, by_digest = prefixes_of(key)[0], prefixes_of(key)[-1]
    prefix = own_prefix if GENERATED_KEY.fullmatch(key) else by_digest
    row = ApiKey.objects.create(
        owner=owner,
        name=name,
        prefix=prefix,
        digest=digest_of(key),
        scopes=sorted(scopes),
        max_sessions=max_sessions,
    )
    return row, key


def generate_key() -> str:
    """`prefix.secret`, the secret of 256 random bits."""
    return f"{secrets.token_hex(4)}.{secrets.token_urlsafe(SECRET_BYTES)}"


def check_chosen_key(key: str) -> None:
    """Raises ValueError unless the key is long enough and made of what a header can carry."""
    if len(key) < MIN_CHOSEN_KEY_CHARS:
        raise ValueError(f"a key has at least {MIN_CHOSEN_KEY_CHARS} characters")
    if any(not "!" <= character <= "~" for character in key):
        raise ValueError("a key is made of printable ASCII characters without spaces")


def make_token(*, access: Access, scope: str, ttl_s: int) -> tuple[str, datetime]:
    """A signed token for a browser, with one scope of the caller's and an end.

    Raises ValueError for a life outside 1…MAX_TOKEN_TTL_S, PermissionError for a scope that the caller lacks.
    """
    if not 1 <= ttl_s <= MAX_TOKEN_TTL_S:
        raise ValueError(f"ttl is 1 to {MAX_TOKEN_TTL_S} seconds")
    if not access.may(scope):
        raise PermissionError(f"the caller does not have the scope {scope}")
    expires_at = timezone.now() + timedelta(seconds=ttl_s)
    claims = {
        "owner": access.owner_id,
        "scope": scope,
        "key": access.key_id,
        "expires": expires_at.timestamp(),
    }
    return signing.dumps(claims, salt=TOKEN_SALT), expires_at
