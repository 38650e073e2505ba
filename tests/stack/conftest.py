"""The whole stack in processes of its own, as `make up` starts it, with the engine that plays a script."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from ambient import demo
from ambient.stack.stack import Stack
from bench.stacks import running_stack
from sessions.client import LiveClient
from tests.waiting import wait_for
from transcription.audio.files import decode_file
from transcription.engines.base import SAMPLE_RATE_HZ

CALL = Path(demo.__file__).parent / "call"
HELD_ENGINE = "tests.stack.held_engine.HeldEngine"
"""The scripted engine, which a test can stop in the middle of a call."""
LONGEST_TALK_S = 60.0
LONGEST_RUN_S = 90.0
"""Three times what the sweep needs to find a stage that was lost."""
SPEED = 4.0
"""Times the speed of speech: fast enough for a test, slow enough to be a stream."""


@pytest.fixture(scope="session")
def hold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder by which a test stops the engine in the middle of a call (tests.stack.held_engine)."""
    return tmp_path_factory.mktemp("hold")


@pytest.fixture(scope="session")
def stack(hold: Path) -> Iterator[Stack]:
    """Looked after as `make up` does, so that what is killed comes back."""
    with running_stack(
        DATABASE_URL="",
        REDIS_URL="",
        AMBIENT_LIVE_ENGINE=HELD_ENGINE,
        AMBIENT_BATCH_ENGINE=HELD_ENGINE,
        AMBIENT_ENGINE_OPTIONS=json.dumps({"script": str(CALL.with_suffix(".json")), "hold": str(hold)}),
        WEBSOCKET_RESUME_GRACE="4",
        WEBSOCKET_CHUNK_TIMEOUT="2",
    ) as running:
        over = threading.Event()

        def look_after() -> None:
            while not over.wait(0.2):
                running.watch()

        thread = threading.Thread(target=look_after, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            over.set()
            thread.join()


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.key}"}
    with httpx.Client(base_url=f"{stack.address}/api/v1", headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
def finished(api: httpx.Client) -> Callable[[str], dict[str, Any]]:
    """The conversation with this id, once its run is over."""

    def look(conversation_id: str) -> dict[str, Any] | None:
        found: dict[str, Any] = api.get(f"/conversations/{conversation_id}").raise_for_status().json()
        return None if found["status"] in {"pending", "processing"} else found

    return lambda conversation_id: wait_for(
        lambda: look(conversation_id), timeout_s=LONGEST_RUN_S, what="the end of the run"
    )


@dataclass(slots=True)
class Talk:
    """What a client got, and when (`time.monotonic()`)."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    @property
    def finals(self) -> list[dict[str, Any]]:
        return [message for message in self.of("transcript") if message["is_final"]]

    @property
    def text(self) -> str:
        return " ".join(final["text"] for final in self.finals)


@pytest.fixture(scope="session")
def call_pcm() -> bytes:
    """The shipped call, as a client sends it."""
    with CALL.with_suffix(".flac").open("rb") as recording:
        samples = decode_file(recording)
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def utterances() -> list[dict[str, Any]]:
    segments: list[dict[str, Any]] = json.loads(CALL.with_suffix(".json").read_text())["segments"]
    return segments


def gap_after(index: int) -> float:
    """Seconds: the middle of the silence after the call's utterance `index`."""
    segments = utterances()
    return float((segments[index]["end"] + segments[index + 1]["start"]) / 2)


def spoken_before(end_s: float) -> str:
    """The words of the call whose utterances end before `end_s`, as they are compared."""
    return folded(" ".join(segment["text"] for segment in utterances() if segment["end"] <= end_s))


def folded(text: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in "' " else " " for letter in text.lower())
    return " ".join(kept.split())


def until(pcm: bytes, end_s: float) -> bytes:
    return pcm[: int(end_s * SAMPLE_RATE_HZ) * 2]


def wav_of(pcm: bytes, path: Path) -> Path:
    """16 kHz mono PCM as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm)
    return path


async def talk(
    stack: Stack,
    pcm: bytes,
    *,
    session_id: str = "",
    during: Callable[[LiveClient, dict[str, Any]], Any] | None = None,
    address: str = "",
    **query: Any,
) -> Talk:
    """Speak `pcm` into a session and take everything that comes back; `during` sees each message.
    `address`: where the web server is reached, if not directly."""
    heard = Talk()
    url = (address or stack.address).replace("http", "ws", 1) + "/ws/transcribe"
    query = {"interim_results": True, "language": "en", **query}
    async with LiveClient(url, token=stack.key, session_id=session_id, **query) as client:
        speaking = asyncio.create_task(client.send_at_speed_of_speech(pcm, speed=SPEED))
        try:
            async with asyncio.timeout(LONGEST_TALK_S):
                async for message in client:
                    heard.messages.append(message)
                    heard.times.append(time.monotonic())
                    if during is not None:
                        during(client, message)
                    if speaking.done():
                        speaking.result()
        except TimeoutError:
            kinds = [message["type"] for message in heard.messages]
            pytest.fail(f"the session did not end within {LONGEST_TALK_S:.0f} s; it said {kinds[-20:]}")
        finally:
            speaking.cancel()
    return heard
