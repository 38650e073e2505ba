"""People come in by name and password or by a link that works once, and pages run nobody else's scripts."""

from __future__ import annotations

import threading
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from conversations.services.sign_in_links import LINK_LIFE_S, make_link_path
from conversations.wrong_keys import MAX_WRONG_KEYS

PASSWORD = "correct horse battery staple"


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user("asha", password=PASSWORD, is_staff=True)


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_password_signs_in_and_leads_back(client: Client, person: User) -> None:
    """`next` is followed within this address, and nowhere else; the cookie is kept from other sites."""
    given = {"username": "asha", "password": PASSWORD, "next": "/api/docs/"}
    answer = client.post("/sign-in", given)
    assert (answer.status_code, answer["Location"]) == (302, "/api/docs/")
    assert is_signed_in(client)
    assert client.cookies["sessionid"]["samesite"] == "Lax"
    assert client.cookies["sessionid"]["httponly"]
    for elsewhere in ("https://example.org/", "//example.org/", "javascript:alert(1)"):
        answer = Client().post("/sign-in", {**given, "next": elsewhere})
        assert answer["Location"] == "/"


def test_signing_out_takes_a_post(client: Client, person: User) -> None:
    """A link to the address of signing out does nothing."""
    client.force_login(person)
    assert client.get("/sign-out").status_code == 405
    assert is_signed_in(client)
    client.post("/sign-out")
    assert not is_signed_in(client)


def test_forms_need_their_token(person: User) -> None:
    """A page of another site signs nobody in."""
    strict = Client(enforce_csrf_checks=True)
    for address in ("/sign-in", make_link_path(person)):
        assert strict.post(address, {"username": "asha", "password": PASSWORD}).status_code == 403


@pytest.mark.parametrize("address", ["/sign-in", "/admin/login/"])
def test_wrong_passwords_count_as_wrong_keys(client: Client, person: User, address: str) -> None:
    """The eleventh of a minute shuts the door, on the right password and on keys too."""
    for _ in range(MAX_WRONG_KEYS + 1):
        answer = client.post(address, {"username": "asha", "password": "wrong"})
        assert answer.status_code == 200
        assert not is_signed_in(client)
    refused = client.post(address, {"username": "asha", "password": PASSWORD})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert not is_signed_in(client)
    assert client.get("/api/v1/conversations", headers={"Authorization": "Bearer x.y"}).status_code == 429


def test_a_link_signs_in_once_and_looking_at_it_spends_nothing(person: User) -> None:
    """The first press of its button signs in; the second, and every older link, is answered 410."""
    older, link = make_link_path(person), make_link_path(person)
    looking = Client()
    assert [looking.get(link).status_code for _ in range(2)] == [200, 200]
    assert not is_signed_in(looking)
    first, second = Client(), Client()
    assert first.post(link)["Location"] == "/"
    assert is_signed_in(first)
    assert first.get("/admin/").status_code == 200
    for spent in (link, older):
        assert second.post(spent).status_code == 410
        assert second.get(spent).status_code == 410
    assert not is_signed_in(second)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_comes_in() -> None:
    """A link that is used in many places in the same moment opens one session."""
    link = make_link_path(User.objects.create_user("both"))
    begin, statuses = threading.Barrier(4), []

    def press() -> None:
        begin.wait()
        statuses.append(Client().post(link).status_code)
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [302, 410, 410, 410]


def test_a_link_that_is_old_forged_or_of_one_who_left_is_nothing(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """410 for each, and nobody is signed in."""
    link = make_link_path(person)
    client = Client()
    assert client.post(link[:-1] + ("A" if link[-1] != "A" else "B")).status_code == 410
    assert client.post(reverse("sign-in-link")).status_code == 410
    with monkeypatch.context() as patch:
        patch.setattr("conversations.services.sign_in_links.LINK_LIFE_S", -1)
        assert client.post(link).status_code == 410
    person.is_active = False
    person.save()
    assert client.post(link).status_code == 410
    assert not is_signed_in(client)
    assert LINK_LIFE_S <= 3600


def test_an_operator_gets_a_link_from_the_command_line(person: User) -> None:
    """`manage.py sign_in_link NAME` prints what signs NAME in."""
    out = StringIO()
    call_command("sign_in_link", "asha", stdout=out)
    client = Client()
    client.post(out.getvalue().strip())
    assert client.session["_auth_user_id"] == str(person.pk)


@pytest.mark.parametrize("address", ["/", "/sign-in", "/admin/", "/api/docs/", "/nowhere"])
def test_pages_run_our_scripts_alone(client: Client, person: User, address: str) -> None:
    """Every page forbids inline scripts, other addresses, frames and a changed base."""
    client.force_login(person)
    policy = client.get(address)["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["style-src"] == ("'self' 'unsafe-inline'" if address == "/api/docs/" else "'self'")


def test_the_icon_is_where_browsers_look(client: Client) -> None:
    """`/favicon.ico` leads to the icon."""
    assert client.get("/favicon.ico")["Location"].endswith("/icon.svg")
