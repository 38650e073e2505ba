"""Pages that point somewhere, and figures on them that are those of the code."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import tomllib
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import PAGES, ROOT, blocks, code, headings, links, page, rows, section


def identity(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PAGES, ids=identity)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    """A link names a file that is there, and its anchor a heading of that file."""
    text = path.read_text(encoding="utf-8")
    for link in links(text):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), f"{identity(path)} links to {link}"
        assert not anchor or anchor in headings(target.read_text(encoding="utf-8")), link


def named(dotted: str) -> Any:
    """A module's constant, or the default of a dataclass' field."""
    owner_path, _, name = dotted.rpartition(".")
    try:
        return getattr(importlib.import_module(owner_path), name)
    except ModuleNotFoundError:
        owner = named(owner_path)
    assert is_dataclass(owner)
    [default] = [field.default for field in fields(owner) if field.name == name]
    assert default is not MISSING
    return default


@pytest.mark.parametrize("name", ["docs/streaming.md", "docs/pipeline.md"])
def test_the_numbers_of_a_page_are_those_of_the_code(name: str) -> None:
    """Each row under "Numbers" says what the constant that it names is."""
    stated = {
        code(cells[0])[0]: ast.literal_eval(cells[1]) for cells in rows(section(page(name), "## Numbers"))
    }
    assert len(stated) > 5
    assert stated == {dotted: named(dotted) for dotted in stated}


def test_the_readme_names_make_targets_and_modules_that_exist() -> None:
    """Whoever copies a command of the README does not get "no rule" or "no module"."""
    commands = "\n".join(blocks(page("README.md"), "sh"))
    targets = set(re.findall(r"\bmake ([a-z]+)", commands + page("README.md")))
    assert {"demo", "test", "up"} <= targets
    assert targets <= set(re.findall(r"^([a-z]+):", page("Makefile"), flags=re.MULTILINE))
    for module in re.findall(r"python -m ([\w.]+)", commands):
        assert importlib.util.find_spec(module) is not None, module
    for file in re.findall(r"\S+\.txt", commands):
        assert (ROOT / file).exists(), file


def test_the_readme_names_the_python_versions_that_are_taken() -> None:
    """The README and pyproject.toml agree on the versions."""
    requires = tomllib.loads(page("pyproject.toml"))["project"]["requires-python"]
    lowest, above = re.findall(r"3\.(\d+)", requires)
    assert f"Python 3.{lowest} or 3.{int(above) - 1}" in page("README.md")


def test_the_stages_of_the_pipeline_page_stand_in_the_tiers_of_the_plan() -> None:
    """docs/pipeline.md and `run_plan` order the stages alike."""
    from conversations.services.run_plan import ASKED_BY, TIERS  # models: after Django is up

    stated: dict[str, tuple[int, bool]] = {}
    for tier, stages, when in rows(
        section(page("docs/pipeline.md"), "## Which stages, and what they wait for")
    ):
        stated |= {stage: (int(tier), when.startswith("when asked for")) for stage in code(stages)}
    assert stated == {
        str(stage): (number, stage in ASKED_BY)
        for number, tier in enumerate(TIERS, start=1)
        for stage in tier
    }
