"""The seventeen quality sub-metrics, and the words that they rest on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.analysis import calls
from tests.transcription.analysis.calls import talk_of
from transcription.analysis.base import Quality, Talk, to_json
from transcription.analysis.quality import GROUPS, LABELS
from transcription.analysis.quality.embedded import EmbeddedQuality
from transcription.errors import EngineUnavailable
from transcription.models import Segment, Turn, Word

ENGINE = EmbeddedQuality()
ENGINE.load()
WORDS = "um i please hold on thank you for calling sorry bye will send what is"
ORDER = [name for names in GROUPS.values() for name in names]


def predictions(quality: Quality) -> dict[str, bool | None]:
    return {metric.submetric: metric.prediction for group in quality.groups.values() for metric in group}


def marks(talk: Talk) -> str:
    return "".join(metric.score for group in ENGINE.evaluate(talk).groups.values() for metric in group)


# One mark per sub-metric: opening | listening | proactiveness | resolution | hold | closing.
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (calls.HELPLINE, "✓ ✓✓✓✓✓ ✓✗– –✓–✓✓ –– ✓"),
        (calls.CLINIC, "✓ ✓✓✓✓✓ ✓✓– –✓–✓– –– ✓"),
        (calls.BILLING, "✗ ✗✗✗✗✗ ✗✗✗ ✗✓✗–– ✗✗ ✗"),
        (calls.TRAVEL, "✓ ✓✓✗✓✓ ✓✓✓ –✓✓✓✓ ✓✓ ✓"),
        (calls.EMERGENCY, "✓ ✓✓✗✓✓ ✗✗– –✓––✓ –– ✗"),
        (calls.NEIGHBOUR, "✓ ✓✓✓✗✓ ✓✓– –✓–✓– –– ✓"),
        (calls.REFILL, "✓ ✓–✗✓✓ ✓✗– –✓✓✓– –– ✓"),
        (calls.CARD, "✗ ✓✗✗✗✓ ✗✗✗ –✓––✗ ✗✗ ✓"),
    ],
)
def test_calls_are_judged_as_a_listener_would(script: str, expected: str) -> None:
    """Eight calls, good and bad, get the marks that somebody reading them gives."""
    assert marks(talk_of(script)) == expected.replace(" ", "")


def test_the_seventeen_are_all_there() -> None:
    """Groups, counts and labels are those of the contract, and scores follow predictions."""
    output = to_json(ENGINE.evaluate(talk_of(calls.CLINIC)))
    assert [(group, len(metrics)) for group, metrics in output.items()] == [
        ("opening", 1),
        ("listening", 5),
        ("proactiveness", 3),
        ("resolution", 5),
        ("hold", 2),
        ("closing", 1),
    ]
    assert set(LABELS) == set(ORDER)
    assert output["opening"][0]["score"] == "✓"
    assert output["hold"][0] == {
        "submetric": "explains_before_hold",
        "prediction": None,
        "probability": None,
        "evidence": (),
        "score": "–",
    }


@pytest.mark.parametrize("script", [calls.HELPLINE, calls.BILLING, calls.TRAVEL, calls.CARD, calls.MEETING])
def test_evidence_is_verbatim_and_timed(script: str) -> None:
    """Every quote stands in the segment that it names and lies within its times."""
    talk = talk_of(script)
    segments = {segment.id: segment for segment in talk.segments}
    for group in ENGINE.evaluate(talk).groups.values():
        for evidence in (item for metric in group for item in metric.evidence):
            segment = segments[evidence.segment_id]
            assert evidence.quote in segment.text
            assert round(segment.start_s, 3) <= evidence.start <= evidence.end <= round(segment.end_s, 3)


def test_quotes_take_the_times_of_their_words() -> None:
    """Where words have times, a quote starts with its first word and ends with its last."""
    text = "good day to you is there anything else"
    words = tuple(Word(word, float(number), number + 0.5) for number, word in enumerate(text.split()))
    segments = (
        Segment(id=0, start_s=0.0, end_s=8.0, text=text, speaker_id="SPEAKER_00", words=words),
        Segment(id=1, start_s=8.0, end_s=9.0, text="no", speaker_id="SPEAKER_01"),
    )
    quality = ENGINE.evaluate(Talk(segments, "en", 9.0, (), "SPEAKER_00"))
    (evidence,) = quality.groups["proactiveness"][0].evidence
    assert (evidence.quote, evidence.start, evidence.end) == ("anything else", 6.0, 7.5)


def test_no_roles_no_blame() -> None:
    """Where nobody can be told to be the agent, courtesies may be the caller's and are not judged."""
    talk = talk_of("A: thank you\nB: please go on\nA: goodbye", agent=None)
    judged = predictions(ENGINE.evaluate(talk))
    assert judged["says_please_and_thank_you"] is None
    assert judged["does_not_interrupt"] is None
    assert judged["offers_further_help"] is False


