"""Who is on a socket: the contract's credentials, in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from conversations.access import OPERATOR_NAME
from conversations.services.access import make_token
from sessions.credentials import Handshake, identify
from tests.sessions.conftest import make_key
from tests.sessions.test_rest import access_of


def handshake(*, query: str = "", subprotocols: tuple[str, ...] = (), **headers: str) -> Handshake:
    scope = {
        "path": "/ws/transcribe",
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": list(subprotocols),
        "client": ("127.0.0.1", 1),
    }
    return Handshake.from_scope(scope)


@pytest.fixture
def cookie(db: None) -> str:
    """The cookie of a signed-in browser."""
    client = Client()
    client.force_login(get_user_model().objects.create_user("browser"))
    return f"sessionid={client.cookies['sessionid'].value}"


def test_each_kind_of_credentials(db: None) -> None:
    """A key in the header, a key in a subprotocol and a token in the query are the same caller."""
    key = make_key()
    access = access_of(key)
    token, _ = make_token(access=access, scope="live", ttl_s=60)
    assert identify(handshake(authorization=f"Bearer {key}")) == access
    assert identify(handshake(subprotocols=("ambient", f"ambient.{key}"))) == access
    by_token = identify(handshake(query=f"token={token}"))
    assert by_token is not None
    assert (by_token.owner_id, by_token.scopes) == (access.owner_id, frozenset({"live"}))
    assert identify(handshake()) is None


def test_a_cookie_counts_only_from_our_own_pages(cookie: str, settings: Any) -> None:
    """A browser's cookie needs an Origin of our host, or one that is trusted: pages of others have none."""
    ours: dict[str, Any] = {"cookie": cookie, "host": "localhost:8000"}
    assert identify(handshake(**ours, origin="http://localhost:8000")) is not None
    assert identify(handshake(**ours, origin="http://evil.example")) is None
    assert identify(handshake(**ours)) is None
    assert identify(handshake(cookie=cookie, host="evil.example", origin="http://evil.example")) is None
    assert identify(handshake(cookie="sessionid=x", host="localhost", origin="http://localhost")) is None
    settings.CSRF_TRUSTED_ORIGINS = ["https://pages.example"]
    assert identify(handshake(**ours, origin="https://pages.example")) is not None


@pytest.mark.parametrize("origin", ["http://[::1", "http://", "null", "//", "", "http://]", "a b"])
def test_an_origin_that_is_none(cookie: str, settings: Any, origin: str) -> None:
    """Whatever stands there, it is no page of ours and breaks nothing, for a cookie and for loopback."""
    settings.AMBIENT = replace(settings.AMBIENT, open_loopback=True)
    assert identify(handshake(cookie=cookie, host="localhost:8000", origin=origin)) is None
    answer = Client(headers={"origin": origin}).get("/api/v1/conversations")
    assert answer.status_code == 401


def test_a_wrong_key_is_not_helped(cookie: str) -> None:
    """What stands first decides: a wrong key with a right cookie is a wrong key."""
    ours: dict[str, Any] = {"cookie": cookie, "host": "localhost:8000", "origin": "http://localhost:8000"}
    assert identify(handshake(authorization="Bearer wrong", **ours)) is None


def test_loopback_is_open_only_where_it_was_opened(db: None, settings: Any) -> None:
    """If set, keyless clients come in from this machine; not through a proxy nor from others' pages."""
    get_user_model().objects.create_user(OPERATOR_NAME)
    assert identify(handshake()) is None
    settings.AMBIENT = replace(settings.AMBIENT, open_loopback=True)
    access = identify(handshake())
    assert access is not None
    assert "admin" not in access.scopes
    assert identify(handshake(x_forwarded_for="10.0.0.1")) is None
    assert identify(handshake(host="localhost", origin="http://evil.example")) is None
    assert identify(replace(handshake(), address="10.0.0.1")) is None


def test_a_handshake_shows_no_secrets() -> None:
    """Its repr, which may end in a log, has neither headers nor subprotocols nor the query."""
    shown = repr(handshake(query="token=abc", subprotocols=("ambient.key",), authorization="Bearer key"))
    assert "abc" not in shown
    assert "key" not in shown
