"""docs/rest.md against the addresses, the scopes and the error codes of the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from conversations.api.permissions import scope_for
from tests.docs.pages import ROOT, blocks, code, page, rows, section

PAGE = "docs/rest.md"
PLACES = {
    "{id}": str(UUID(int=1)),
    "{session}": "a-session",
    "{job}": "1",
    "{label}": "SPEAKER_00",
    "{n}": "1",
    "$ID": str(UUID(int=1)),
    "$SESSION": "a-session",
    "$ENDED": "a-session",
    "$JOB": "1",
    "$SET": "1",
    "$TAXONOMY": "1",
}
Row = tuple[str, str, str]


def stated() -> list[Row]:
    """Method, address and scope of each row under "Addresses"."""
    table = rows(section(page(PAGE), "## Addresses"))
    return [(method, code(address)[0], scope.strip("`")) for method, address, scope, _ in table]


def filled(address: str) -> str:
    for place, value in PLACES.items():
        address = address.replace(place, value)
    return address


def served(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every address of the API with its view."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from served(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route.startswith(("api/v1/", "v1/audio/", "audio/")):
            yield f"/{route}", pattern.callback


def methods_of(view: Any) -> set[str]:
    if (view_class := getattr(view, "view_class", None)) is None:
        return {"GET"}  # the recording: a plain view, `require_safe`
    return {
        method for method in ("GET", "POST", "PATCH", "PUT", "DELETE") if hasattr(view_class, method.lower())
    }


@pytest.mark.parametrize(("method", "address", "scope"), stated())
def test_an_address_of_the_page_is_served_under_its_scope(method: str, address: str, scope: str) -> None:
    """The address resolves, its view takes the method, and needs the scope that the page says."""
    view = resolve(filled(address)).func
    assert method in methods_of(view)
    view_class = getattr(view, "view_class", None)
    assert (scope_for(view_class, method) if view_class else "read") == ("" if scope == "any" else scope)


def test_every_address_that_is_served_is_on_the_page() -> None:
    """Nothing under /api/v1, /v1/audio and /audio is missing, nor a method of it."""
    on_page = {(method, resolve(filled(address)).route) for method, address, _ in stated()}
    there = {
        (method, route.removeprefix("/"))
        for route, view in served(get_resolver().url_patterns)
        for method in methods_of(view)
    }
    assert on_page == there


def test_every_row_has_its_call() -> None:
    """Each method and address of the table is called once by a curl of the page, and no others are."""
    text = "\n".join(blocks(page(PAGE), "sh")).replace("\\\n", " ")
    called = set()
    for line in text.splitlines():
        if not line.startswith("curl"):
            continue
        [target] = re.findall(r"\$URL(/[^\s\"?]+)", line)
        asked = re.search(r"-X (\w+)", line)
        method = asked[1] if asked else "POST" if re.search(r" -(d|F) ", line) else "GET"
        called.add((method, resolve(filled(target)).route))
    assert called == {(method, resolve(filled(address)).route) for method, address, _ in stated()}


def test_the_error_codes_of_the_page_are_those_of_the_code() -> None:
    """Codes that our own sources name are on the page."""
    folders = [ROOT / "conversations" / "api", ROOT / "conversations" / "errors.py"]
    files = [file for folder in folders for file in ([folder] if folder.is_file() else folder.rglob("*.py"))]
    source = "\n".join(file.read_text() for file in files)
    named = set(re.findall(r'(?:envelope\(\s*|^    code = )"(\w+)"', source, flags=re.MULTILINE)) - {
        "refused"
    }
    on_page = {error for cells in rows(section(page(PAGE), "## Errors")) for error in code(cells[1])}
    assert named <= on_page
