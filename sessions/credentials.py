"""Who is on a socket: the contract's credentials in their order, read from the ASGI scope.

`identify` queries the database and is called off the event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

from conversations.access import (
    Access,
    access_from_key,
    access_from_loopback,
    access_from_token,
    access_from_user,
    host_of_origin,
)

SUBPROTOCOL = "ambient"
KEY_SUBPROTOCOL_PREFIX = "ambient."
FORWARDING_HEADERS = frozenset({"x-forwarded-for", "forwarded", "x-real-ip"})


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client said when it opened its socket. Never logged: it may carry a key."""

    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    subprotocols: tuple[str, ...] = field(repr=False)
    address: str = ""

    @classmethod
    def from_scope(cls, scope: Mapping[str, Any]) -> Handshake:
        client = scope.get("client")
        return cls(
            path=scope["path"],
            query=dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)),
            headers={
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
            },
            subprotocols=tuple(scope.get("subprotocols", ())),
            address=str(client[0]) if client else "",
        )

    @property
    def echoed_subprotocol(self) -> str | None:
        """`ambient` where it was offered; never the one that carries a key."""
        return SUBPROTOCOL if SUBPROTOCOL in self.subprotocols else None

    @property
    def key(self) -> str | None:
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return key.strip()
        offered = [name for name in self.subprotocols if name.startswith(KEY_SUBPROTOCOL_PREFIX)]
        return offered[0].removeprefix(KEY_SUBPROTOCOL_PREFIX) if offered else None

    @property
    def origin_is_allowed(self) -> bool:
        """Whether a page at `Origin` may use this browser's cookie: one of our own host, or a trusted one."""
        origin = self.headers.get("origin")
        if not origin:
            return False
        if origin in settings.CSRF_TRUSTED_ORIGINS:
            return True
        host = self.headers.get("host", "")
        if host_of_origin(origin) != host:
            return False
        return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)

    @property
    def is_open_loopback(self) -> bool:
        """From this machine, not through a proxy, and not from a page of another site."""
        if not settings.AMBIENT.open_loopback or FORWARDING_HEADERS & self.headers.keys():
            return False
        if "origin" in self.headers and not self.origin_is_allowed:
            return False
        try:
            return ip_address(self.address).is_loopback
        except ValueError:
            return False


def identify(handshake: Handshake) -> Access | None:
    """None where there are no credentials or wrong ones. A wrong key is not helped by a right cookie."""
    if (key := handshake.key) is not None:
        return access_from_key(key)
    if (token := handshake.query.get("token")) is not None:
        return access_from_token(token)
    if handshake.origin_is_allowed and (access := _access_from_cookie(handshake)) is not None:
        return access
    return access_from_loopback() if handshake.is_open_loopback else None


def _access_from_cookie(handshake: Handshake) -> Access | None:
    try:
        cookies = SimpleCookie(handshake.headers.get("cookie", ""))
    except CookieError:
        return None
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    if morsel is None:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(morsel.value)
    user = get_user(request)
    return access_from_user(user) if user.is_authenticated and user.is_active else None
