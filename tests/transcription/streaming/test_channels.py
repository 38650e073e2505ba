"""Two channels as one session: both talks whole, none in the other, in one order, whatever is lost."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transcription.streaming.simulation import Engine, Faults, Spoken, speak
from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.streaming.channels import ChannelCores
from transcription.streaming.config import StreamConfig
from transcription.streaming.events import (
    DecodeRequest,
    FinalSegment,
    PartialSegment,
    StreamEvent,
    StreamEventType,
)
from transcription.streaming.start import StartAt

SPEAKERS = ("CHANNEL_0", "CHANNEL_1")


def side(channel: int, lengths_s: list[float], pauses_s: list[float], lead_s: float) -> Spoken:
    """A talk whose words nobody says in the other channel."""
    spoken = speak(lengths_s, pauses_s, lead_s=lead_s, tail_s=1.0)
    return replace(spoken, words=tuple(replace(w, text=f"c{channel}{w.text}") for w in spoken.words))


@st.composite
def sides(draw: st.DrawFn, channel: int) -> Spoken:
    count = draw(st.integers(0, 12))
    lengths = draw(st.lists(st.sampled_from([0.2, 0.4, 0.7]), min_size=count, max_size=count))
    pauses = draw(st.lists(st.sampled_from([0.0, 0.1, 0.9, 2.5]), min_size=count, max_size=count))
    return side(channel, lengths, pauses, draw(st.sampled_from([0.3, 0.4, 1.1, 3.0])))


@dataclass
class Call:
    """Both sides through one session, at the speed of speech; an answer comes a step later, or never."""

    talks: tuple[Spoken, Spoken]
    config: StreamConfig = field(default_factory=StreamConfig)
    lost: float = 0.0
    seed: int = 0
    step_s: float = 0.1
    steps: dict[int, str] = field(default_factory=dict)
    cores: ChannelCores | None = None

    def __post_init__(self) -> None:
        self.events: list[StreamEvent] = []
        self.requests: list[DecodeRequest] = []
        self._dice = random.Random(self.seed)
        self._engines = [Engine(talk, Faults(), self._dice) for talk in self.talks]
        self._flight: DecodeRequest | None = None

    def run(self) -> Call:
        cores = self.cores or ChannelCores(self.config)
        duration_s = max(talk.duration_s for talk in self.talks)
        whole = [replace(talk, duration_s=duration_s) for talk in self.talks]
        samples = np.stack([talk.samples() for talk in whole], axis=1)
        speech = [talk.probabilities() for talk in whole]
        step, judged, now_s = int(self.step_s * SAMPLE_RATE_HZ), 0, 0.0
        for number, at in enumerate(range(0, len(samples), step)):
            piece = samples[at : at + step]
            now_s = (at + len(piece)) / SAMPLE_RATE_HZ
            self._answer(cores, now_s)
            self.events += cores.push_audio(piece, now_s)
            frames = (at + len(piece)) // FRAME_SAMPLES
            self.events += cores.push_speech([one[judged:frames] for one in speech], now_s)
            judged = frames
            if number in self.steps:
                self.events += getattr(cores, self.steps[number])(now_s)
            self._ask(cores, now_s)
        self.events += cores.finish(now_s)
        for _ in range(10_000):
            if cores.done:
                return self
            now_s = max(now_s + self.step_s, cores.idle_until_s or 0.0)
            self._answer(cores, now_s)
            self._ask(cores, now_s)
        raise AssertionError("the cores are never done")

    def _ask(self, cores: ChannelCores, now_s: float) -> None:
        if request := cores.next_decode(now_s):
            assert cores.next_decode(now_s) is None, "one in flight"
            assert len(cores.window(request)) == request.end_sample - request.start_sample
            self._flight = request
            self.requests.append(request)

    def _answer(self, cores: ChannelCores, now_s: float) -> None:
        request, self._flight = self._flight, None
        if request is None:
            return
        if self._dice.random() < self.lost:
            self.events += cores.decode_lost(request.id, now_s)
            return
        heard = self._engines[cores.channel_of(request)].hear(request)
        self.events += cores.accept(request.id, heard, now_s)
        assert cores.accept(request.id, heard, now_s) == []  # a doubled answer changes nothing

    @property
    def finals(self) -> list[FinalSegment]:
        return [event.payload for event in self.events if isinstance(event.payload, FinalSegment)]

    def words_of(self, channel: int) -> list[str]:
        mine = [final for final in self.finals if final.segment.speaker_id == SPEAKERS[channel]]
        return " ".join(final.text for final in mine).split()


def words(talk: Spoken) -> list[str]:
    return [word.text for word in talk.words]


@settings(max_examples=60, deadline=None)
@given(sides(0), sides(1), st.sampled_from([0.0, 0.3]), st.integers(0, 9), st.sampled_from([0.05, 0.1, 0.5]))
def test_both_talks_come_whole_and_none_is_mixed(
    first: Spoken, second: Spoken, lost: float, seed: int, step_s: float
) -> None:
    """Each channel's finals are its talk word for word, under its own speaker, however answers are lost."""
    call = Call((first, second), lost=lost, seed=seed, step_s=step_s).run()
    assert [call.words_of(0), call.words_of(1)] == [words(first), words(second)]


