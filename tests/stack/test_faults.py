"""What is killed, cut, silenced or filled up while people talk costs them no word, doubles none, and is told.

Every test ends in the same comparison: what the session has come to is what an undisturbed one comes to
(docs/reliability.md has the table of what these found).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from ambient.stack.places import embedded_redis_url
from ambient.stack.stack import Stack
from sessions.client import LiveClient
from tests.stack import disturbing
from tests.stack.comparing import Outcome, outcome_of
from tests.stack.conftest import Talk, folded, gap_after, spoken_before, talk, until
from tests.stack.disturbing import kill, pid_of
from tests.stack.held_engine import held
from tests.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
LISTENED_S = gap_after(3)
ACKS_WITHOUT_DATABASE = 4
"""Two a second, for eight seconds of the call: finals are due meanwhile."""

During = Callable[[LiveClient, dict[str, Any]], Any]


@pytest.fixture(autouse=True)
def _whole(stack: Stack) -> Iterator[None]:
    """Every test begins with everything up, whatever the one before it has done."""
    disturbing.ready(stack)
    yield
    disturbing.ready(stack)


class Trial:
    """One session on the stack, and what it came to. How long people had to wait is noted as a property of
    the test (`--junitxml` shows it; docs/reliability.md has what was measured)."""

    def __init__(
        self, stack: Stack, api: httpx.Client, finished: Any, pcm: bytes, note: Callable[[str, Any], None]
    ) -> None:
        self.stack = stack
        self.api = api
        self.pcm = pcm
        self.heard = Talk()
        self.note = note
        self._finished = finished

    def __call__(self, session_id: str, *, during: During | None = None, **query: Any) -> Outcome:
        self.speak(session_id, during=during, **query)
        return self.outcome(session_id)

    def speak(self, session_id: str, **how: Any) -> None:
        self.heard = asyncio.run(talk(self.stack, self.pcm, session_id=session_id, **how))
        words_at = [
            at
            for at, message in zip(self.heard.times, self.heard.messages, strict=True)
            if message["type"] == "transcript"
        ]
        self.note("longest_silence_s", round(max(b - a for a, b in pairwise(words_at)), 2))

    def outcome(self, session_id: str) -> Outcome:
        began = time.monotonic()
        session = self.api.get(f"/websocket/sessions/{session_id}").raise_for_status().json()
        self._finished(session["conversation_id"])
        self.note("analysed_after_s", round(time.monotonic() - began, 2))
        return outcome_of(self.stack, self.api, session_id)


@pytest.fixture
def trial(stack: Stack, api: httpx.Client, finished: Any, call_pcm: bytes, record_property: Any) -> Trial:
    return Trial(stack, api, finished, until(call_pcm, LISTENED_S), record_property)


_undisturbed: list[Outcome] = []


@pytest.fixture
def undisturbed(trial: Trial) -> Outcome:
    """What the same words come to when nothing happens; asked for once."""
    if not _undisturbed:
        found = trial("undisturbed")
        spoken = spoken_before(LISTENED_S)
        assert found == Outcome(
            status="completed",
            end_reason="end_session",
            conversation_status="completed",
            words=spoken,
            live_words=spoken,
            chunk_words=spoken,
            num_runs=1,
            bytes_received=len(trial.pcm),
        )
        _undisturbed.append(found)
    return _undisturbed[0]


def at_first_partial(act: Callable[[], Any]) -> During:
    """Something that happens once, in the middle of an utterance."""
    done: list[bool] = []

    def during(_: LiveClient, message: dict[str, Any]) -> None:
        if message["type"] == "transcript" and not message["is_final"] and not done:
            done.append(True)
            act()

    return during


def test_a_socket_cut_at_twenty_random_bytes_is_taken_up_each_time(
    stack: Stack, trial: Trial, undisturbed: Outcome
) -> None:
    """Wherever in a frame, in an answer or in a handshake the connection ends, the client goes on from the
    server's next byte, and nothing is missed or repeated."""
    proxy = disturbing.CuttingProxy(stack, cuts=20, most_bytes=32_000, seed=4)

    async def speak() -> Talk:
        async with proxy.address() as address:
            return await talk(stack, trial.pcm, session_id="cut", address=address)

    heard = asyncio.run(speak())
    assert proxy.cuts_made == 20
    first, *others = [message["resumed"] for message in heard.of("connected")]
    assert (first, set(others)) == (False, {True})
    assert trial.outcome("cut") == undisturbed
    assert folded(heard.of("session_ended")[0]["full_transcript"]) == undisturbed.words


def test_a_live_worker_killed_in_the_middle_of_a_decode_costs_no_word(
    stack: Stack, hold: Path, trial: Trial, undisturbed: Outcome
) -> None:
    """The decode that died with its worker is asked for again."""

    def kill_while_it_decodes() -> None:
        with held(hold, "decode") as in_the_middle:
            in_the_middle()
            kill(stack, "live")

    with ThreadPoolExecutor(1) as beside:
        killing: list[Future[None]] = []
        during = at_first_partial(lambda: killing.append(beside.submit(kill_while_it_decodes)))
        assert trial("worker-killed", during=during) == undisturbed
        killing[0].result()


