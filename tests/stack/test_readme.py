"""What the README tells people to copy works as it stands."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ambient.stack.stack import Stack
from tests.docs.pages import blocks, page
from tests.stack.conftest import folded, gap_after, spoken_before, until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
LISTENED_S = gap_after(0)
SHIPPED_ADDRESS = "127.0.0.1:8000"


def test_the_protocol_in_twenty_lines(stack: Stack, call_pcm: bytes, tmp_path: Path) -> None:
    """The README's program, with nothing changed but the address, prints what was said, partials first."""
    [program] = blocks(page("README.md"), "python")
    assert SHIPPED_ADDRESS in program
    assert sum(1 for line in program.splitlines() if line.strip()) <= 20
    ast.parse(program)
    script, recording = tmp_path / "twenty_lines.py", tmp_path / "call.pcm"
    script.write_text(program.replace(SHIPPED_ADDRESS, urlsplit(stack.address).netloc), encoding="utf-8")
    recording.write_bytes(until(call_pcm, LISTENED_S))

    done = subprocess.run(
        [sys.executable, "-X", "utf8", str(script), stack.key, str(recording)],
        cwd=tmp_path,  # not among our packages: the program stands alone
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    finals = [line.removeprefix("▸ ") for line in lines if line.startswith("▸ ")]
    assert folded(" ".join(finals)) == spoken_before(LISTENED_S)
    assert lines[0].startswith("… ")
