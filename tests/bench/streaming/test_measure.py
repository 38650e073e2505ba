"""What is counted as doubled, lost, changed and late; and what curves and intervals say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.streaming.conversations import Conversation
from bench.streaming.curves import Curve, bootstrap, everything, pooled
from bench.streaming.measure import Outcome, doubled, outcome, stability
from bench.streaming.simulate import Work
from bench.words import Shown, TrueWord, shown_for_good

TRUTH = ["we", "went", "to", "the", "old", "market", "on", "monday", "because", "it", "was", "cold"]


def message(at_s: float, text: str, *, segment: int = 0, final: bool = False, stable: int = 0) -> Shown:
    return Shown(at_s, segment, text, final, 0.0, 1.0, stable_chars=stable)


def made(latency_s: float, *, work: float = 10.0, errors: int = 0) -> Outcome:
    return Outcome(
        words=10, errors=errors, baseline_errors=0, doubled=0, lost_at_cuts=0, lost=0, last_expected=5,
        last_there=5, stable_chars=10, stable_changed=0, stable_moved=0, latencies_s=(latency_s,),
        audio_s=10.0, work_s=work, engine_s=1.0, decodes=1, losses=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("heard", "count"),
    [
        (TRUTH, 0),
        ([*TRUTH[:4], *TRUTH[2:]], 2),  # "to the" twice
        ([*TRUTH[:6], "market", *TRUTH[6:]], 1),
        ([*TRUTH[:6], "again", *TRUTH[6:]], 0),
        (TRUTH[1:], 0),
    ],
)
def test_doubled(heard: list[str], count: int) -> None:
    """Words put in beside the same words are doubled ones; other words put in are not."""
    assert doubled(TRUTH, heard) == count


def test_lost_at_a_cut_and_elsewhere() -> None:
    """A word that the engine could hear and the finals lack is lost; at a cut where one is near. The last
    five words are looked for by themselves."""
    words = tuple(TrueWord(text, 0.5 * i, 0.5 * i + 0.4) for i, text in enumerate(TRUTH))
    conversation = Conversation(np.zeros(16_000 * 7, np.float32), words, ((0.0, 6.0),))
    heard = [word for word in TRUTH if word not in {"old", "was"}]
    measured = outcome(conversation, [message(7.0, " ".join(heard), final=True)], [2.2], Work(), TRUTH)
    assert (measured.lost, measured.lost_at_cuts, measured.errors) == (2, 1, 2)
    assert (measured.last_there, measured.last_expected) == (4, 5)
    deaf = outcome(conversation, [message(7.0, " ".join(heard), final=True)], [2.2], Work(), heard)
    assert deaf.lost == 0


def test_stability_by_what_the_final_says() -> None:
    """A stable word that the final lacks is changed; one that stands in the next segment has moved."""
    shown = [
        message(1.0, "good mourning all", stable=len("good mourning")),
        message(2.0, "good morning", final=True),
        message(3.0, "we met here", segment=1, stable=len("we met here")),
        message(4.0, "we met", segment=1, final=True),
        message(5.0, "here", segment=2, final=True),
    ]
    assert stability(shown) == (len("good mourning") + len("we met here"), len("mourning"), len("here"))


def test_a_word_counts_from_when_it_stayed() -> None:
    """A word that went and came again counts from then; words behind one that changed have stayed."""
    shown = [
        message(1.0, "good"),
        message(2.0, "could morning"),
        message(3.0, "good morning"),
        message(4.0, "good morning", final=True),
    ]
    assert shown_for_good(shown) == [("good", 3.0), ("morning", 2.0)]


def test_a_word_may_move_to_the_next_segment() -> None:
    """What stands in the next segment at the same moment has stayed for a reader; later it has not."""
    partial = [message(1.0, "good morning we met")]
    final = message(2.0, "good morning", final=True)
    following = [message(2.0, "we met", segment=1), message(3.0, "we met", segment=1, final=True)]
    at_once = [*partial, final, *following]
    assert shown_for_good(at_once) == [("good", 1.0), ("morning", 1.0), ("we", 1.0), ("met", 1.0)]
    later = [*partial, final, message(2.5, "we met", segment=1, final=True)]
    assert shown_for_good(later)[2:] == [("we", 2.5), ("met", 2.5)]


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=5), min_size=1, max_size=6))
def test_no_word_stays_before_it_was_shown(texts: list[list[str]]) -> None:
    """Whatever was shown, each word of the final has a time at which that word was indeed there."""
    shown = [message(float(at), " ".join(words)) for at, words in enumerate(texts)]
    shown.append(message(float(len(texts)), " ".join(texts[-1]), final=True))
    settled = shown_for_good(shown)
    assert [word for word, _ in settled] == texts[-1]
    for word, since_s in settled:
        assert all(word in later.words for later in shown if later.at_s >= since_s)


def test_curves_are_read_between_their_points() -> None:
    """Latency at a work between two points lies between theirs, and so the other way round; beyond the
    curve's ends the end stands, and less work than was measured is not known."""
    curve = Curve({2.0: [made(3.0, work=20.0)], 1.0: [made(1.0, work=40.0)]})
    whole = everything(1)
    assert curve.points(whole) == [(2.0, 3.0), (4.0, 1.0)]
    assert curve.latency_at(3.0, whole) == pytest.approx(2.0)
    assert curve.latency_at(9.0, whole) == pytest.approx(1.0)
    assert np.isnan(curve.latency_at(1.0, whole))
    assert curve.work_at(2.0, whole) == pytest.approx(3.0)
    assert curve.work_at(5.0, whole) == pytest.approx(2.0)
    assert np.isnan(curve.work_at(0.5, whole))


def test_the_bootstrap_is_paired() -> None:
    """A difference that is the same in every conversation has an interval of no width, however much the
    conversations differ among themselves."""
    ours = pooled([made(1.0, errors=n) for n in range(8)], lambda o: o.errors, lambda o: o.words)
    other = pooled([made(1.0, errors=n + 2) for n in range(8)], lambda o: o.errors, lambda o: o.words)
    low, high = bootstrap(lambda picked: other(picked) - ours(picked), 8, seed=1)
    assert [low, high] == pytest.approx([0.2, 0.2])
    low, high = bootstrap(ours, 8, seed=1)
    assert low < ours(everything(8)) < high
