"""What goes wrong with an endpoint, by who can do something about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.transcription.analysis.llm.conftest import Model
from tests.transcription.analysis.llm.test_engines import NAME, talk
from transcription.analysis.base import LlmEndpoint, StageEngineConfig
from transcription.analysis.llm.answers import LlmAnswers
from transcription.analysis.registry import choose_stage_engine
from transcription.errors import EngineFailed, EngineUnavailable

FOUND = {
    "question_id": "name",
    "status": "answered",
    "answer": "Grace",
    "evidence": [{"segment_id": 1, "quote": "my name is grace"}],
}


@pytest.mark.parametrize(
    ("status", "passes"), [(500, True), (503, True), (429, True), (401, False), (404, False)]
)
def test_busy_may_pass_and_refused_does_not(model: Model, status: int, passes: bool) -> None:
    """Only what may pass is sent again by the pipeline; the talk is in no message."""
    model.answers = [status]
    engine = LlmAnswers(model.config())
    engine.load()
    with pytest.raises(EngineFailed) as failed:
        engine.answer(talk(), [NAME])
    assert failed.value.retryable is passes
    assert "grace" not in str(failed.value)
    assert "s3cret" not in str(failed.value)


def test_the_client_tries_again_where_that_helps(model: Model) -> None:
    """A server that was busy once is asked once more, without the stage noticing."""
    model.answers = [503, {"answers": [FOUND]}]
    engine = LlmAnswers(model.config(max_retries=1))
    engine.load()
    assert engine.answer(talk(), [NAME])[0].answer == "Grace"


def test_an_endpoint_that_is_not_there_may_come_back() -> None:
    """Nobody listens: retryable."""
    config = StageEngineConfig(
        options={"max_retries": 0, "timeout_s": 1.0}, llm=LlmEndpoint("http://127.0.0.1:9/v1", "m")
    )
    engine = LlmAnswers(config)
    engine.load()
    with pytest.raises(EngineFailed) as failed:
        engine.answer(talk(), [NAME])
    assert failed.value.retryable


def test_another_shape_is_asked_for_again(model: Model) -> None:
    """The fault is named to the model; the second answer counts, fenced or not, and both are paid for."""
    model.answers = [{"answers": [{"status": "answered"}]}, f'```json\n{{"answers": [{_json(FOUND)}]}}\n```']
    engine = LlmAnswers(model.config())
    engine.load()
    assert engine.answer(talk(), [NAME])[0].answer == "Grace"
    assert "question_id" in model.requests[1]["messages"][3]["content"]
    assert engine.take_usage().requests == 2


def test_rubbish_twice_is_a_failure(model: Model) -> None:
    """It is not taken for "nothing found"."""
    model.answers = ["I cannot do that."]
    engine = LlmAnswers(model.config())
    engine.load()
    with pytest.raises(EngineFailed, match="another shape") as failed:
        engine.answer(talk(), [NAME])
    assert not failed.value.retryable


def test_an_answer_that_was_cut_off_is_a_failure(model: Model) -> None:
    """Half of an answer is not read as a whole one."""
    model.answers, model.finish_reason = [{"answers": []}], "length"
    engine = LlmAnswers(model.config())
    engine.load()
    with pytest.raises(EngineFailed, match="max_chars"):
        engine.answer(talk(), [NAME])


def test_auto_asks_the_endpoint_where_there_is_one(model: Model) -> None:
    """With an endpoint it goes first; without one the next engine works, and says why."""
    assert choose_stage_engine("qa", "auto", model.config()).engine.name == "llm"  # type: ignore[union-attr]
    without = choose_stage_engine("qa", "auto", replace(model.config(), llm=None))
    assert without.engine is not None
    assert without.engine.name == "embedded"
    assert "AMBIENT_LLM_BASE_URL" in without.passed_over[0]
    with pytest.raises(EngineUnavailable, match="AMBIENT_LLM_BASE_URL"):
        choose_stage_engine("qa", "llm", StageEngineConfig())


def test_the_key_is_in_no_representation(model: Model) -> None:
    """A configuration that is printed or logged does not show it."""
    assert "s3cret" not in repr(model.config())


def _json(value: object) -> str:
    import json

    return json.dumps(value)
