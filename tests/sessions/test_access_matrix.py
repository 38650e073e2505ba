"""Every address with every kind of credentials, of every owner: what it answers.

The addresses come from the resolver and from the sockets' routes: one that is new and not listed fails here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from redis import Redis

from conversations.access import ALL_SCOPES, access_from_key
from conversations.errors import NotReady
from conversations.models import ApiKey, Conversation, PipelineRun, QuestionSet, Segment, Speaker, Taxonomy
from conversations.services.access import create_key, make_token
from conversations.wrong_keys import MAX_WRONG_KEYS, count_key
from sessions import store
from sessions.models import RealTimeSession
from sessions.routing import websocket_urlpatterns
from tests.sessions.conftest import LiveServer
from tests.sessions.support import ClockReader
from tests.sessions.test_transcribe_socket import opened, rest, until

CONVERSATION = "api/v1/conversations/<uuid:conversation_id>"
ANY = ""
PAGES = {"", "live-copy", "conversations", "conversations/<uuid:conversation_id>"}
SIGNING_IN = {"admin/login/", "sign-in", "sign-in/link", "sign-out", "favicon.ico"}
OPEN = {"healthz", "readyz", "metrics", "api/schema/", "api/docs/", *PAGES, *SIGNING_IN}
"""These tell nothing of anybody's rows: no key is asked for. (What runs in the pages asks
for one; /metrics has a rule and a test of its own.)"""
SCOPES = {
    ("POST", "api/v1/tokens"): ANY,
    ("GET", "api/v1/uploads"): "read",
    ("POST", "api/v1/uploads"): "write",
    ("GET", "api/v1/uploads/<uuid:conversation_id>"): "read",
    ("POST", "api/v1/text-processing"): "write",
    ("GET", "api/v1/conversations"): "read",
    ("GET", CONVERSATION): "read",
    ("DELETE", CONVERSATION): "write",
    ("PATCH", f"{CONVERSATION}/segments/<int:number>"): "write",
    ("PATCH", f"{CONVERSATION}/speakers/<str:label>"): "write",
    ("GET", f"{CONVERSATION}/transcript"): "read",
    ("GET", f"{CONVERSATION}/speakers"): "read",
    ("GET", f"{CONVERSATION}/entities"): "read",
    ("GET", f"{CONVERSATION}/questions"): "read",
    ("GET", f"{CONVERSATION}/quality"): "read",
    ("GET", f"{CONVERSATION}/audio"): "read",
    ("GET", f"{CONVERSATION}/waveform"): "read",
    ("POST", f"{CONVERSATION}/questions"): "write",
    ("POST", f"{CONVERSATION}/runs"): "write",
    ("POST", f"{CONVERSATION}/cancel"): "write",
    ("GET", "api/v1/tasks/<int:task_id>"): "read",
    ("POST", "api/v1/tasks/<int:task_id>/cancel"): "write",
    ("GET", "api/v1/question-sets"): "read",
    ("POST", "api/v1/question-sets"): "admin",
    ("GET", "api/v1/question-sets/<int:pk>"): "read",
    ("PATCH", "api/v1/question-sets/<int:pk>"): "admin",
    ("DELETE", "api/v1/question-sets/<int:pk>"): "admin",
    ("GET", "api/v1/taxonomies"): "read",
    ("POST", "api/v1/taxonomies"): "admin",
    ("GET", "api/v1/taxonomies/<int:pk>"): "read",
    ("PATCH", "api/v1/taxonomies/<int:pk>"): "admin",
    ("DELETE", "api/v1/taxonomies/<int:pk>"): "admin",
    ("GET", "api/v1/websocket/sessions"): "read",
    ("GET", "api/v1/websocket/sessions/<str:session_id>"): "read",
    ("POST", "api/v1/websocket/sessions/<str:session_id>/end"): "live",
    ("POST", "api/v1/websocket/broadcast"): "admin",
    ("POST", "v1/audio/transcriptions"): "write",
    ("GET", "v1/audio/transcriptions/<int:job_id>"): "read",
    ("DELETE", "v1/audio/transcriptions/<int:job_id>"): "write",
    ("GET", "v1/audio/transcriptions/<int:job_id>/export"): "read",
    ("POST", "audio/process"): "write",
    ("POST", "audio/process-stream"): "write",
    ("POST", "audio/process-stream-realtime"): "write",
    ("GET", "audio/task/<str:task_id>"): "read",
    ("DELETE", "audio/task/<str:task_id>"): "write",
    ("GET", "audio/task/<str:task_id>/events"): "read",
    ("GET", "audio/tasks/active"): "read",
    ("GET", "audio/queue/status"): "read",
    ("GET", "v1/audio/transcriptions/stream/<str:session_id>/enhancement"): "read",
    ("POST", "v1/audio/transcriptions/stream/<str:session_id>/enhance"): "write",
}
SOCKETS = {
    r"^ws/transcribe(?:/(?P<session_id>[^/]*))?/?$": ("/ws/transcribe/{session_id}", "live"),
    r"^v1/audio/transcriptions/stream/?$": (
        "/v1/audio/transcriptions/stream?resume_session_id={session_id}",
        "live",
    ),
    r"^ws/stream/?$": ("/ws/stream", "live"),
    r"^ws/sessions/(?P<session_id>[^/]*)/watch/?$": ("/ws/sessions/{session_id}/watch", "read"),
    "": ("/ws/nothing-here", None),
}
PUBLIC_CATALOGUE = ("api/v1/question-sets/<int:pk>", "api/v1/taxonomies/<int:pk>")
"""What every owner reads alike."""


def served(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and route of every address but the admin's, which asks for a staff login itself."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if not route.startswith("admin/"):
                yield from served(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route not in OPEN:
            view = getattr(pattern.callback, "view_class", None)
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                if hasattr(view, method.lower()) or (view is None and method == "GET"):
                    yield method, route


@pytest.fixture
def owner(db: None, settings: Any, tmp_path: Path) -> User:
    settings.MEDIA_ROOT = tmp_path
    return User.objects.create_user("owner")


def key_of(user: User, *scopes: str, **changes: Any) -> str:
    row, key = create_key(owner=user, name="matrix", scopes=scopes)
    ApiKey.objects.filter(pk=row.pk).update(**changes) if changes else None
    return key


def address_of_new_things(route: str, owner: User) -> str:
    """The route with the ids of rows made for this call."""
    session_id = uuid.uuid4().hex
    conversation = Conversation.objects.create(
        owner=owner, source=Conversation.Source.UPLOAD, session_id=session_id
    )
    conversation.audio.save("a.flac", ContentFile(b"abc"))
    RealTimeSession.objects.create(
        session_id=session_id,
        owner=owner,
        conversation=conversation,
        protocol="transcribe",
        encoding="pcm_s16le",
        sample_rate_hz=16_000,
        channels=1,
    )
    Segment.objects.create(
        conversation=conversation, version="live", number=0, start_s=0, end_s=1, text="hello"
    )
    Speaker.objects.create(conversation=conversation, label="SPEAKER_00")
    run = PipelineRun.objects.create(conversation=conversation, number=1)
    ids = {
        "<uuid:conversation_id>": conversation.pk,
        "<int:number>": 0,
        "<str:label>": "SPEAKER_00",
        "<str:session_id>": session_id,
        "<int:job_id>": run.pk,
        "<str:task_id>": run.pk,
        "<int:task_id>": run.pk,
        "<int:pk>": pk_of_catalogue(route),
    }
    for place, value in ids.items():
        route = route.replace(place, str(value))
    return f"/{route}"


def pk_of_catalogue(route: str) -> int:
    """Of one that was just made."""
    catalogue = QuestionSet if "question" in route else Taxonomy
    return int(catalogue.objects.create(name=uuid.uuid4().hex).pk)


def status_of(method: str, address: str, key: str | None, token: str | None = None) -> int:
    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    client = Client(headers=headers, raise_request_exception=False)
    query = f"?token={token}" if token is not None else ""
    response = client.generic(method, address + query, "{}", content_type="application/json")
    if response.status_code == 404 and response.json()["error"]["code"] == NotReady.code:
        return 200  # it was found: what it will hold is not there yet
    return int(response.status_code)


def test_every_address_is_in_the_matrix() -> None:
    """Nothing is served that this table does not know, nor a socket's path."""
    assert set(served(get_resolver().url_patterns)) == set(SCOPES)
    assert {pattern.pattern.regex.pattern for pattern in websocket_urlpatterns} == set(SOCKETS)


