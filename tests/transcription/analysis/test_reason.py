"""Why somebody calls is what they say first, not what they are asked for."""

from __future__ import annotations

from tests.transcription.analysis.calls import talk_of
from transcription.analysis.meaning.encoder import sentence_encoder
from transcription.analysis.reason import reason_for_calling


def reason(script: str, agent: str | None = "SPEAKER_00") -> list[str]:
    return [
        segment.text for segment in reason_for_calling(talk_of(script).segments, agent, sentence_encoder())
    ]


def test_the_first_statement_of_substance_is_the_reason() -> None:
    """Greetings and names are passed over, and so is what was asked for; what follows belongs to it."""
    script = """
    A: how can i help you
    B: hello my name is tom
    A: what is your date of birth
    B: the fourth of july nineteen hundred and ninety one
    A: thank you
    B: the lift in our building has been stuck since noon
    B: my neighbour is in it
    A: do you have any pets
    B: yes two old cats and a dog that barks
    """
    assert reason(script) == ["the lift in our building has been stuck since noon", "my neighbour is in it"]


def test_a_reason_may_be_told_late_and_in_pieces() -> None:
    """It begins where it is told, not where the caller begins to speak, and goes on past a word of the
    other's."""
    script = """
    A: good morning front desk
    B: hello there isn't it cold today we had snow up to the door
    A: it is
    B: anyway the heating broke down on friday and the baby is freezing
    A: i see
    B: and now there is water coming through the ceiling and my flat is flooded
    A: what is your name
    B: my name is tom and i have lived here for years
    """
    assert reason(script) == [
        "anyway the heating broke down on friday and the baby is freezing",
        "and now there is water coming through the ceiling and my flat is flooded",
    ]


def test_asking_whether_one_is_connected_is_no_reason() -> None:
    """What is asked in a few words ahead of the reason is passed over; a short reason counts by itself."""
    script = "A: yes hello\nB: oh er is this the front desk\nA: it is\nB: {}"
    assert reason(script.format("my boiler has leaked all over the kitchen floor")) == [
        "my boiler has leaked all over the kitchen floor"
    ]
    assert reason("A: hello\nB: my boiler is leaking") == ["my boiler is leaking"]


def test_without_a_statement_there_is_none() -> None:
    """Nothing is taken for a reason where nothing was told; without an agent it may be anybody's."""
    told = "the lift in our building has been stuck since noon"
    assert reason(f"B: {told}", agent=None) == [told]
    assert reason("A: hello how are you\nB: fine thanks") == []
    assert reason("A: hello\nB: thank you so much bye bye now") == []
