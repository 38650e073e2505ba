"""What a reader may rely on: claims that finals keep, words that a forced cut does not take out of sight."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.streaming.simulation import Faults, Outcome, run, speak
from tests.transcription.streaming.test_core import PROPERTY
from tests.transcription.streaming.test_core_controls import asked, feed, heard
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, HypothesisSegment
from transcription.models import Word
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import DecodeRequest, FinalSegment, PartialSegment, StreamEvent


def shown(events: list[StreamEvent]) -> PartialSegment:
    [payload] = [event.payload for event in events]
    assert isinstance(payload, PartialSegment)
    return payload


def answer(core: StreamingCore, hypothesis: Hypothesis, request: DecodeRequest) -> PartialSegment:
    return shown(core.accept(request.id, hypothesis, 0.0))


def early_words(request: DecodeRequest) -> Hypothesis:
    """Two words in the window's first half second, a segment each."""
    at_s = request.start_sample / SAMPLE_RATE_HZ
    words = [Word("one", at_s, at_s + 0.2), Word("two", at_s + 0.2, at_s + 0.4)]
    return Hypothesis(
        tuple(HypothesisSegment(word.start_s, word.end_s, word.text, (word,)) for word in words)
    )


@PROPERTY
@given(
    st.lists(st.floats(0.15, 0.6), min_size=5, max_size=120),
    st.floats(0.0, 0.9),
    st.floats(0.0, 0.5),
    st.floats(0.0, 2.0),
    st.integers(0, 2**16),
)
def test_final_keeps_what_was_called_stable(
    lengths_s: list[float], unstable: float, pause_s: float, latency_s: float, seed: int
) -> None:
    """The text of a final starts with every stable text that its segment was ever shown with, over forced
    cuts too, where only the ends of windows are heard wrong."""
    spoken = speak(lengths_s, [pause_s if number % 7 == 6 else 0.0 for number in range(len(lengths_s))])
    faults = Faults(unstable=unstable, latency_s=lambda dice: dice.uniform(0.0, latency_s))
    outcome = run(spoken, faults=faults, seed=seed, config=StreamConfig(max_utterance_s=8.0))
    claims: dict[int, str] = {}
    for event in outcome.events:
        if isinstance(event.payload, PartialSegment):
            stable = event.payload.text[: event.payload.stable_chars]
            claims[event.payload.id] = max(claims.get(event.payload.id, ""), stable, key=len)
        elif isinstance(event.payload, FinalSegment):
            assert event.payload.text.startswith(claims.pop(event.payload.segment.id, ""))


def test_agreed_words_are_stable_once_enough_follows() -> None:
    """A word on which two answers agree is claimed half a second after its end, not before."""
    core = StreamingCore()
    feed(core, 16)
    at_once = asked(core)
    assert answer(core, early_words(at_once), at_once).stable_chars == 0
    feed(core, 10)
    later = asked(core)
    assert later.end_sample - later.start_sample >= 0.7 * SAMPLE_RATE_HZ
    assert answer(core, early_words(later), later).stable_chars == len("one")


def test_provisional_answers_claim_nothing() -> None:
    """Where finals come from another pass, agreement of partials is no promise, however much follows."""
    core = StreamingCore()
    for number in range(4):
        feed(core, 40)
        request = asked(core)
        hypothesis = replace(heard(request, f"one two three four{number}"), provisional=True)
        assert answer(core, hypothesis, request).stable_chars == 0


def test_settled_words_are_stable_at_once() -> None:
    """What the engine says that it will not change is promised without waiting for agreement."""
    core = StreamingCore()
    feed(core, 40)
    request = asked(core)
    hypothesis = replace(heard(request, "one two three four"), provisional=True, settled=2)
    assert answer(core, hypothesis, request).stable_chars == len("one two")


@pytest.mark.parametrize("figures", [{"avg_logprob": -1.3}, {"compression_ratio": 2.8}])
def test_unsure_partial_is_shown_and_promises_nothing(figures: dict[str, float]) -> None:
    """From a segment on that Whisper's decoder would try again, words are shown and agree with nothing."""
    core = StreamingCore()
    feed(core, 20)
    first = asked(core)
    core.accept(first.id, early_words(first), 0.0)
    feed(core, 40)
    request = asked(core)
    one, two = early_words(request).segments
    partial = answer(core, Hypothesis((one, replace(two, **figures))), request)  # type: ignore[arg-type]
    assert partial.text == "one two"
    assert partial.stable_chars == len("one")


def test_loop_never_reaches_agreement() -> None:
    """Two answers that loop alike agree on the first turn of the loop at most."""
    core = StreamingCore()
    for _ in range(2):
        feed(core, 60)
        request = asked(core)
        partial = answer(core, heard(request, "well " + "thanks for watching " * 8), request)
    assert partial.text == "well thanks for watching"


def visible(outcome: Outcome) -> list[tuple[float, str]]:
    """The whole document as a reader sees it after each moment's events."""
    texts: dict[int, str] = {}
    views: list[tuple[float, str]] = []
    for at_s, event in zip(outcome.at_s, outcome.events, strict=True):
        if isinstance(event.payload, PartialSegment | FinalSegment):
            texts[event.segment.id] = event.segment.text
            view = " ".join(text for _, text in sorted(texts.items()) if text)
            if views and views[-1][0] == at_s:
                views.pop()
            views.append((at_s, view))
    return views


@pytest.mark.parametrize("seed", range(5))
def test_forced_cut_takes_nothing_out_of_sight(seed: int) -> None:
    """Where windows are heard right, the document only ever grows, over forced cuts too."""
    dice = random.Random(seed)
    spoken = speak([dice.uniform(0.15, 0.6) for _ in range(150)], [0.0] * 150)
    outcome = run(spoken, seed=seed, faults=Faults(latency_s=lambda dice: dice.uniform(0.3, 0.8)))
    assert len(outcome.finals) >= 3
    before: list[str] = []
    for _, view in visible(outcome):
        words = [word for word in view.split() if not word.startswith("cut-")]
        assert words[: len(before)] == before
        before = words


def test_words_heard_behind_a_cut_need_no_decode_to_be_shown() -> None:
    """The final of a cut utterance and the first partial of the next one come in one call."""
    spoken = speak([0.4] * 60, [0.0] * 60)
    outcome = run(spoken)
    first = next(n for n, event in enumerate(outcome.events) if isinstance(event.payload, FinalSegment))
    following = outcome.events[first + 1]
    assert isinstance(following.payload, PartialSegment)
    assert following.request_id == outcome.events[first].request_id
    assert following.payload.id == 1


def test_probable_words_are_claimed_after_one_answer() -> None:
    """With a commit probability, words that reach it need no second answer, up to the first that does not."""
    probabilities = {"one": 0.95, "two": 0.9, "three": 0.5, "four": 0.95}
    claims = []
    for least in (0.0, 0.8):
        core = StreamingCore(StreamConfig(commit_probability=least))
        feed(core, 90)
        request = asked(core)
        hypothesis = heard(request, "one two three four five six")
        [segment] = hypothesis.segments
        words = tuple(replace(w, probability=probabilities.get(w.text)) for w in segment.words)
        partial = answer(core, replace(hypothesis, segments=(replace(segment, words=words),)), request)
        claims.append(partial.text[: partial.stable_chars])
    assert claims == ["", "one two"]