@settings(max_examples=60, deadline=None)
@given(sides(0), sides(1), st.integers(0, 9))
def test_segments_are_in_order_of_start_over_both(first: Spoken, second: Spoken, seed: int) -> None:
    """Ids count up with the finals and starts never go back; a revision grows by one; one segment is open at
    a time, and passes to the other channel only when it was taken back."""
    call = Call((first, second), lost=0.2, seed=seed).run()
    finals = [final.segment for final in call.finals]
    assert [segment.id for segment in finals] == list(range(len(finals)))
    assert [segment.start_s for segment in finals] == sorted(segment.start_s for segment in finals)
    assert all(segment.start_s <= segment.end_s for segment in finals)
    said = [e.payload for e in call.events if isinstance(e.payload, (FinalSegment, PartialSegment))]
    revisions: dict[int, list[int]] = {}
    speakers: dict[int, str | None] = {}
    withdrawn = False
    for payload in said:
        segment = payload.segment if isinstance(payload, FinalSegment) else payload
        assert segment.id >= max(revisions, default=0)
        if speakers.get(segment.id, segment.speaker_id) != segment.speaker_id:
            assert withdrawn
        withdrawn = isinstance(payload, PartialSegment) and not payload.text
        speakers[segment.id] = segment.speaker_id
        revisions.setdefault(segment.id, []).append(payload.revision)
    assert all(numbers == list(range(len(numbers))) for numbers in revisions.values())
    assert [event.seq for event in call.events] == list(range(len(call.events)))


def test_who_talks_over_somebody_is_heard_when_they_are_final() -> None:
    """While one talks on, the other's short word waits, and comes with its own times."""
    call = Call((side(0, [0.5] * 10, [0.0] * 10, 0.3), side(1, [0.5], [0.0], 2.0))).run()
    assert [final.segment.speaker_id for final in call.finals] == list(SPEAKERS)
    assert call.finals[1].segment.start_s == pytest.approx(2.0, abs=0.1)


def test_speech_is_that_of_anybody() -> None:
    """It starts when the first begins to talk and ends when the last has stopped."""
    call = Call((side(0, [0.5] * 4, [0.0] * 4, 0.3), side(1, [0.5] * 4, [0.0] * 4, 1.0))).run()
    spoke = (StreamEventType.SPEECH_STARTED, StreamEventType.SPEECH_ENDED)
    assert [event.type for event in call.events if event.type in spoke] == list(spoke)


def test_a_forced_cut_cuts_one_channel() -> None:
    """Speech without a pause is cut in its channel, and neither side loses or doubles a word."""
    talks = (side(0, [0.4] * 30, [0.0] * 30, 0.3), side(1, [0.4] * 5, [1.0] * 5, 0.5))
    call = Call(talks, replace(StreamConfig(), max_utterance_s=4.0)).run()
    assert [call.words_of(0), call.words_of(1)] == [words(talks[0]), words(talks[1])]
    assert len([f for f in call.finals if f.segment.speaker_id == SPEAKERS[0]]) > 2


def test_flush_and_clear_hold_for_both() -> None:
    """A flush makes what both have said final; a clear drops what is open in both, held finals included."""
    pauses = [0.0] * 4 + [0.3] + [0.0] * 3  # too short to end an utterance, which the flush in it does
    talks = (side(0, [0.5] * 8, pauses, 0.3), side(1, [0.5] * 8, pauses, 0.3))
    flushed = Call(talks, steps={24: "flush"}).run()
    assert [flushed.words_of(0), flushed.words_of(1)] == [words(talks[0]), words(talks[1])]
    assert len(flushed.finals) == 4
    cleared = Call(talks, steps={48: "clear"}).run()
    assert cleared.finals == []
    shown = [e.payload for e in cleared.events if isinstance(e.payload, PartialSegment)]
    assert shown
    assert shown[-1].text == ""


def test_settings_change_for_both() -> None:
    """A change of settings reaches every channel's core."""
    cores = ChannelCores()
    cores.configure(language="de")
    assert cores.config.language == "de"
    cores.push_audio(np.full((16_000, 2), 0.1, np.float32), 1.0)
    cores.push_speech([[0.9] * 31, [0.9] * 31], 1.0)
    request = cores.next_decode(1.0)
    assert request is not None
    assert request.language == "de"


def test_channels_go_on_where_each_was() -> None:
    """Cores that begin where others were lost hear, of each channel, what lies behind its own last final."""
    talks = (side(0, [0.5] * 4, [0.0, 0.0, 2.0, 0.0], 0.3), side(1, [0.5] * 2, [0.0, 4.0], 1.0))
    at = [FRAME_SAMPLES * 80, FRAME_SAMPLES * 50]  # 2.56 s and 1.6 s: behind the first words of each
    starts = [StartAt(0, judged, judged, segment_id=2, first_id=9) for judged in at]
    cores = ChannelCores(starts=starts)
    call = Call(talks, cores=cores)
    first_frames = 50
    duration_s = max(talk.duration_s for talk in talks)
    whole = [replace(talk, duration_s=duration_s) for talk in talks]
    samples = np.stack([talk.samples() for talk in whole], axis=1)
    call.events += cores.push_audio(samples, 0.0)
    call.events += cores.push_speech([talk.probabilities()[first_frames:] for talk in whole], 0.0)
    call.events += cores.finish(0.0)
    while not cores.done:
        call._ask(cores, 0.0)
        call._answer(cores, 0.0)
    assert [call.words_of(0), call.words_of(1)] == [words(talks[0])[2:], words(talks[1])[1:]]
    assert [final.segment.id for final in call.finals] == list(range(2, 2 + len(call.finals)))


def test_channels_go_on_together() -> None:
    """What is to go on from different samples is refused."""
    with pytest.raises(ValueError, match="same sample"):
        ChannelCores(starts=[StartAt(), StartAt(512, 512, 512)])
