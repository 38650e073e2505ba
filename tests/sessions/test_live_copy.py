"""The live page's modules stand in one file: each once, after what it needs, under names of its own."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from sessions.standalone import FOLDER, MAIN, WORKLET, bundled, modules_of

DEFINED = re.compile(r"^(?:async )?(?:const|let|class|function) (?:\{[^}]*\}|(\w+))", re.MULTILINE)


@pytest.mark.parametrize("name", [MAIN, WORKLET])
def test_modules_share_a_file_without_a_clash(name: str) -> None:
    """No import is left, and no name at the top is defined twice."""
    text = bundled(name)
    assert not re.search(r"^\s*(import|export)\b", text, re.MULTILINE)
    names = [match[1] for match in DEFINED.finditer(text)]
    assert len(names) > 2
    assert sorted(names) == sorted(set(names))


def test_a_module_comes_after_what_it_imports() -> None:
    """The page's own module is the last; the worklet's are not among the page's."""
    modules = modules_of(MAIN)
    assert modules[-1] == MAIN
    assert modules.index(FOLDER + "recorder.js") < modules.index(FOLDER + "connection.js")
    assert FOLDER + "resampler.js" not in modules
    assert modules_of(WORKLET) == (FOLDER + "resampler.js", WORKLET)


@pytest.mark.django_db
def test_the_copy_is_one_file_that_is_saved(client: Client) -> None:
    """It comes as a download, knows its server, and names nothing to be loaded."""
    answer = client.get("/live-copy", headers={"host": "localhost:8000"})
    assert answer["Content-Disposition"].startswith("attachment")
    page = answer.content.decode()
    assert 'value="http://localhost:8000"' in page
    before_scripts = page.partition("<script")[0]
    assert not re.search(r'(src|href)="(?!data:,)', before_scripts)
    assert "csrf" not in before_scripts