def test_a_batch_worker_killed_in_the_middle_of_a_stage_is_outlived(
    stack: Stack, hold: Path, trial: Trial, undisturbed: Outcome
) -> None:
    """The stage's lease runs out, the sweep sends it again, and its result is there once."""
    with held(hold, "transcribe") as in_the_middle:
        trial.speak("stage-killed", enhance_on_end=True)
        in_the_middle()
        disturbing.kill_with_its_children(stack, "batch")
    assert trial.outcome("stage-killed") == undisturbed


def test_a_batch_child_killed_in_the_middle_of_a_stage_is_outlived(
    stack: Stack, hold: Path, trial: Trial, undisturbed: Outcome
) -> None:
    """As the kernel does when memory runs out: the worker notices, and the stage starts anew at once."""
    with held(hold, "transcribe") as in_the_middle:
        trial.speak("child-killed", enhance_on_end=True)
        in_the_middle()
        children = Path(f"/proc/{pid_of(stack, 'batch')}/task/{pid_of(stack, 'batch')}/children")
        for pid in children.read_text().split():
            os.kill(int(pid), signal.SIGKILL)
    assert trial.outcome("child-killed") == undisturbed


def test_a_batch_worker_killed_with_messages_in_its_hands_delays_the_analysis_and_no_more(
    stack: Stack, trial: Trial, undisturbed: Outcome
) -> None:
    """The rows know what was sent; the sweep sends it again."""
    trial.speak("messages-lost")
    disturbing.kill_with_its_children(stack, "batch")
    assert trial.outcome("messages-lost") == undisturbed


@pytest.mark.parametrize("persistent", [False, True])
def test_a_killed_redis_costs_no_word(
    stack: Stack, trial: Trial, undisturbed: Outcome, persistent: bool
) -> None:
    """Broker, audio, answers and channel layer are gone with it, or come back as they were written: what was
    under way is asked for again."""
    server = disturbing.child(stack, "redis")
    before = list(server.command)
    if persistent:
        with redis.Redis.from_url(embedded_redis_url(stack.conf.home)) as client:
            client.config_set("appendonly", "yes")
        server.command = [*before, "--appendonly", "yes"]
    try:
        found = trial(f"redis-killed-{persistent}", during=at_first_partial(lambda: kill(stack, "redis")))
    finally:
        server.command = before
    assert found == undisturbed


def test_a_silent_redis_costs_no_word(stack: Stack, trial: Trial, undisturbed: Outcome) -> None:
    """One that takes connections and does not answer is waited for, and then asked again."""

    def silence() -> None:
        kill(stack, "redis", signal.SIGSTOP)
        asyncio.get_running_loop().call_later(3.0, kill, stack, "redis", signal.SIGCONT)

    assert trial("redis-silent", during=at_first_partial(silence)) == undisturbed


def test_a_full_redis_costs_no_word(stack: Stack, trial: Trial, undisturbed: Outcome) -> None:
    """While it takes no more data decodes and messages are refused; what was accepted waits."""
    url = embedded_redis_url(stack.conf.home)

    def limit(size: str) -> None:
        with redis.Redis.from_url(url) as client:
            client.config_set("maxmemory", size)

    def fill() -> None:
        limit("1")
        asyncio.get_running_loop().call_later(3.0, limit, "0")

    try:
        found = trial("redis-full", during=at_first_partial(fill))
    finally:
        limit("0")
    assert found == undisturbed


def test_operators_reach_a_session_after_redis_was_killed(
    stack: Stack, api: httpx.Client, trial: Trial, undisturbed: Outcome
) -> None:
    """The channel layer forgets its groups with Redis; the process that holds the session joins again."""

    async def speak_until_ended() -> None:
        url = stack.address.replace("http", "ws", 1) + "/ws/transcribe"
        async with LiveClient(url, token=stack.key, session_id="ended-from-afar", language="en") as client:
            async for message in client:
                if message["type"] == "connected":
                    kill(stack, "redis")
                    await asyncio.to_thread(disturbing.ready, stack)
                    await client.send_audio(trial.pcm[: 256 * 1024])
                if message["type"] == "ack":
                    ended = await asyncio.to_thread(api.post, "/websocket/sessions/ended-from-afar/end")
                    assert ended.status_code in (202, 409)

    asyncio.run(asyncio.wait_for(speak_until_ended(), 60))
    assert trial.outcome("ended-from-afar").end_reason == "ended_by_operator"


