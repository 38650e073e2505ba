"""The embedded answer engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.analysis.dialogues import Dialogue, answer_accuracy, dialogues
from transcription.analysis.answers.embedded import EmbeddedAnswers
from transcription.analysis.answers.question_sets import helpline_intake, nurse_intake
from transcription.analysis.base import Answer, Question, StageEngineConfig, Talk
from transcription.models import Segment, Word

ENGINE = EmbeddedAnswers(StageEngineConfig())
ENGINE.load()
ALL = [d for held_out in (False, True) for d in dialogues(held_out=held_out)]
TYPES = {"text", "name", "age", "number", "date", "place", "phone", "yes_no", "list"}


def _talk(*lines: tuple[str | None, str]) -> Talk:
    segments = tuple(Segment(i, 2.0 * i, 2.0 * i + 1, text, who) for i, (who, text) in enumerate(lines))
    return Talk(segments, "en", 2.0 * len(segments))


def _ask(talk: Talk, *questions: str) -> list[Answer]:
    return list(ENGINE.answer(talk, [Question(text, text) for text in questions]))


@pytest.mark.parametrize("dialogue", ALL, ids=lambda d: d.name)
def test_answers_are_quoted(dialogue: Dialogue) -> None:
    """An answer comes with evidence, both verbatim from the talk; without evidence there is none."""
    texts = {segment.id: segment.text for segment in dialogue.talk.segments}
    for answer in ENGINE.answer(dialogue.talk, [*dialogue.questions, *nurse_intake(), *helpline_intake()]):
        assert (answer.status == "answered") == bool(answer.evidence) == (answer.answer is not None)
        for evidence in answer.evidence:
            assert evidence.quote in texts[evidence.segment_id]
            assert evidence.start < evidence.end
        if answer.answer is not None:
            assert all(word in " ".join(e.quote for e in answer.evidence) for word in answer.answer.split())
            assert answer.confidence is not None
            assert 0 < answer.confidence <= 1


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.text(max_size=40)), max_size=5))
def test_any_talk_is_taken(lines: list[tuple[str | None, str]]) -> None:
    """No talk raises, and there is one answer per question, in order."""
    answers = ENGINE.answer(_talk(*lines), nurse_intake())
    assert [answer.question_id for answer in answers] == [question.id for question in nurse_intake()]


def test_an_empty_talk_answers_nothing() -> None:
    """With nothing said, nothing is found."""
    assert {answer.status for answer in ENGINE.answer(_talk(), nurse_intake())} == {"not_found"}


def test_a_denial_is_an_answer() -> None:
    """`no allergies` answers the question for allergies."""
    talk = _talk(("n", "do you have any allergies"), ("p", "no allergies"))
    (answer,) = ENGINE.answer(talk, [q for q in nurse_intake() if q.id == "allergies"])
    assert (answer.status, answer.answer) == ("answered", "no allergies")


def test_not_knowing_is_no_answer() -> None:
    """A reply that only says that its speaker does not know leaves the question open."""
    talk = _talk(("a", "what is your phone number"), ("b", "i don't know"))
    assert _ask(talk, "What is the caller's phone number?")[0].status == "not_found"


def test_unknown_speakers() -> None:
    """Without speakers the next sentence is the reply."""
    talk = _talk(
        (None, "where do you live"), (None, "in nairobi"), (None, "and how old are you"), (None, "forty")
    )
    place, age = _ask(talk, "Where does she live?", "How old is the caller?")
    assert (place.answer, age.answer) == ("nairobi", "forty")


def test_a_question_and_its_reply_in_one_segment() -> None:
    """A segment that holds both sides is taken apart by its sentences."""
    talk = _talk((None, "What is your name? My name is Ada Obi. Thank you, Ada."))
    assert _ask(talk, "What is the caller's name?")[0].answer == "Ada Obi"


def test_the_agents_name_is_not_the_callers() -> None:
    """Whoever took the call is not taken for the caller."""
    talk = _talk(("a", "thank you for calling this is rose speaking how can i help"), ("b", "i lost my bag"))
    caller, agent = _ask(talk, "What is the caller's name?", "What is the agent's name?")
    assert (caller.status, agent.answer) == ("not_found", "rose")


def test_evidence_has_the_times_of_its_words() -> None:
    """Where a segment has timed words, a quote has the times of its own."""
    text = "Hello there. My number is 07911 123456."
    words = tuple(Word(word, i, i + 0.5) for i, word in enumerate(text.split()))
    talk = Talk((Segment(0, 0, 8, text, "b", words),), "en", 8)
    (answer,) = _ask(talk, "What is the caller's phone number?")
    (evidence,) = answer.evidence
    assert (evidence.quote, evidence.start, evidence.end) == ("My number is 07911 123456.", 2, 6.5)


def test_the_same_talk_gives_the_same_answers() -> None:
    """The engine is deterministic, in another instance too."""
    talk = ALL[0].talk
    again = EmbeddedAnswers(StageEngineConfig())
    again.load()
    assert ENGINE.answer(talk, nurse_intake()) == again.answer(talk, nurse_intake())


@pytest.mark.parametrize("questions", [nurse_intake(), helpline_intake()])
def test_shipped_sets_fit_the_rows(questions: tuple[Question, ...]) -> None:
    """Ids are slugs and differ, types are known, texts and hints fit their columns."""
    assert len({question.id for question in questions}) == len(questions)
    for question in questions:
        assert question.id.replace("_", "").isalnum()
        assert question.answer_type in TYPES
        assert len(question.text) <= 500
        assert question.hints
        assert all(0 < len(hint) <= 60 for hint in question.hints)


def test_the_nurse_asks_twelve() -> None:
    """The nurse's intake has the twelve questions of the contract."""
    assert [question.id for question in nurse_intake()] == [
        "name", "age", "chief_complaint", "symptoms", "medications", "allergies", "vital_signs", "pain_level",
        "diagnosis", "treatment_plan", "discharge_instructions", "follow_up",
    ]  # fmt: skip


def test_how_well_it_does() -> None:
    """Accuracy stays where it was measured: on dialogues that it was written for, and on others."""
    assert answer_accuracy(ENGINE, dialogues(held_out=False)) >= 0.93
    assert answer_accuracy(ENGINE, dialogues(held_out=True)) >= 0.7