@pytest.mark.parametrize(("method", "route"), list(SCOPES), ids=str)
def test_who_is_answered(owner: User, method: str, route: str) -> None:
    """No key and wrong ones: 401. Another scope: 403. Another owner's rows: 404. The owner's and staff's
    calls get past all of that, and nothing is ever a 500."""
    needed = SCOPES[method, route]
    stranger = User.objects.create_user("stranger")
    staff = User.objects.create_user("staff", is_staff=True)
    gone = User.objects.create_user("gone", is_active=False)
    is_object = "<" in route and route not in PUBLIC_CATALOGUE

    def answer(key: str | None, token: str | None = None) -> int:
        return status_of(method, address_of_new_things(route, owner), key, token)

    access = access_from_key(key_of(owner, *ALL_SCOPES))
    assert access is not None
    for nobody in (
        None,
        "",
        "no.such-key",
        key_of(owner, *ALL_SCOPES, is_active=False),
        key_of(gone, *ALL_SCOPES),
    ):
        assert answer(nobody) == 401, nobody
    assert answer(None, "forged") == 401
    for scope in ALL_SCOPES:
        status = answer(key_of(owner, scope))
        if needed in (ANY, scope):
            assert status not in (401, 403, 404, 429), (scope, status)
            assert status < 500, (scope, status)
        else:
            assert status == 403, (scope, status)
        token, _ = make_token(access=access, scope=scope, ttl_s=60)
        if route == "api/v1/tokens":
            assert answer(None, token) == 401  # a token makes no tokens
        else:
            assert answer(None, token) == status
    if is_object:
        assert answer(key_of(stranger, *ALL_SCOPES)) == 404
    assert answer(key_of(staff, *ALL_SCOPES)) == answer(key_of(owner, *ALL_SCOPES))


