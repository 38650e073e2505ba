"""Which stages a run has and what they wait for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conversations.models import Conversation, Stage
from conversations.services.run_plan import (
    ASKED_BY,
    LIVE_WORDS_STAND,
    ORDER,
    TEXT_BRINGS_WORDS,
    TEXT_HAS_NO_AUDIO,
    plan_run,
    waits_for,
)

SOURCES = st.sampled_from(Conversation.Source.values)
PARAMETERS = st.dictionaries(st.sampled_from([*ASKED_BY.values(), "enhance_on_end"]), st.booleans())


def test_every_stage_of_the_contract_has_its_place() -> None:
    """The plan's order holds each stage id exactly once."""
    assert sorted(ORDER) == sorted(Stage)


@given(source=SOURCES, parameters=PARAMETERS)
def test_a_plan_never_waits_for_what_comes_later(source: str, parameters: dict[str, bool]) -> None:
    """In any plan, whatever a stage waits for stands before it, so that no run can wait for itself."""
    planned = [stage.stage for stage in plan_run(source=source, parameters=parameters)]
    for index, stage in enumerate(planned):
        assert waits_for(stage) & set(planned) <= set(planned[:index])


@given(source=SOURCES, parameters=PARAMETERS)
def test_optional_stages_are_there_when_asked_for_and_only_then(
    source: str, parameters: dict[str, bool]
) -> None:
    """A stage that has to be asked for is in the plan exactly when it was."""
    planned = {stage.stage for stage in plan_run(source=source, parameters=parameters)}
    for stage, flag in ASKED_BY.items():
        assert (stage in planned) == bool(parameters.get(flag))


def test_a_text_needs_no_audio() -> None:
    """A text's run skips what needs sound from the start, and says why."""
    skipped = {s.stage: s.skip_reason for s in plan_run(source="text", parameters={}) if s.skip_reason}
    assert skipped == {Stage.TRANSCRIPTION: TEXT_BRINGS_WORDS, Stage.DIARIZATION: TEXT_HAS_NO_AUDIO}


def test_a_live_session_is_transcribed_again_only_when_asked() -> None:
    """Live words stand unless the enhancement was asked for; an upload is always transcribed."""
    assert plan_run(source="live", parameters={})[0].skip_reason == LIVE_WORDS_STAND
    assert plan_run(source="live", parameters={"enhance_on_end": True})[0].skip_reason == ""
    assert plan_run(source="upload", parameters={})[0].skip_reason == ""
