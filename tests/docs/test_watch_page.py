"""docs/protocols/watch.md against the watcher's socket."""

from __future__ import annotations

import re
from pathlib import Path

from conversations.wrong_keys import MAX_WRONG_KEYS
from sessions import watching
from sessions.feed import STREAM_LENGTH
from tests.docs.pages import ROOT, code, page, rows, section

PAGE = "docs/protocols/watch.md"


def test_the_page_states_every_refusal() -> None:
    """Error codes with their close codes are those of the source, and no others."""
    own = Path(watching.__file__).read_text()
    asked = (ROOT / "sessions/admission.py").read_text().split("async def check_access")[1]
    refused = set(re.findall(r'Refused\(\s*(\d{4}), "(\w+)"', own + asked))
    refused |= set(re.findall(r'close\((\d{4}), error_body\("(\w+)"', own))
    table = list(rows(section(page(PAGE), "## Refusals and endings")))
    stated = {
        (number, error)
        for cells in table
        for error in code(cells[1])
        for number in re.findall(r"\d{4}", cells[2])
    }
    assert stated == {(number, error) for number, error in refused if error != "invalid_parameters"}


def test_the_numbers_of_the_page() -> None:
    """What is kept for a slow watcher and how many wrong keys are borne are the code's."""
    text = " ".join(page(PAGE).split())
    assert f"{STREAM_LENGTH} messages a session" in text
    assert f"more than {MAX_WRONG_KEYS} wrong keys" in text
