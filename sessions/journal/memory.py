"""A journal in Redis alone, for those who must never write audio down.

Under `ambient:journal:SESSION_ID` lie the format, the names of the parts, and a string for each part. All of
it expires a day after the longest session that could still be speaking, should nobody erase it before.
"""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache

from django.conf import settings
from redis import Redis
from redis.exceptions import OutOfMemoryError, RedisError

from sessions.journal.base import PART_NAME, JournalMissing, Part, Span, checked
from sessions.limits import MAX_AHEAD_S
from sessions.meter import Meter
from transcription.audio.formats import OPUS, AudioFormat

PREFIX = "ambient:journal:"
PART_BYTES = 4 * 1024 * 1024
"""A string of Redis holds 512 MiB; a smaller one is copied faster when it grows."""
SYNC_INTERVAL_S = 0.25
"""What the death of the web process may cost a client that keeps nothing until it is acknowledged."""
MAX_WAITING_BYTES = 16 * 1024 * 1024
"""What waits in the process while Redis is away; past it no more is taken."""
KEPT_S = 24 * 3600
READ_BYTES = 1024 * 1024
TIMEOUT_S = 5.0
OPUS_BYTES_PER_S = 64_000
"""The most that Opus sends (510 kbit/s, RFC 6716, section 2.1.1)."""


@lru_cache(maxsize=1)
def _client(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)


def client() -> Redis:
    """One pool of connections a process. Speaks bytes."""
    return _client(settings.REDIS_URL)


class Forgotten(OSError):
    """Redis has lost what it held: it was started again, or evicts."""


class MemoryJournal:
    """`append` keeps bytes in the process; `sync` takes them to Redis, each to its place, so that doing it
    again does no harm."""

    def __init__(self, session_id: str, audio_format: AudioFormat, meter: Meter, *, epoch: int) -> None:
        self.sync_interval_s = SYNC_INTERVAL_S
        self.meter = meter
        self.size_bytes = self.synced_bytes = meter.total.stored_bytes
        self._session_id = session_id
        self._format = json.dumps(asdict(audio_format))
        rate = OPUS_BYTES_PER_S if audio_format.encoding == OPUS else audio_format.bytes_per_second
        self._most_bytes = int((_longest_s() + MAX_AHEAD_S) * rate)
        self._part = Part(epoch, self.size_bytes, 0)
        self._waiting: list[bytes] = []
        self._appending = threading.Lock()  # held for a few instructions
        self._syncing = threading.Lock()
        self.open_part(epoch)

    def open_part(self, epoch: int) -> None:
        with self._syncing:
            self._flush()
            if self.synced_bytes < self.size_bytes:
                raise OSError(errno.EIO, "Redis does not answer")
            part = Part(epoch, self.size_bytes, 0)
            if not self._write(part, b""):
                raise OSError(errno.EIO, "Redis does not answer")
            self._part = part

    def append(self, data: bytes) -> None:
        with self._appending:
            waiting = self.size_bytes + len(data) - self.synced_bytes
            if self.size_bytes + len(data) > self._most_bytes or waiting > MAX_WAITING_BYTES:
                raise OSError(errno.ENOSPC, "no room for this session in memory")
            self._waiting.append(data)
            self.size_bytes += len(data)

    def sync(self) -> int:
        with self._syncing:
            return self._flush()

    def seal(self) -> int:
        return self.sync()

    def close(self) -> None:
        """What Redis has not taken is gone."""
        with self._appending:
            self._waiting = []

    def _flush(self) -> int:
        """Nothing is lost where Redis does not answer; where it has forgotten, OSError says so."""
        with self._appending:
            data, self._waiting = b"".join(self._waiting), []
        if data:
            if self._part.size_bytes >= PART_BYTES:
                self._part = Part(self._part.epoch, self.synced_bytes, 0)
            try:
                is_taken = self._write(self._part, data)
            except Forgotten:
                self.synced_bytes += len(data)  # there is nothing left to wait for
                raise
            except OSError:
                self._put_back(data)
                raise
            if not is_taken:
                self._put_back(data)
                return self.synced_bytes
            part = self._part
            self._part = Part(part.epoch, part.offset_bytes, part.size_bytes + len(data))
            self.synced_bytes += len(data)
        return self.synced_bytes

    def _put_back(self, data: bytes) -> None:
        with self._appending:
            self._waiting.insert(0, data)

    def _write(self, part: Part, data: bytes) -> bool:
        """Put bytes at the end of a part. False: Redis is away. Raises OSError where it has no room,
        Forgotten where it has lost what the part held."""
        root, lifetime_s = key(self._session_id), _longest_s() + KEPT_S
        try:
            with client().pipeline(transaction=True) as pipe:
                pipe.strlen(f"{root}:{part.name}")
                if data:
                    pipe.setrange(f"{root}:{part.name}", part.size_bytes, data)
                pipe.sadd(f"{root}:parts", part.name)
                pipe.set(f"{root}:format", self._format)
                for name in (part.name, "parts", "format"):
                    pipe.expire(f"{root}:{name}", lifetime_s)
                had = pipe.execute()[0]
        except OutOfMemoryError as error:
            raise OSError(errno.ENOSPC, "Redis has no room") from error
        except RedisError:
            return False
        if had < part.size_bytes:
            client().delete(f"{root}:{part.name}")
            raise Forgotten(errno.EIO, "Redis has lost the recording")
        return True


class MemoryShelf:
    """What is in Redis of journals. RedisError where it does not answer."""

    def has(self, session_id: str) -> bool:
        return bool(client().exists(f"{key(session_id)}:format"))

    def format_of(self, session_id: str) -> AudioFormat:
        raw = client().get(f"{key(session_id)}:format")
        if not isinstance(raw, bytes):
            raise JournalMissing(f"no recording of session {session_id}")
        return AudioFormat(**json.loads(raw))

    def parts_of(self, session_id: str) -> list[Part]:
        root = key(session_id)
        names = [raw.decode() for raw in client().smembers(f"{root}:parts") if isinstance(raw, bytes)]
        return [
            Part(int(match[1]), int(match[2]), int(client().strlen(f"{root}:{match[0]}")))
            for match in map(PART_NAME.fullmatch, names)
            if match
        ]

    def read(self, session_id: str, span: Span) -> Iterator[bytes]:
        name = f"{key(session_id)}:{span.part.name}"
        for at in range(span.start, span.end, READ_BYTES):
            last = min(at + READ_BYTES, span.end) - 1
            data = client().getrange(name, at - span.part.offset_bytes, last - span.part.offset_bytes)
            if not isinstance(data, bytes) or len(data) != last + 1 - at:
                raise JournalMissing(f"the recording of session {session_id} has lost a part")
            yield data

    def erase(self, session_id: str) -> None:
        root = key(session_id)
        names = [part.name for part in self.parts_of(session_id)]
        client().delete(*(f"{root}:{name}" for name in (*names, "parts", "format")))


def key(session_id: str) -> str:
    """Raises ValueError for what is not a session id."""
    return f"{PREFIX}{checked(session_id)}"


def _longest_s() -> int:
    live = settings.AMBIENT.live
    return int(live.max_session_duration_s + live.resume_grace_s)
