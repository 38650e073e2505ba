"""A client for `/ws/transcribe` in one file: copy it, it needs only `websockets`.

    python -m sessions.client --audio-file call.wav --token KEY
    python -m sessions.client --duration 10 --token KEY
    python -m sessions.client --interactive --token KEY

As a library:

    async with LiveClient("ws://127.0.0.1:8000/ws/transcribe", token=KEY, interim_results=True) as client:
        asyncio.create_task(client.send_at_speed_of_speech(pcm))       # then await client.end()
        async for message in client:
            print(message)

A dropped connection is taken up again where the server's journal ends (`next_byte`): what was sent since is
kept here until the server acknowledges it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
import wave
from array import array
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

DEFAULT_URL = "ws://127.0.0.1:8000/ws/transcribe"
SAMPLE_RATE_HZ = 16_000
BYTES_PER_S = 2 * SAMPLE_RATE_HZ
FRAME_S = 0.1
CONNECT_PATIENCE_S = 7.5
"""How long a server that is just starting is tried for the first time."""
RECONNECT_PATIENCE_S = 60.0
"""As long as a server keeps the place of a client that was cut off, unless it is set otherwise there."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 4.0
TRY_AGAIN_LATER = 1013
RESEND_BYTES = 64 * 1024
FINAL_CLOSE_CODES = frozenset({1000, 1008, 1009, *range(4400, 4500)})
"""After these the server means it; after any other close the client comes back."""

Message = dict[str, Any]