@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGINT], ids=["killed", "restarted"])
def test_a_restarted_postgresql_costs_no_word(
    stack: Stack, trial: Trial, undisturbed: Outcome, with_signal: int
) -> None:
    """Finals wait for their rows, and go out after them."""
    found = trial(
        f"postgres-{with_signal}", during=at_first_partial(lambda: kill(stack, "postgres", with_signal))
    )
    assert found == undisturbed


def test_what_is_stored_is_acknowledged_while_postgresql_is_away(
    stack: Stack, trial: Trial, undisturbed: Outcome
) -> None:
    """Acks say what the journal has, and wait for no database; finals wait for it, and none is lost."""
    let_it_start: list[Callable[[], None]] = []
    acks = 0

    def hold_until_acknowledged(_: LiveClient, message: dict[str, Any]) -> None:
        nonlocal acks
        if message["type"] == "transcript" and not let_it_start:
            let_it_start.append(disturbing.hold_down(stack, "postgres"))
        elif message["type"] == "ack" and let_it_start:
            acks += 1
            if acks == ACKS_WITHOUT_DATABASE:
                let_it_start[0]()

    try:
        found = trial("postgres-away", during=hold_until_acknowledged)
    finally:
        if let_it_start:
            let_it_start[0]()
    assert found == undisturbed
    assert acks >= ACKS_WITHOUT_DATABASE


def test_a_full_disk_stops_the_audio_and_loses_none(stack: Stack, trial: Trial, undisturbed: Outcome) -> None:
    """No ack for what cannot be written, `insufficient_storage` says why, and the client goes on from the
    last byte that is stored when there is room."""
    room = disturbing.no_room(stack)
    told = 0

    def fill(_: LiveClient, message: dict[str, Any]) -> None:
        nonlocal told
        if message["type"] == "transcript" and not told:
            told = 1
            room.__enter__()
        elif message["type"] == "error" and told < 3:
            assert message["code"] == "insufficient_storage"
            told += 1
            if told == 3:
                room.__exit__(None, None, None)

    assert trial("disk-full", during=fill) == undisturbed
    assert told == 3


def test_a_client_that_never_comes_back_is_finished_without_it(
    stack: Stack, api: httpx.Client, trial: Trial, undisturbed: Outcome
) -> None:
    """After the grace every accepted byte is transcribed, and the status says how it ended."""
    asyncio.run(_speak_and_go(stack, trial.pcm, "vanished"))
    _wait_until_interrupted(trial, "vanished")
    found = trial.outcome("vanished")
    assert (found.status, found.end_reason) == ("interrupted", "client_vanished")
    assert (found.words, found.num_runs) == (undisturbed.words, 1)


def test_a_session_goes_on_after_its_web_process_was_killed(
    stack: Stack, trial: Trial, undisturbed: Outcome
) -> None:
    """Its client comes back to whichever process there is, which goes on where the journal ends: as if it had
    never been anywhere else."""
    found = trial("web-killed", during=at_first_partial(lambda: kill(stack, "web")))
    assert [message["resumed"] for message in trial.heard.of("connected")] == [False, True]
    assert found == undisturbed
    assert folded(trial.heard.of("session_ended")[0]["full_transcript"]) == undisturbed.words


@pytest.mark.slow
def test_what_a_killed_web_process_had_accepted_is_transcribed_without_it(
    stack: Stack, api: httpx.Client, trial: Trial, undisturbed: Outcome
) -> None:
    """The journal outlives the process; when its lease and the grace have passed, the recording is heard.
    The scheduler dies too, and its successor goes on."""
    asyncio.run(_speak_and_go(stack, trial.pcm, "orphaned", lambda: kill(stack, "web")))
    kill(stack, "beat")
    _wait_until_interrupted(trial, "orphaned")
    found = trial.outcome("orphaned")
    assert (found.status, found.end_reason) == ("interrupted", "server_gone")
    assert (found.words, found.num_runs) == (undisturbed.words, 1)


async def _speak_and_go(
    stack: Stack, pcm: bytes, session_id: str, when_stored: Callable[[], None] = lambda: None
) -> None:
    """Send all of it, see it acknowledged, and be gone without a word."""
    url = stack.address.replace("http", "ws", 1) + "/ws/transcribe"
    client = LiveClient(url, token=stack.key, session_id=session_id, language="en")
    async with client, asyncio.timeout(30):
        assert client._socket is not None
        await client._socket.recv()
        await client._socket.send(pcm)
        async for raw in client._socket:
            if '"ack"' in raw and json.loads(raw)["bytes_received"] == len(pcm):
                break
        when_stored()
        client._socket.transport.abort()


def _wait_until_interrupted(trial: Trial, session_id: str) -> None:
    began = time.monotonic()

    def over() -> bool:
        try:
            session: dict[str, Any] = trial.api.get(f"/websocket/sessions/{session_id}").json()
        except httpx.TransportError:
            return False
        return session.get("status") == "interrupted"

    wait_for(over, timeout_s=100, what=f"the end of the session {session_id}")
    trial.note("ended_after_s", round(time.monotonic() - began, 2))
