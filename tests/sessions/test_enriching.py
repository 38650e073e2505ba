"""The state rules of the segment stream beyond segments, each by name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.aside import Aside
from sessions.enriching import SNAPSHOT_GAP_PER_TURN_S, Enriching, Helpers
from sessions.outbox import Close, Outbox
from sessions.protocols.base import Analysed, Insight, TurnUpdated
from tests.sessions.test_limits import drain, numbers
from transcription.analysis.diarization.online import can_embed, voice_of
from transcription.engines.base import Samples
from transcription.models import Segment, join_text
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import FinalSegment, PartialSegment, StreamEvent, StreamEventType
from transcription.streaming.turns import StreamTurn

ALL = StreamConfig(enable_diarization=True, enable_analytics=True, enable_semantics=True)
A, B = "CHANNEL_0", "CHANNEL_1"
SAYINGS = ("hello", "what is the price", "I will send the invoice tomorrow.", "we decided to wait", "no")


@dataclass
class Told:
    """A session's enrichment and what it has said; a FinalSegment stands for its notice."""

    config: StreamConfig = ALL
    said: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.enriching = Enriching(StreamingCore(self.config), say=self.said.append)

    def hear(self, segments: Iterable[Segment]) -> None:
        for segment in segments:
            event = StreamEvent(StreamEventType.FINAL_SEGMENT, segment.id, FinalSegment(segment, 0, 0))
            final, further = self.enriching.follow(event)
            self.said.append(final)
            self.enriching.tell(final.segment, further)

    @property
    def turns(self) -> list[StreamTurn]:
        return [notice.turn for notice in self.said if isinstance(notice, TurnUpdated)]


@st.composite
def talks(draw: st.DrawFn) -> list[Segment]:
    at_s, segments = 0.0, []
    for number in range(draw(st.integers(0, 20))):
        start_s = at_s + draw(st.sampled_from([0.0, 0.3, 2.0]))
        at_s = start_s + draw(st.sampled_from([0.2, 1.0, 6.0]))
        speaker = draw(st.sampled_from([A, B, None]))
        text = draw(st.sampled_from(SAYINGS))
        segments.append(Segment(number, start_s, at_s, text, speaker, language="en"))
    return segments


def latest(turns: Iterable[StreamTurn]) -> dict[int, StreamTurn]:
    state: dict[int, StreamTurn] = {}
    for turn in turns:
        if turn.id not in state or turn.revision > state[turn.id].revision:
            state[turn.id] = turn
    return state


@given(talks())
def test_a_turn_is_final_when_the_segments_around_it_are_and_no_boundary_is_pending(
    talk: list[Segment],
) -> None:
    """Told final, a turn has only segments told final before, and so has the one that ended it; the last
    stays partial until the end."""
    told = Told()
    told.hear(talk)
    finals_before: set[int] = set()
    for notice in told.said:
        if isinstance(notice, FinalSegment):
            finals_before.add(notice.segment.id)
        elif isinstance(notice, TurnUpdated) and not notice.turn.partial:
            assert set(notice.turn.segment_ids) | {notice.turn.segment_ids[-1] + 1} <= finals_before
    assert [turn.partial for turn in latest(told.turns).values()].count(True) == (1 if talk else 0)
    asyncio.run(told.enriching.end())
    assert not any(turn.partial for turn in latest(told.turns).values())


@given(talks())
def test_figures_are_final_when_the_turns_are(talk: list[Segment]) -> None:
    """One snapshot is final: the last, of turns that are all final and were told as they stand in it."""
    told = Told()
    told.hear(talk)
    asyncio.run(told.enriching.end())
    snapshots = [notice.snapshot for notice in told.said if isinstance(notice, Analysed)]
    assert [s.turns_final for s in snapshots] == [*[False] * (len(snapshots) - 1), True][: len(snapshots)]
    if talk:
        assert snapshots[-1].turns == tuple(latest(told.turns).values())
        assert {s.speaker_id for s in snapshots[-1].speakers} == {s.speaker_id for s in talk}


@given(talks())
def test_meaning_is_final_with_the_segment(talk: list[Segment]) -> None:
    """Annotations come with the final itself and point at it: a segment is the chunk that has closed."""
    told = Told()
    told.hear(talk)
    finals = [notice for notice in told.said if isinstance(notice, FinalSegment)]
    assert [replace(final.segment, annotations={}) for final in finals] == talk
    for final in finals:
        semantic = final.segment.annotations["semantic"]
        assert set(semantic) == {"keywords", "intent", "risk_tags", "actions"}
        assert all(action["segment_ids"] == [final.segment.id] for action in semantic["actions"])


@given(talks(), st.data())
def test_id_and_revision_are_idempotent(talk: list[Segment], data: st.DataObject) -> None:
    """Turns twice, in any order and without any of the partial ones give the same turns; a revision grows by
    one, and no text is lost or doubled."""
    told = Told()
    told.hear(talk)
    asyncio.run(told.enriching.end())
    whole = latest(told.turns)
    kept = [turn for turn in told.turns if not turn.partial or data.draw(st.booleans())]
    assert latest(data.draw(st.permutations([*kept, *kept]))) == whole
    for number in whole:
        revisions = [turn.revision for turn in told.turns if turn.id == number]
        assert revisions == list(range(len(revisions)))
    assert [i for turn in whole.values() for i in turn.segment_ids] == [segment.id for segment in talk]
    assert join_text(t.text for t in whole.values()) == join_text(s.text for s in talk)


