"""A network between a browser and the stack that a test cuts and mends."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from ambient.stack.stack import Stack


class Network:
    """Passes bytes between `address` and the stack. While it is cut, nothing passes and nobody connects."""

    def __init__(self, stack: Stack) -> None:
        server = urlsplit(stack.address)
        self._server = (server.hostname or "", server.port or 0)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._is_cut = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.address = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            ends, self._open = self._open, set()
        for end in ends:
            _close(end)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self.cut()
        _close(self._door)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                if self._is_cut:
                    _close(near)
                    continue
                far = socket.create_connection(self._server)
                with self._lock:
                    self._open |= {near, far}
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        for end in (source, sink):
            _close(end)
        with self._lock:
            self._open -= {source, sink}


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def network_to(stack: Stack) -> Iterator[Network]:
    network = Network(stack)
    try:
        yield network
    finally:
        network.close()
