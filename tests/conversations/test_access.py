"""Keys, tokens, and the first key of an installation."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from conversations.access import (
    ALL_SCOPES,
    access_from_key,
    access_from_token,
    access_from_user,
    digest_of,
    prefixes_of,
)
from conversations.models import ApiKey
from conversations.services.access import create_key, make_token
from tests.conversations.conftest import Caller


def test_a_key_is_kept_only_as_a_digest(owner: User) -> None:
    """The row holds nothing that the key could be made of, and the key opens what its row says."""
    row, key = create_key(owner=owner, name="page", scopes=["live", "read"], max_sessions=3)
    assert key.startswith(f"{row.prefix}.")
    assert key.partition(".")[2] not in str(vars(row))
    access = access_from_key(key)
    assert access is not None
    assert (access.owner_id, access.is_staff, access.key_id) == (owner.pk, False, row.pk)
    assert (access.scopes, access.max_sessions) == (frozenset({"live", "read"}), 3)
    row.refresh_from_db()
    assert row.last_used_at is not None


@pytest.mark.parametrize("key", ["", ".", "x", "a.b", "\x00", "ключ.секрет", "." * 5000])
def test_what_is_no_key_opens_nothing(owner: User, key: str) -> None:
    """Any text at all may come in a header; none of it breaks or opens anything."""
    create_key(owner=owner, name="k", scopes=["read"])
    assert access_from_key(key) is None


@pytest.mark.parametrize("key", ["correct-horse-battery", "has.a.dot.in.it.somewhere", "!" * 16])
def test_an_operator_may_choose_a_key(owner: User, key: str) -> None:
    """A chosen key opens as a made one does."""
    create_key(owner=owner, name="chosen", scopes=ALL_SCOPES, key=key)
    access = access_from_key(key)
    assert access is not None
    assert access.scopes == ALL_SCOPES


@pytest.mark.parametrize(
    "key", ["short", "with a space in the middle", "schlüssel-schlüssel", "line\nbreak-line-break"]
)
def test_a_key_that_no_header_carries_is_refused(owner: User, key: str) -> None:
    """Too short, or not printable ASCII."""
    with pytest.raises(ValueError, match="a key"):
        create_key(owner=owner, name="chosen", scopes=[], key=key)


@given(st.text(min_size=1))
def test_prefixes_fit_their_column(key: str) -> None:
    """Wherever a key is looked for, the prefix has at most the column's sixteen characters."""
    assert all(0 < len(prefix) <= 16 for prefix in prefixes_of(key))
    assert len(digest_of(key)) == 64


def test_a_token_has_one_scope_of_its_key_and_ends(owner: User, settings: Any) -> None:
    """A token opens its scope alone, ends with its time, and dies with the key behind it."""
    row, key = create_key(owner=owner, name="k", scopes=["live", "read"])
    access = access_from_key(key)
    assert access is not None
    token, _ = make_token(access=access, scope="live", ttl_s=60)
    opened = access_from_token(token)
    assert opened is not None
    assert (opened.scopes, opened.key_id) == (frozenset({"live"}), row.pk)
    assert access_from_token(f"{token}x") is None
    assert access_from_token("") is None
    with pytest.raises(PermissionError):
        make_token(access=access, scope="admin", ttl_s=60)
    for ttl_s in (0, 3601):
        with pytest.raises(ValueError, match="ttl"):
            make_token(access=access, scope="live", ttl_s=ttl_s)
    row.is_active = False
    row.save()
    assert access_from_token(token) is None


def test_a_token_of_a_person_narrows_what_they_may(owner: User) -> None:
    """Without a key behind it a token stands on the person, who may be switched off too."""
    token, _ = make_token(access=access_from_user(owner), scope="read", ttl_s=60)
    opened = access_from_token(token)
    assert opened is not None
    assert (opened.scopes, opened.key_id) == (frozenset({"read"}), None)
    owner.is_active = False
    owner.save()
    assert access_from_token(token) is None


def test_a_token_past_its_time_is_refused(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `ttl` seconds the token opens nothing."""
    token, expires_at = make_token(access=access_from_user(owner), scope="read", ttl_s=60)
    assert access_from_token(token) is not None
    monkeypatch.setattr("conversations.access.timezone.now", lambda: expires_at + timedelta(seconds=1))
    assert access_from_token(token) is None


def test_tokens_over_http(owner: User, caller: Caller) -> None:
    """A key of any scope makes tokens of its own scopes; a token reads with `?token=` and makes no tokens."""
    client = caller(owner, "read")
    made = client.post("/api/v1/tokens", {"scope": "read", "ttl": 60}, format="json")
    assert made.status_code == 201
    assert set(made.json()) == {"token", "expires_at"}
    bearer = f"?token={made.json()['token']}"
    assert APIClient().get(f"/api/v1/conversations{bearer}").status_code == 200
    assert APIClient().get("/api/v1/conversations?token=nonsense").status_code == 401
    assert APIClient().post(f"/api/v1/tokens{bearer}", {"scope": "read"}, format="json").status_code == 401
    assert client.post("/api/v1/tokens", {"scope": "live"}, format="json").status_code == 403
    for body, field in (({"scope": "all"}, "scope"), ({"scope": "read", "ttl": 4000}, "ttl"), ({}, "scope")):
        refused = client.post("/api/v1/tokens", body, format="json")
        assert refused.status_code == 400
        assert field in refused.json()["error"]["details"]


def run_bootstrap() -> str:
    out = StringIO()
    call_command("bootstrap", stdout=out)
    return out.getvalue()


def test_bootstrap_makes_one_key_and_prints_it_each_time(db: None, settings: Any, tmp_path: Path) -> None:
    """Twice the same key, one user, one row; the file is its owner's alone; the key signs in to the admin."""
    settings.AMBIENT = replace(settings.AMBIENT, home=tmp_path, bootstrap_key="")
    key = run_bootstrap()
    assert run_bootstrap() == key
    assert key.count("\n") == 1
    assert ApiKey.objects.count() == User.objects.count() == 1
    assert stat.S_IMODE((tmp_path / "bootstrap_key").stat().st_mode) == 0o600
    access = access_from_key(key.strip())
    assert access is not None
    assert (access.scopes, access.is_staff) == (ALL_SCOPES, True)
    browser = Client()
    assert browser.login(username="ambient", password=key.strip())
    assert browser.get("/admin/").status_code == 200


def test_bootstrap_takes_the_operators_key_in_place_of_the_one_before(
    db: None, settings: Any, tmp_path: Path
) -> None:
    """A chosen key opens everything, and what was generated before opens nothing any more."""
    settings.AMBIENT = replace(settings.AMBIENT, home=tmp_path, bootstrap_key="")
    generated = run_bootstrap().strip()
    settings.AMBIENT = replace(settings.AMBIENT, bootstrap_key="an-operator's-own-key")
    chosen = run_bootstrap().strip()
    assert chosen == "an-operator's-own-key"
    assert access_from_key(chosen) is not None
    assert access_from_key(generated) is None
    settings.AMBIENT = replace(settings.AMBIENT, bootstrap_key="too short")
    with pytest.raises(CommandError, match="AMBIENT_BOOTSTRAP_KEY"):
        run_bootstrap()


def test_bootstrap_leaves_a_changed_password_alone(db: None, settings: Any, tmp_path: Path) -> None:
    """Who changed the password keeps it over a restart."""
    settings.AMBIENT = replace(settings.AMBIENT, home=tmp_path, bootstrap_key="")
    run_bootstrap()
    user = User.objects.get()
    user.set_password("mine")
    user.save()
    run_bootstrap()
    assert Client().login(username="ambient", password="mine")
