"""Where the embedded stack keeps things, and the URLs that lead there.

Unix sockets live in a folder that only its owner may enter. The kernel takes at most 107 bytes for a
socket's path, so a deep AMBIENT_HOME gets a short folder under the temporary directory instead.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

SOCKET_PATH_LIMIT_BYTES = 107
LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"


def socket_folder(home: Path) -> Path:
    """The 0700 folder of the stack's unix sockets (not made here)."""
    folder = home / "run"
    if len(os.fsencode(folder / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_LIMIT_BYTES:
        return folder
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"ambient-{os.getuid()}-{digest}"


def embedded_database_url(home: Path) -> str:
    return f"postgresql://ambient@/ambient?host={quote(str(socket_folder(home)), safe='')}"


def embedded_redis_url(home: Path) -> str:
    return f"unix://{socket_folder(home) / 'redis.sock'}"