def test_speech_of_unknown_speakers_still_opens_a_call() -> None:
    """A phrase that only agents say counts without speakers."""
    talk = talk_of("A: thank you for calling the clinic how can i help\nA: i need a doctor")
    nameless = replace(
        talk,
        segments=tuple(replace(segment, speaker_id=None) for segment in talk.segments),
        turns=(),
        agent_speaker_id=None,
    )
    assert predictions(ENGINE.evaluate(nameless))["uses_opening_phrase"] is True


@pytest.mark.parametrize(
    ("agent_start_s", "agent_end_s", "expected"),
    [(3.0, 6.0, False), (3.0, 3.6, True), (4.8, 8.0, True), (5.2, 8.0, True)],
    ids=["cuts in", "backchannel", "latches on", "waits"],
)
def test_interruptions_come_from_turn_times(agent_start_s: float, agent_end_s: float, expected: bool) -> None:
    """Cutting in well before the end with a turn of substance interrupts; a "mm" and latching do not."""
    segments = (
        Segment(id=0, start_s=0.0, end_s=5.0, text="my order never came and", speaker_id="C"),
        Segment(
            id=1, start_s=agent_start_s, end_s=agent_end_s, text="what is your order number", speaker_id="A"
        ),
    )
    turns = (Turn("C", 0.0, 5.0), Turn("A", agent_start_s, agent_end_s))
    assert (
        predictions(ENGINE.evaluate(Talk(segments, "en", 9.0, turns, "A")))["does_not_interrupt"] is expected
    )


def test_other_languages_are_not_judged() -> None:
    """English rules say nothing of a call in another language."""
    talk = replace(talk_of("A: guten tag\nB: hallo"), language="de")
    assert set(predictions(ENGINE.evaluate(talk)).values()) == {None}


def test_an_empty_talk_is_not_judged() -> None:
    """Nothing said, nothing predicted."""
    assert set(predictions(ENGINE.evaluate(Talk((), "en", 0.0))).values()) == {None}


@given(
    st.lists(
        st.tuples(
            st.sampled_from("AB"),
            st.lists(
                st.sampled_from(WORDS.split()),
                min_size=1,
                max_size=12,
            ),
        ),
        max_size=8,
    )
)
def test_any_talk_gets_seventeen_verdicts_without_probabilities(lines: list[tuple[str, list[str]]]) -> None:
    """Whatever is said there are seventeen verdicts, no invented probability, and evidence for every ✗."""
    talk = talk_of("\n".join(f"{who}: {' '.join(words)}" for who, words in lines))
    quality = ENGINE.evaluate(talk)
    metrics = [metric for group in quality.groups.values() for metric in group]
    assert [metric.submetric for metric in metrics] == ORDER
    assert all(metric.probability is None for metric in metrics)
    assert all(metric.evidence for metric in metrics if metric.prediction is False)
    assert quality == ENGINE.evaluate(talk)


OTHER_WORDS = """
A: afternoon river street dental you have got joyce what can i sort out for you
B: well a crown fell out while i was eating toast and i am petrified of having it put back i shook all night
A: goodness you must have had a dreadful night of it
A: as i take it the crown came out over your toast and having it put back frightens you
B: you have
A: could i take your surname please
B: it is whitcombe
B: would sedation be covered by my plan
A: that is beyond me i am going to run it past the head nurse
B: all right
A: give me two ticks while i dig out your chart from the back office
B: okay
A: much obliged for hanging on there
A: i have reserved you a slot on friday at noon and the dentist numbs the gum first because that way the \
glue can set without hurting you
B: ah now it makes sense to me thank you
A: are you comfortable with doing it like that
B: i am
A: is there some other thing you would like us to see to
B: no
A: all the best then and mind yourself
"""


