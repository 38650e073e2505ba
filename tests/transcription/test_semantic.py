"""The semantic annotator: what an utterance does, is about, risks and asks for."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.models import Segment, Transcript
from transcription.semantic import (
    INTENTS,
    RISK_TAGS,
    KeywordSemanticAnnotator,
    SemanticConfig,
    classify_intent,
    extract_keywords,
    find_actions,
    find_decisions,
    find_risks,
)

UTTERANCES = {
    "question": (
        "what brings you in today",
        "okay and how long have you had the cough",
        "do you have any allergies to medication",
        "i was wondering whether the office is open on saturday",
        "can you tell me where you live",
        "is she able to walk",
        "and your date of birth please",
        "any other symptoms",
        "which hospital did they take you to",
        "so when did the pain first start",
        "could i have your phone number",
        "why did nobody call me back",
        "Would Tuesday at nine suit you?",
        "thank you mister hall do you smoke",
    ),
    "clarification": (
        "sorry could you repeat that",
        "what do you mean by urgent",
        "i didn't catch your last name",
        "so you are saying the pump stopped on monday is that right",
        "could you spell that for me",
        "do you mean the blue form or the white one",
    ),
    "action_item": (
        "please send the invoice to our accounting team",
        "can you email me the contract by friday",
        "you need to bring your insurance card",
        "make sure you take the tablets with food",
        "could you please book a taxi for the patient",
        "we need to update the schedule before the meeting",
        "let's schedule a call for next week",
    ),
    "commitment": (
        "i will call you back tomorrow morning",
        "i'll have the nurse look at it right away",
        "we're going to send a technician on thursday",
        "i promise this won't happen again",
        "someone will contact you within two days",
        "we will replace the unit free of charge",
    ),
    "decision": (
        "we decided to postpone the release",
        "okay let's go with option two",
        "so it's settled we meet at noon",
        "we agreed on a budget of ten thousand",
        "the final decision is to hire a second nurse",
    ),
    "agreement": (
        "yes that works for me",
        "sounds good",
        "i totally agree",
        "okay sure",
        "that's a good idea",
        "exactly",
    ),
    "objection": (
        "i don't think that is a good plan",
        "no that's not what i asked for",
        "i disagree with the last point",
        "that price is unacceptable and i won't pay it",
        "it will not work on the old machines",
        "i'm not happy with this at all",
    ),
    "greeting": (
        "good morning this is the dental office how can i help",
        "hi there",
        "hello thanks for calling northwind energy my name is paul",
        "nice to meet you",
        "hello how are you today",
    ),
    "closing": (
        "okay bye",
        "thanks for your help have a good evening",
        "take care and see you on monday",
        "that's all thank you",
        "thank you for calling goodbye",
    ),
    "statement": (
        "my daughter has had a fever since sunday",
        "i live at twelve oak street in bristol",
        "the order number is five five two one",
        "no i don't have any allergies",
        "he said that what they did was wrong",
        "she was there when it happened",
        "i am thirty four years old",
        "the machine stopped working after the storm",
        "we have two offices in spain and one in italy",
        "my phone number is oh seven seven double four",
    ),
}
# Words that the rules know, so that random texts meet the rules.
KNOWN_WORDS = (
    "i will you please send call not no what is your name cancel my contract and so okay thank "
    "manager we decided to go with the price? goodbye. don't can't hold"
)
WORDS = st.sampled_from(KNOWN_WORDS.split())
TEXTS = st.one_of(st.text(max_size=120), st.lists(WORDS, max_size=40).map(" ".join))


def transcript_of(*texts: str) -> Transcript:
    return Transcript(
        "call",
        "en",
        tuple(
            Segment(id=number, start_s=number, end_s=number + 1, text=text, speaker_id="SPEAKER_00")
            for number, text in enumerate(texts)
        ),
    )


@pytest.mark.parametrize(
    ("intent", "text"), [(intent, text) for intent, texts in UTTERANCES.items() for text in texts]
)
def test_intents_are_found_by_wording(intent: str, text: str) -> None:
    """Each of the ten intents is told from the others without punctuation or capitals."""
    assert classify_intent(text) == intent


def test_every_intent_has_examples() -> None:
    """The examples above leave no intent out."""
    assert set(UTTERANCES) == set(INTENTS)


@given(TEXTS)
def test_any_text_is_annotated_the_same_twice(text: str) -> None:
    """Whatever is said gets a known intent, known risks, verbatim actions, and the same ones again."""
    annotator = KeywordSemanticAnnotator()
    once, again = annotator.annotate(transcript_of(text)), annotator.annotate(transcript_of(text))
    assert once == again
    semantic = once.segments[0].annotations["semantic"]
    assert semantic["intent"] in INTENTS
    assert set(semantic["risk_tags"]) <= set(RISK_TAGS)
    assert all(action["text"] in text for action in semantic["actions"])
    assert len(semantic["keywords"]) <= SemanticConfig().max_keywords
    json.dumps(once.to_json())


@given(TEXTS)
def test_mentions_are_where_they_say(text: str) -> None:
    """Every action, decision and risk is the text between the offsets that it names, in order."""
    mentions = [(action.start, action.end, action.text) for action in find_actions(text)]
    mentions += [(decision.start, decision.end, decision.text) for decision in find_decisions(text)]
    mentions += [(risk.start, risk.end, risk.text) for risk in find_risks(text)]
    assert all(text[start:end] == quoted for start, end, quoted in mentions)
    starts = [(action.start, action.end) for action in find_actions(text)]
    assert starts == sorted(starts)
    assert all(before[1] <= after[0] for before, after in pairwise(starts))


def test_annotation_keeps_what_was_there() -> None:
    """Annotating adds `semantic` and leaves text, times, speakers and other annotations alone."""
    segment = Segment(id=3, start_s=1.0, end_s=2.0, text="please call me back", annotations={"note": "kept"})
    (annotated,) = KeywordSemanticAnnotator().annotate(Transcript("f", "en", (segment,))).segments
    assert annotated.annotations["note"] == "kept"
    assert annotated.annotations["semantic"]["actions"] == [
        {"text": "please call me back", "speaker_id": None, "segment_ids": [3], "pattern": "please"}
    ]
    assert (annotated.id, annotated.text, annotated.start_s) == (3, segment.text, 1.0)
    assert segment.annotations == {"note": "kept"}


def test_parts_can_be_switched_off() -> None:
    """What the config switches off is absent, not empty."""
    config = SemanticConfig(enable_keywords=False, enable_risk_tags=False, enable_actions=False)
    (segment,) = KeywordSemanticAnnotator(config).annotate(transcript_of("hello there")).segments
    assert segment.annotations["semantic"] == {"intent": "greeting"}


def test_config_refuses_no_keywords() -> None:
    """A limit of no keywords is refused; switching keywords off is the way to say that."""
    with pytest.raises(ValueError, match="max_keywords"):
        SemanticConfig(max_keywords=0)


def test_keywords_are_the_words_that_carry_meaning() -> None:
    """Keywords are phrases of content words, without courtesies, function words or figures."""
    keywords = extract_keywords("hello i am calling because the washing machine leaks water since monday")
    assert "washing machine leaks" in keywords
    assert not {"hello", "calling", "because"} & set(" ".join(keywords).split())


def test_vocabulary_leads_the_keywords() -> None:
    """Words of the field are keywords wherever they are said, ahead of the rest."""
    annotator = KeywordSemanticAnnotator(SemanticConfig(vocabulary=("Plan B", "unsaid")))
    assert annotator.extract_keywords("the delivery truck with plan b is late")[0] == "plan b"


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("i want to speak to your supervisor right now", ["escalation"]),
        ("this is the third time i have called i am furious", ["escalation"]),
        ("i will cancel my subscription and switch to another provider", ["churn_risk"]),
        ("how much does the premium plan cost", ["pricing"]),
        ("i was overcharged and i am going to close my account", ["churn_risk", "pricing"]),
        ("i do not want to cancel my subscription", []),
        ("i never said i would file a complaint", []),
        ("no i want to cancel my contract", ["churn_risk"]),
        ("i need to cancel my appointment", []),
    ],
)
def test_risks_are_told_from_denials(text: str, tags: list[str]) -> None:
    """Signs of risk are found, and what somebody says they do not want is none."""
    assert KeywordSemanticAnnotator().risk_tags(text) == tags


def test_risk_phrases_of_an_operator() -> None:
    """An operator's phrases count for a built-in tag and for a tag of their own."""
    config = SemanticConfig(risk_phrases={"escalation": ("the press",), "safety": ("smells of gas",)})
    annotator = KeywordSemanticAnnotator(config)
    assert annotator.risk_tags("I'll go to the press: the kitchen smells of gas") == ["escalation", "safety"]


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        (
            "okay i will call the pharmacy this afternoon is there anything else",
            ["i will call the pharmacy this afternoon"],
        ),
        (
            "please bring your passport and we will send you a reminder thank you",
            ["please bring your passport", "we will send you a reminder"],
        ),
        ("I'll check. You need to sign the form.", ["I'll check", "You need to sign the form"]),
        ("i will be honest i know what it is", []),
        ("what will you do", []),
        ("we'll see", []),
    ],
)
def test_actions_end_where_their_clause_does(text: str, actions: list[str]) -> None:
    """Actions are quoted from their cue to the end of the clause, with and without punctuation."""
    assert [action.text for action in find_actions(text)] == actions


def test_denied_decisions_are_none() -> None:
    """What has not been decided is no decision."""
    assert find_decisions("we have not decided on a date yet") == ()
    assert [d.text for d in find_decisions("so we decided on the tenth of may")] == [
        "we decided on the tenth of may"
    ]