class LiveClient:
    """One session. `token`: an API key; `others`: more servers of the same installation, each tried in turn
    when the connection is lost; `query`: any of the protocol's query parameters."""

    def __init__(
        self, url: str, *, token: str = "", session_id: str = "", others: Sequence[str] = (), **query: Any
    ) -> None:
        self.session_id = session_id or uuid.uuid4().hex
        path = f"{self.session_id}?{urlencode(_plain({'acks': True, **query}))}"
        self._urls = itertools.cycle([f"{server.rstrip('/')}/{path}" for server in (url, *others)])
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._socket: ClientConnection | None = None
        self._unacknowledged = bytearray()
        self._acknowledged_bytes = 0
        self._open = asyncio.Event()
        self._ending = False
        self._lost_at_s: float | None = None
        """Since when nothing that was sent has been taken, on the monotonic clock."""
        self.sent_at: list[tuple[int, float]] = []
        """(bytes sent so far, monotonic time) of every frame: what latencies are measured against."""

    async def __aenter__(self) -> LiveClient:
        await self._connect(give_up_at_s=time.monotonic() + CONNECT_PATIENCE_S)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close()

    @property
    def bytes_sent(self) -> int:
        return self._acknowledged_bytes + len(self._unacknowledged)

    async def send_audio(self, pcm: bytes) -> None:
        """Send PCM s16le as it comes; waits while the connection is being taken up again."""
        self._unacknowledged += pcm
        self.sent_at.append((self.bytes_sent, time.monotonic()))
        if self._open.is_set() and self._socket is not None:
            try:
                await self._socket.send(pcm)
            except ConnectionClosed:
                self._open.clear()  # the reader reconnects and sends what is not acknowledged
        await self._open.wait()

    async def send_at_speed_of_speech(self, pcm: bytes, *, speed: float = 1.0) -> None:
        """Frames of 100 ms by the clock, then the end of the session."""
        step = int(BYTES_PER_S * FRAME_S)
        started = time.monotonic()
        for offset in range(0, len(pcm), step):
            due = started + min(offset + step, len(pcm)) / BYTES_PER_S / speed
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self.send_audio(pcm[offset : offset + step])
        await self.end()

    async def command(self, **message: Any) -> None:
        """Send a text message, such as `command(type="session_info")`."""
        if self._socket is not None:
            await self._socket.send(json.dumps(message))

    async def end(self) -> None:
        """Ask for an orderly end: every remaining final comes, then `session_ended`."""
        self._ending = True
        with contextlib.suppress(ConnectionClosed):  # then it is asked for on the next connection
            await self.command(type="end_session")

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Every message of the session, across reconnects, until the server has closed it for good.

        Raises OSError where it cannot be reached for RECONNECT_PATIENCE_S.
        """
        wait_s = FIRST_WAIT_S
        while self._socket is not None:
            try:
                async for raw in self._socket:
                    message: Message = json.loads(raw)
                    if message["type"] == "ack":
                        self._forget(message["bytes_received"])
                    elif message["type"] == "connected":
                        await self._resend_from(message["next_byte"])
                    if message["type"] not in ("connected", "error"):
                        self._lost_at_s, wait_s = None, FIRST_WAIT_S
                    yield message
            except ConnectionClosed:
                pass
            self._open.clear()
            if self._socket.close_code in FINAL_CLOSE_CODES:
                return
            if self._lost_at_s is None:
                self._lost_at_s = time.monotonic()
            give_up_at_s = self._lost_at_s + RECONNECT_PATIENCE_S
            if self._socket.close_code == TRY_AGAIN_LATER:
                if time.monotonic() > give_up_at_s:
                    return
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            await self._connect(give_up_at_s=give_up_at_s)

    async def _connect(self, *, give_up_at_s: float) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            try:
                self._socket = await connect(
                    next(self._urls), additional_headers=self._headers, max_size=None
                )
            except (OSError, InvalidHandshake):  # the second where it dies or starts at this very moment
                if time.monotonic() + wait_s > give_up_at_s:
                    raise
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            else:
                return

    def _forget(self, bytes_received: int) -> None:
        done = bytes_received - self._acknowledged_bytes
        if done > 0:
            del self._unacknowledged[:done]
            self._acknowledged_bytes = bytes_received

    async def _resend_from(self, next_byte: int) -> None:
        self._forget(next_byte)
        position = 0
        while position < len(self._unacknowledged) and self._socket is not None:  # it may grow meanwhile
            piece = bytes(self._unacknowledged[position : position + RESEND_BYTES])
            await self._socket.send(piece)
            position += len(piece)
        if self._ending:
            await self.command(type="end_session")
        self._open.set()


def _plain(query: dict[str, Any]) -> dict[str, str]:
    """Query values as the server reads them: booleans in lower case, lists as JSON."""
    return {
        name: json.dumps(value) if isinstance(value, bool | list) else str(value)
        for name, value in query.items()
        if value is not None
    }


def read_audio(path: str) -> bytes:
    """PCM s16le, mono, 16 kHz of a recording: WAV of that form by itself, anything else where PyAV is."""
    try:
        with wave.open(path, "rb") as recording:
            if (recording.getnchannels(), recording.getsampwidth(), recording.getframerate()) == (
                1,
                2,
                16_000,
            ):
                return recording.readframes(recording.getnframes())
    except (wave.Error, EOFError):
        pass
    try:
        import av
    except ImportError:
        raise SystemExit(
            f"{path}: only 16 kHz mono 16-bit WAV can be read here; `pip install av` reads all."
        ) from None
    pcm = bytearray()
    with av.open(path) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                pcm += piece.to_ndarray().tobytes()
        for piece in resampler.resample(None):
            pcm += piece.to_ndarray().tobytes()
    return bytes(pcm)


def synthetic_audio(duration_s: float) -> bytes:
    """Synthetic speech where `flite` or `espeak-ng` is installed, else a tone that comes and goes."""
    text = "This is a test of the live transcription. One two three four five six seven eight nine ten. "
    program = shutil.which("flite") or shutil.which("espeak-ng")
    if program:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "speech.wav")
            target = ["-o", path] if program.endswith("flite") else ["-w", path]
            spoken = ["-t", text] if program.endswith("flite") else [text]
            subprocess.run([program, *target, *spoken], check=True, stdout=subprocess.DEVNULL)
            pcm = read_audio(path)
        return (pcm * (int(duration_s * BYTES_PER_S / len(pcm)) + 1))[: int(duration_s * SAMPLE_RATE_HZ) * 2]
    samples = array("h")
    for index in range(int(duration_s * SAMPLE_RATE_HZ)):
        on = (index // SAMPLE_RATE_HZ) % 2 == 0
        samples.append(int(8000 * math.sin(2 * math.pi * 440 * index / SAMPLE_RATE_HZ)) if on else 0)
    return samples.tobytes()


def show(message: Message) -> None:
    """One message for a person at a terminal: partials in place, finals kept."""
    kind = message["type"]
    if kind == "transcript" and not message["is_final"]:
        print(f"\r\033[K  {message['text'][-110:]}", end="", flush=True)
    elif kind == "transcript":
        latency = f"{message['latency_ms']:.0f} ms" if message["latency_ms"] is not None else "–"
        print(f"\r\033[K{message['start_time']:7.2f}  {message['text']}  ({latency})", flush=True)
    elif kind != "ack":
        print(f"\r\033[K[{kind}] {json.dumps({k: v for k, v in message.items() if k != 'type'})}", flush=True)


INTERACTIVE_HELP = "play FILE · synth SECONDS · info · ping · config JSON · end"


async def _interact(client: LiveClient) -> None:
    print(INTERACTIVE_HELP)
    while True:
        line = (await asyncio.to_thread(sys.stdin.readline)).strip()
        word, _, rest = line.partition(" ")
        if word == "play":
            await _send(client, read_audio(rest))
        elif word == "synth":
            await _send(client, synthetic_audio(float(rest or 5)))
        elif word == "info":
            await client.command(type="session_info")
        elif word == "ping":
            await client.command(type="ping")
        elif word == "config":
            await client.command(type="config", **json.loads(rest or "{}"))
        elif word in {"end", ""}:
            await client.end()
            return
        else:
            print(INTERACTIVE_HELP)


async def _send(client: LiveClient, pcm: bytes) -> None:
    step = int(BYTES_PER_S * FRAME_S)
    for offset in range(0, len(pcm), step):
        await client.send_audio(pcm[offset : offset + step])
        await asyncio.sleep(FRAME_S)


async def _run(options: argparse.Namespace) -> int:
    async with LiveClient(
        options.url,
        token=options.token,
        session_id=options.session_id,
        interim_results=True,
        language=options.language,
    ) as client:
        if options.interactive:
            speaking = asyncio.create_task(_interact(client))
        else:
            pcm = read_audio(options.audio_file) if options.audio_file else synthetic_audio(options.duration)
            speaking = asyncio.create_task(client.send_at_speed_of_speech(pcm))
        ended = False
        async for message in client:
            show(message)
            ended = ended or message["type"] == "session_ended"
        speaking.cancel()
    return 0 if ended else 1


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sessions.client", description="Speak into a live session."
    )
    parser.add_argument("--url", default=DEFAULT_URL)
    parser.add_argument(
        "--token", default=os.environ.get("AMBIENT_TOKEN", ""), help="an API key (or AMBIENT_TOKEN)"
    )
    parser.add_argument("--session-id", default="", help="to take up a session, or to choose its id")
    parser.add_argument("--language", default=None, help="BCP-47, or auto")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--audio-file", help="a recording to stream at the speed of speech")
    source.add_argument(
        "--duration", type=float, default=10.0, help="seconds of synthetic speech, or of a tone"
    )
    source.add_argument("--interactive", action="store_true", help="commands from the keyboard")
    try:
        return asyncio.run(_run(parser.parse_args()))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