@pytest.mark.parametrize(
    "submetric",
    [
        "uses_opening_phrase",
        "shows_empathy",
        "paraphrases_issue",
        "offers_further_help",
        "confirms_satisfaction",
        "consults_when_unsure",
        "follows_correct_steps",
        "explains_before_hold",
        "thanks_for_holding",
        "uses_closing_phrase",
    ],
)
def test_acts_count_in_other_words(submetric: str) -> None:
    """What an agent does is recognised by its meaning where no phrase of the rules was said."""
    assert predictions(ENGINE.evaluate(talk_of(OTHER_WORDS)))[submetric] is True


@pytest.mark.parametrize(
    ("submetric", "line"),
    [
        ("uses_correct_language", "i have told you twice now are you even listening to me at all"),
        ("gives_accurate_information", "i misled you about the fee a minute ago i am sorry"),
    ],
)
def test_faults_count_in_other_words(submetric: str, line: str) -> None:
    """So are rudeness and taking something back, and the words are quoted."""
    talk = talk_of(f"{calls.CLINIC}A: {line}")
    (metric,) = (
        metric
        for group in ENGINE.evaluate(talk).groups.values()
        for metric in group
        if metric.submetric == submetric
    )
    assert metric.prediction is False
    assert metric.evidence[0].quote in line


def test_small_talk_shows_nothing() -> None:
    """Lines that are no act of service leave what has no occasion unjudged."""
    talk = talk_of(
        "A: it has been snowing here since breakfast\nB: our dog loves it he rolls about like a puppy\n"
        "A: mine hides under the sofa\nB: my brother has a parrot that sings"
    )
    judged = predictions(ENGINE.evaluate(talk))
    held = ("explains_before_hold", "thanks_for_holding")
    others = (
        "shows_empathy",
        "gives_accurate_information",
        "consults_when_unsure",
        "follows_up_earlier_cases",
    )
    assert {judged[name] for name in (*held, *others)} == {None}


def test_a_caller_who_is_away_for_a_moment_was_not_put_on_hold() -> None:
    """`No problem`, said to who went to the door, thanks for no hold."""
    talk = talk_of(
        "A: good morning river clinic how can i help\nB: hello i'd like to come in about my knee\n"
        "A: of course what is your name\nB: hang on there's someone at the door no just a parcel\n"
        "A: no problem\nB: it's ann jones"
    )
    judged = predictions(ENGINE.evaluate(talk))
    assert {judged[name] for name in ("explains_before_hold", "thanks_for_holding")} == {None}


def test_remarks_in_passing_are_no_occasion() -> None:
    """A dog's fear wants no empathy, and an exclamation is not rude."""
    talk = talk_of(
        "A: good morning river clinic how can i help you today\nB: hello i'd like to come in about my knee\n"
        "A: of course i can look for an appointment on friday\nB: sorry that's the dog barking at the sheep\n"
        "A: is he any use\nB: he's afraid of them\nA: ah stop"
    )
    judged = predictions(ENGINE.evaluate(talk))
    assert judged["shows_empathy"] is None
    assert judged["uses_correct_language"] is True


def test_fillers_hide_no_act() -> None:
    """An agent who hesitates offers further help all the same."""
    script = "A: um is there some um other thing um you would like us um to see to\nB: no"
    assert predictions(ENGINE.evaluate(talk_of(script)))["offers_further_help"] is True


def test_who_serves_is_heard_from_what_is_said() -> None:
    """Where no phrase tells who the agent is, the side that talks as agents do is taken."""
    judged = predictions(ENGINE.evaluate(talk_of(OTHER_WORDS, agent=None)))
    assert judged["shows_empathy"] is True


def test_without_weights_the_engine_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading says that the encoder's weights are missing."""

    def missing() -> None:
        raise EngineUnavailable("embedded", "the sentence encoder's weights are not installed", hint="")

    monkeypatch.setattr("transcription.analysis.quality.embedded.sentence_encoder", missing)
    with pytest.raises(EngineUnavailable):
        EmbeddedQuality().load()