def test_wrong_keys_shut_the_door_for_a_minute(owner: User) -> None:
    """The eleventh wrong key within a minute is 401; then right ones from there get 429 and the time."""
    right = key_of(owner, "read")
    assert [status_of("GET", "/api/v1/conversations", f"no.{n}") for n in range(MAX_WRONG_KEYS + 1)] == [
        401
    ] * (MAX_WRONG_KEYS + 1)
    client = Client(headers={"Authorization": f"Bearer {right}"})
    refused = client.get("/api/v1/conversations")
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert refused.json()["error"]["code"] == "throttled"
    assert status_of("GET", address_of_new_things(f"{CONVERSATION}/audio", owner), right) == 429
    assert (
        Client(REMOTE_ADDR="10.0.0.1", headers={"Authorization": f"Bearer {right}"})
        .get("/api/v1/conversations")
        .status_code
        == 200
    )


async def test_who_is_let_in_at_a_socket(
    server: LiveServer, worker: ClockReader, key: str, settings: Any
) -> None:
    """The same for sockets: 4401 without a right key, 4403 without the scope or of another owner."""

    def made() -> dict[str, str]:
        speaker = User.objects.get(username="speaker")
        stranger = User.objects.create_user("stranger")
        keys = {f"only {scope}": key_of(speaker, scope) for scope in ALL_SCOPES}
        keys["off"] = key_of(speaker, *ALL_SCOPES, is_active=False)
        keys["stranger"] = key_of(stranger, *ALL_SCOPES)
        keys["staff"] = key_of(User.objects.create_user("staff", is_staff=True), *ALL_SCOPES)
        return keys

    keys = {"wrong": "no.such-key", **await store.run(made)}
    redis = Redis.from_url(settings.REDIS_URL)
    for path, scope in SOCKETS.values():
        if scope is None:
            continue
        async with opened(server, key, "/ws/transcribe/target") as target:
            await until(target, "connected")
            closed = {}
            for name, one in keys.items():
                redis.delete(count_key("127.0.0.1"))
                async with opened(server, one, path.format(session_id="target")) as socket:
                    if path == "/ws/stream":
                        await socket.send('{"type":"start"}')
                    first = await until_any(socket)
                    closed[name] = (await rest(socket))[1] if first in ("error", "session.terminated") else 0
            may_go_on = 0 if path == "/ws/stream" else 4403
            expected = dict.fromkeys((f"only {one}" for one in ALL_SCOPES if one != scope), 4403)
            expected |= {"wrong": 4401, "off": 4401, f"only {scope}": 0, "stranger": may_go_on}
            expected["staff"] = 0 if scope == "read" else may_go_on
            assert closed == expected, path
    redis.delete(count_key("127.0.0.1"))
    redis.close()


async def until_any(socket: Any) -> str:
    return str(json.loads(await socket.recv())["type"])
