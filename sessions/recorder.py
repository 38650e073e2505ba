"""A session's journal from the event loop: appended to at once, flushed in a thread, acknowledged after.

Appending costs microseconds (it goes to the operating system's memory); flushing may wait for a disk.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable

from conversations.metrics import catalogue as metrics
from sessions import store
from sessions.journal import Journal
from sessions.meter import Meter
from sessions.protocols.base import Acknowledged, Notice

logger = logging.getLogger(__name__)

ACK_INTERVAL_S = 0.5
"""At least one a second is promised; a flush takes its time too."""
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def storage_error_code(error: OSError) -> str:
    """The wire's code for what the disk said."""
    return "insufficient_storage" if error.errno in NO_ROOM else "internal_error"


class Recorder:
    """`is_full`: the disk took no more. Nothing is accepted or acknowledged until `open_part`."""

    def __init__(
        self,
        journal: Journal,
        *,
        session_id: str,
        acks: bool,
        meter: Meter,
        say: Callable[[Notice], None],
        on_full: Callable[[OSError], None],
    ) -> None:
        self.is_full = False
        self._journal = journal
        self._session_id = session_id
        self._acks = acks
        self._meter = meter
        self._safe = meter.total
        self._say = say
        self._on_full = on_full
        self._interval_s = ACK_INTERVAL_S if acks else journal.sync_interval_s
        self._turning = asyncio.Lock()  # one socket's part is sealed before the next one's begins
        self._next_sync_s = 0.0
        self._syncing: asyncio.Task[None] | None = None
        self._waiting_since_s: float | None = None  # the oldest byte that no flush has taken

    @property
    def next_sync_s(self) -> float | None:
        """When a flush is due, on the monotonic clock; None where there is nothing to flush or to say of it
        (a flush may take more with it than had come when it began)."""
        said_bytes = min(self._journal.synced_bytes, self._safe.stored_bytes)
        is_dirty = said_bytes < self._journal.size_bytes
        return self._next_sync_s if is_dirty and not self.is_full else None

    def append(self, data: bytes) -> bool:
        """Whether the bytes were accepted."""
        try:
            self._journal.append(data)
        except OSError as error:
            self._refuse(error)
            return False
        if self._waiting_since_s is None:
            self._waiting_since_s = time.monotonic()
        return True

    def sync_if_due(self, now_s: float) -> None:
        """Start a flush where one is due; what is safe then is acknowledged where that was asked for."""
        if self.next_sync_s is not None and now_s >= self.next_sync_s:
            self._next_sync_s = now_s + self._interval_s
            if self._syncing is None:  # else a slow one is under way: look again later
                self._syncing = asyncio.create_task(self._sync())

    async def open_part(self, epoch: int) -> None:
        """Go on for a new socket, everything before it safe. Raises OSError."""
        async with self._turning:
            await store.run(self._journal.open_part, epoch)
        self.is_full = False

    async def settle(self) -> bool:
        """Flush and seal what is there; nothing is taken until `open_part`. Whether all of it is safe: what a
        storage did not take is offered again by `sync_if_due`; a disk that breaks is logged."""
        async with self._turning:
            try:
                await store.run(self._journal.seal)
            except OSError as error:
                logger.error("session %s: the journal cannot be flushed: %s", self._session_id, error)
                return True  # there is no other disk to wait for
        return self._journal.synced_bytes >= self._journal.size_bytes

    async def finish(self) -> None:
        """Return when whoever reads the recording will find all of it, however long its storage is away."""
        wait_s = FIRST_WAIT_S
        while not await self.settle():
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def close(self) -> None:
        """Returns at once; a flush that is under way is waited for elsewhere."""
        asyncio.get_running_loop().run_in_executor(None, self._journal.close)

    async def _sync(self) -> None:
        accepted = self._meter.total
        since_s, self._waiting_since_s = self._waiting_since_s, None
        try:
            safe_bytes = await store.run(self._journal.sync)
        except OSError as error:
            self._refuse(error)
            return
        finally:
            self._syncing = None
        if safe_bytes >= accepted.stored_bytes:
            self._safe = accepted
            if since_s is not None:
                metrics.ACK.observe(time.monotonic() - since_s)
        if self._acks and not self.is_full:
            self._say(Acknowledged(self._safe.sent_bytes, self._safe.audio_s))

    def _refuse(self, error: OSError) -> None:
        self.is_full = True
        metrics.JOURNAL_REFUSALS.add()
        logger.error("session %s: the journal cannot be written: %s", self._session_id, error)
        self._on_full(error)
