"""Ways to disturb a stack: kill, restart, silence and fill what it is made of, and cut its connections."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

from ambient.stack.processes import Child
from ambient.stack.stack import Stack
from tests.waiting import wait_for

READY_S = 60.0


def child(stack: Stack, name: str) -> Child:
    """A process of the stack by its name: web, live, batch, beat, postgres, redis."""
    servers = [server.child for server in stack.servers if server.child]
    return next(process for process in [*stack.children, *servers] if process.name == name)


def pid_of(stack: Stack, name: str) -> int:
    pid = child(stack, name).pid
    assert pid is not None
    return pid


def kill(stack: Stack, name: str, with_signal: int = signal.SIGKILL) -> None:
    os.kill(pid_of(stack, name), with_signal)


def kill_with_its_children(stack: Stack, name: str) -> None:
    """Each child of the stack leads a process group of its own."""
    os.killpg(pid_of(stack, name), signal.SIGKILL)


def ready(stack: Stack) -> None:
    """Returns when everything answers again."""
    wait_for(lambda: not stack.missing(), timeout_s=READY_S, what="readiness")


def hold_down(stack: Stack, name: str) -> Callable[[], None]:
    """Kill it and keep it from being started again until what is returned is called."""
    stack._restart_at[name] = float("inf")
    kill(stack, name)
    return lambda: stack._restart_at.update({name: 0.0})


@contextmanager
def no_room(stack: Stack) -> Iterator[None]:
    """Inside, the web process can write no byte to any file (EFBIG), as when its disk is full."""
    pid = pid_of(stack, "web")
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


class CuttingProxy:
    """Passes bytes on to a server, and cuts each of the first `cuts` connections after some of them."""

    def __init__(self, stack: Stack, *, cuts: int, most_bytes: int, seed: int) -> None:
        self.cuts_made = 0
        self._server_address = _host_and_port(stack.address)
        self._cuts = cuts
        self._most_bytes = most_bytes
        self._random = random.Random(seed)
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def address(self) -> AsyncIterator[str]:
        """Where to connect instead."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self._server_address)
        left = self._random.randrange(1, self._most_bytes) if self.cuts_made < self._cuts else None
        backwards = asyncio.create_task(_pass_on(server_reader, writer))
        self._tasks.add(backwards)
        try:
            while data := await reader.read(left if left is not None and left < 65_536 else 65_536):
                server_writer.write(data)
                await server_writer.drain()
                if left is not None:
                    left -= len(data)
                    if left <= 0:
                        self.cuts_made += 1
                        break
        except OSError:
            pass
        finally:
            backwards.cancel()
            server_writer.transport.abort()
            writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


def _host_and_port(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port
