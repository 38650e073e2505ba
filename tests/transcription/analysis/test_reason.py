"""Why somebody calls is what they say first, not what they are asked for."""

from __future__ import annotations

from tests.transcription.analysis.calls import talk_of
from transcription.analysis.reason import reason_for_calling


def reason(script: str, agent: str | None = "SPEAKER_00") -> list[str]:
    return [segment.text for segment in reason_for_calling(talk_of(script).segments, agent)]


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


def test_without_an_agent_or_a_statement_there_is_none() -> None:
    """Nothing is taken for a reason where nobody is known to have taken the call, or nothing was told."""
    assert reason("B: the lift in our building has been stuck since noon", agent=None) == []
    assert reason("A: hello how are you\nB: fine thanks") == []