@given(talks(), st.data())
def test_finals_fed_again_rebuild_it(talk: list[Segment], data: st.DataObject) -> None:
    """Another process that is given the finals says the same from there on, and nothing of before."""
    first = Told()
    cut = data.draw(st.integers(0, len(talk)))
    first.hear(talk[:cut])
    again = Told()
    again.enriching.recall(talk[:cut])
    assert again.said == []
    from_here = len(first.turns)
    for told in (first, again):
        told.hear(talk[cut:])
        asyncio.run(told.enriching.end())
    assert again.turns == first.turns[from_here:]
    assert again.enriching.num_turns == first.enriching.num_turns


def test_snapshots_do_not_grow_past_their_rate() -> None:
    """However many turns there are, those said a second hold no more than 1 ÷ SNAPSHOT_GAP_PER_TURN_S."""
    told = Told()
    told.hear(Segment(i, i * 0.5, i * 0.5 + 0.4, "no", (A, B)[i % 2], language="en") for i in range(400))
    repeated = sum(len(notice.snapshot.turns) for notice in told.said if isinstance(notice, Analysed))
    assert repeated <= 200 / SNAPSHOT_GAP_PER_TURN_S + 400


def test_what_was_not_asked_for_is_not_there() -> None:
    """Without features: no turns, no figures, no annotations, and nobody claims that there were none."""
    told = Told(StreamConfig())
    told.hear([Segment(0, 0.0, 1.0, "what is the price", A, language="en")])
    asyncio.run(told.enriching.end())
    [final] = told.said
    assert isinstance(final, FinalSegment)
    assert final.segment.annotations == {}
    assert told.enriching.num_turns is None


def test_rules_that_read_english_read_nothing_else() -> None:
    """A final in another language has no annotations and no intent."""
    told = Told(StreamConfig(enable_semantics=True))
    told.hear([Segment(0, 0.0, 1.0, "was kostet das", language="de")])
    assert not any(isinstance(notice, Insight) for notice in told.said)


def test_partial_events_have_no_place_here() -> None:
    """What is not final is nobody's turn."""
    event = StreamEvent(StreamEventType.PARTIAL_SEGMENT, 0, PartialSegment(0, 0.0, 1.0, "a", 0))
    with pytest.raises(TypeError):
        Told().enriching.follow(event)


async def test_partial_turns_and_figures_give_way_in_the_outbox() -> None:
    """Of a turn and of the figures only the latest waits for a slow reader; final ones are all there."""
    told, box = Told(), Outbox(number=numbers())
    told.hear(Segment(i, i * 1.0, i + 0.9, "no", (A, B)[i // 4 % 2], language="en") for i in range(12))
    await told.enriching.end()
    notices = [notice for notice in told.said if isinstance(notice, (TurnUpdated, Analysed))]
    for notice in notices:
        box.put(notice)
    kept = [item for item in await drain(box) if not isinstance(item, Close)]
    assert [item.turn for item in kept if isinstance(item, TurnUpdated)] == [
        turn for turn in told.turns if not turn.partial
    ]
    assert [item.snapshot.turns_final for item in kept if isinstance(item, Analysed)] == [True]
    assert box.take_coalesced() == len(notices) - len(kept)


def heard(enriching: Enriching, segment: Segment, samples: Samples) -> None:
    event = StreamEvent(StreamEventType.FINAL_SEGMENT, segment.id, FinalSegment(segment, 0, 0))
    final, further = enriching.follow(event)
    enriching.tell(final.segment, further, samples)


async def test_a_turn_waits_for_its_speaker() -> None:
    """Where voices have to be told apart no turn comes with a final; what could not be told is nobody's, and
    is told at the end."""
    said: list[Any] = []
    no_voices = Aside("voices", most_waiting=0)
    helpers = Helpers(insights=Aside("insights", most_waiting=1), voices=no_voices)
    config = StreamConfig(enable_diarization=True, enable_analytics=True)
    enriching = Enriching(StreamingCore(config), say=said.append, helpers=helpers)
    for number in range(3):
        segment = Segment(number, number * 1.0, number + 0.9, "hello", language="en")
        heard(enriching, segment, np.zeros(16_000, np.float32))
        assert said == []
    await enriching.end()
    turns = [notice.turn for notice in said if isinstance(notice, TurnUpdated)]
    assert (turns[-1].segment_ids, turns[-1].speaker_id, turns[-1].partial) == ((0, 1, 2), None, False)
    assert helpers.voices.left_out == 3


@pytest.mark.skipif(not can_embed(), reason="the weights' carrier is not installed")
async def test_voices_name_turns() -> None:
    """Two finals of one sound are one speaker's turn, and their rows say whose they are."""
    said: list[Any] = []
    rows: list[tuple[int, str]] = []

    async def name_row(number: int, speaker_id: str) -> None:
        rows.append((number, speaker_id))

    helpers = Helpers(insights=Aside("insights", most_waiting=1), voices=Aside("voices", most_waiting=9))
    hum = np.sin(np.cumsum(0.05 + 0.02 * np.sin(np.arange(32_000) / 900))).astype(np.float32)
    await helpers.voices.run(voice_of, hum)  # the child is up
    config = StreamConfig(enable_diarization=True)
    enriching = Enriching(StreamingCore(config), say=said.append, helpers=helpers, name_row=name_row)
    for number in range(2):
        heard(enriching, Segment(number, number * 3.0, number * 3.0 + 2.0, "hello", language="en"), hum)
    await enriching.end()
    helpers.close()
    assert [(n.turn.speaker_id, n.turn.segment_ids, n.turn.partial) for n in said] == [
        ("SPEAKER_00", (0,), True),
        ("SPEAKER_00", (0, 1), True),
        ("SPEAKER_00", (0, 1), False),
    ]
    assert rows == [(0, "SPEAKER_00"), (1, "SPEAKER_00")]
