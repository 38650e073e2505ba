"""What a driver can do with a core beside feeding it: flush, clear, configure, lose and repeat answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, HypothesisSegment
from transcription.models import Word
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import DecodeRequest, FinalSegment, PartialSegment, StreamEventType


def feed(core: StreamingCore, frames: int, *, speech: bool = True) -> list[StreamEventType]:
    samples = np.full(frames * 512, 0.1 if speech else 0.0, np.float32)
    events = core.push_audio(samples, 0.0) + core.push_speech([0.95 if speech else 0.0] * frames, 0.0)
    return [event.type for event in events]


def asked(core: StreamingCore, now_s: float = 0.0) -> DecodeRequest:
    request = core.next_decode(now_s)
    assert request is not None
    return request


def heard(request: DecodeRequest, text: str, language: str | None = None, sure: float = 0.0) -> Hypothesis:
    start_s, end_s = request.start_sample / SAMPLE_RATE_HZ, request.end_sample / SAMPLE_RATE_HZ
    parts = text.split()
    step_s = (end_s - start_s) / max(len(parts), 1)
    words = tuple(
        Word(part, start_s + n * step_s, start_s + (n + 1) * step_s) for n, part in enumerate(parts)
    )
    segments = (HypothesisSegment(start_s, end_s, text, words),) if parts else ()
    return Hypothesis(segments, language, sure or None)


def test_flush_closes_the_open_utterance() -> None:
    """A flush makes what was said final now, and speech that goes on is the next segment."""
    core = StreamingCore()
    feed(core, 30)
    assert [event.type for event in core.flush(1.0)] == [StreamEventType.SPEECH_ENDED]
    request = asked(core)
    assert request.is_final
    assert request.end_sample == 30 * 512
    [final] = core.accept(request.id, heard(request, "one two"), 1.0)
    assert isinstance(final.payload, FinalSegment)
    assert feed(core, 20) == [StreamEventType.SPEECH_STARTED]
    assert asked(core).start_sample == request.end_sample


def test_flush_of_nothing_is_nothing() -> None:
    """With no utterance open a flush changes nothing."""
    core = StreamingCore()
    feed(core, 30, speech=False)
    assert core.flush(1.0) == []


def test_clear_drops_what_is_not_final() -> None:
    """What was shown is taken back, an answer on its way is ignored, and the audio counts as covered."""
    core = StreamingCore()
    feed(core, 30)
    request = asked(core)
    core.accept(request.id, heard(request, "one"), 0.1)
    feed(core, 10)
    late = asked(core)
    withdrawn, ended = core.clear(1.0)
    assert isinstance(withdrawn.payload, PartialSegment)
    assert withdrawn.payload.text == ""
    assert ended.type is StreamEventType.SPEECH_ENDED
    assert core.covered_until_sample == 40 * 512
    assert core.next_decode(1.0) is None, "the engine is still at work on the window that nobody wants"
    assert core.accept(late.id, heard(late, "one two"), 1.1) == []
    feed(core, 30)
    request = asked(core)
    [shown] = core.accept(request.id, heard(request, "new"), 1.2)
    assert isinstance(shown.payload, PartialSegment)
    assert (shown.payload.id, shown.payload.revision) == (0, withdrawn.payload.revision + 1)


def test_segment_without_words_takes_no_id() -> None:
    """A partial that the final takes back leaves its id to the next segment, revision counting on."""
    core = StreamingCore()
    feed(core, 30)
    request = asked(core)
    core.accept(request.id, heard(request, "hum"), 0.1)
    feed(core, 16, speech=False)
    request = asked(core)
    assert request.is_final
    [withdrawn] = core.accept(request.id, heard(request, ""), 0.2)
    assert isinstance(withdrawn.payload, PartialSegment)
    assert (withdrawn.payload.id, withdrawn.payload.revision, withdrawn.payload.text) == (0, 1, "")


def test_only_the_answer_that_is_waited_for_counts() -> None:
    """Unknown, doubled and given-up answers change nothing."""
    core = StreamingCore()
    feed(core, 30)
    request = asked(core)
    assert core.accept(request.id + 1, heard(request, "x"), 0.1) == []
    assert core.decode_lost(request.id + 1, 0.1) == []
    core.decode_lost(request.id, 0.1)
    assert core.accept(request.id, heard(request, "x"), 0.2) == []
    again = asked(core, 0.2)
    assert core.accept(again.id, heard(again, "x"), 0.3)
    assert core.accept(again.id, heard(again, "x"), 0.3) == []


def test_losses_are_waited_out() -> None:
    """After a second loss the core waits, and says until when."""
    core = StreamingCore()
    feed(core, 30)
    core.decode_lost(asked(core, 1.0).id, 1.0)
    core.decode_lost(asked(core, 1.0).id, 1.0)
    assert core.next_decode(1.0) is None
    assert core.idle_until_s is not None
    assert core.idle_until_s > 1.0
    assert core.next_decode(core.idle_until_s)


def test_utterance_that_nobody_decodes_is_told_and_left() -> None:
    """After a minute of losses there is an ERROR, the last partial stands as final, and the core is done."""
    core = StreamingCore()
    feed(core, 30)
    request = asked(core)
    core.accept(request.id, heard(request, "one two"), 0.0)
    core.finish(0.0)
    now_s, events = 0.0, []
    while not core.done:
        now_s = max(now_s + 1.0, core.idle_until_s or 0.0)
        events += core.decode_lost(asked(core, now_s).id, now_s)
    error, final = events
    assert error.type is StreamEventType.ERROR
    assert isinstance(final.payload, FinalSegment)
    assert final.payload.text == "one two"
    assert now_s >= 60.0


def test_configure_changes_what_runs() -> None:
    """Silence, language and vocabulary hold from the next frame and the next request on."""
    core = StreamingCore()
    core.configure(min_silence_duration_ms=200, language="fr", vocabulary=("Ambient",))
    feed(core, 30)
    assert feed(core, 7, speech=False) == [StreamEventType.SPEECH_ENDED]
    request = asked(core)
    assert (request.language, request.vocabulary) == ("fr", ("Ambient",))


@pytest.mark.parametrize(
    "change", [{"vad_threshold": 1.5}, {"min_silence_duration_ms": 0}, {"overlap_s": 5.0}]
)
def test_configure_refuses_what_is_out_of_range(change: dict[str, float]) -> None:
    """A value out of its range is named, and the old one stays."""
    core = StreamingCore()
    with pytest.raises(ValueError, match=next(iter(change))):
        core.configure(**change)
    assert core.config == StreamConfig()


@pytest.mark.parametrize(("configured", "third"), [(None, "de"), ("auto", None), ("en", "en")])
def test_language_is_held_once_sure(configured: str | None, third: str | None) -> None:
    """Two sure finals in a row settle the language; `auto` asks each time; a set one is always asked for."""
    core = StreamingCore(StreamConfig(language=configured))
    for _ in range(2):
        feed(core, 90)
        feed(core, 16, speech=False)
        request = asked(core)
        core.accept(request.id, heard(request, "ja gut", "de", 0.95), 0.0)
    feed(core, 30)
    assert asked(core).language == third


def test_prompt_is_the_end_of_what_was_said_until_a_loop() -> None:
    """With prompts on, the last characters of the finals go along; a loop clears them."""
    core = StreamingCore(StreamConfig(prompt_chars=7))

    def say(text: str) -> str:
        feed(core, 90)
        feed(core, 16, speech=False)
        request = asked(core)
        core.accept(request.id, heard(request, text), 0.0)
        return request.prompt

    assert say("one two three") == ""
    assert say("four") == "o three"
    assert say("and " + "again and " * 9) == "ee four"
    assert say("five") == ""


def test_more_speech_than_audio_is_refused() -> None:
    """A probability for a frame that has not come is an error of the driver."""
    core = StreamingCore()
    core.push_audio(np.zeros(511, np.float32), 0.0)
    with pytest.raises(ValueError, match="before the audio came"):
        core.push_speech([0.5], 0.0)


def test_finish_waits_for_the_vad() -> None:
    """Audio whose probabilities are still to come is not cut off by the end."""
    core = StreamingCore()
    core.push_audio(np.full(30 * 512 + 100, 0.1, np.float32), 0.0)
    core.finish(0.0)
    assert not core.done
    core.push_speech([0.95] * 30, 0.0)
    request = asked(core)
    assert request.is_final
    assert request.end_sample == 30 * 512 + 100
    core.accept(request.id, heard(request, "all of it"), 0.1)
    assert core.done
    with pytest.raises(ValueError, match="after finish"):
        core.push_audio(np.zeros(1, np.float32), 0.2)


def test_window_stays_as_it_was() -> None:
    """A view that was handed out does not change when the core lets go of audio and takes more."""
    core = StreamingCore()
    feed(core, 30)
    request = asked(core)
    window = core.window(request)
    core.clear(0.1)
    for _ in range(20):
        feed(core, 100, speech=False)
    assert window[-1] == np.float32(0.1)


@pytest.mark.parametrize(("spoken_s", "silence_ms"), [(3.0, 500), (10.0, 320), (14.0, 210)])
def test_longer_an_utterance_the_shorter_the_silence_that_ends_it(spoken_s: float, silence_ms: int) -> None:
    """Half a second up to 6 s of utterance, then ever less, down to a pause of 160 ms at 15 s."""
    core = StreamingCore(StreamConfig(prefix_padding_ms=0))
    feed(core, round(spoken_s * SAMPLE_RATE_HZ / 512))
    frames = 1
    while StreamEventType.SPEECH_ENDED not in feed(core, 1, speech=False):
        frames += 1
    assert abs(frames * 32 - silence_ms) <= 32


@pytest.mark.parametrize("early_final_ms", [0, 200])
def test_segment_is_final_when_its_utterance_has_closed(early_final_ms: int) -> None:
    """An answer for an open utterance is a partial, on trial or not; its final comes once silence held."""
    core = StreamingCore(StreamConfig(early_final_ms=early_final_ms))
    feed(core, 60)
    feed(core, 12, speech=False)
    request = asked(core)
    assert request.is_final == bool(early_final_ms)
    [shown] = core.accept(request.id, heard(request, "one two"), 0.0)
    assert isinstance(shown.payload, PartialSegment)
    kinds = feed(core, 6, speech=False)
    if not early_final_ms:
        request = asked(core)
        kinds += [event.type for event in core.accept(request.id, heard(request, "one two"), 0.0)]
    assert kinds == [StreamEventType.SPEECH_ENDED, StreamEventType.FINAL_SEGMENT]


@pytest.mark.parametrize("answered_in_time", [True, False])
def test_complete_answer_needs_no_final(answered_in_time: bool) -> None:
    """Where the engine says that a final would bring the same, the answer for the tail is the final: when the
    silence has lasted, or when it comes later."""
    core = StreamingCore()
    feed(core, 60)
    feed(core, 12, speech=False)
    request = asked(core)
    hypothesis = replace(heard(request, "one two"), provisional=True, settled=2, complete=True)
    kinds = []
    if answered_in_time:
        [shown] = core.accept(request.id, hypothesis, 0.0)
        assert isinstance(shown.payload, PartialSegment)
        assert shown.payload.stable_chars == len("one two")
    kinds += feed(core, 6, speech=False)
    if not answered_in_time:
        kinds += [event.type for event in core.accept(request.id, hypothesis, 0.0)]
    assert kinds == [StreamEventType.SPEECH_ENDED, StreamEventType.FINAL_SEGMENT]
    assert core.next_decode(0.0) is None


def test_complete_answer_is_no_final_once_speech_resumes() -> None:
    """What was said after a complete answer is asked for."""
    core = StreamingCore()
    feed(core, 60)
    feed(core, 12, speech=False)
    request = asked(core)
    core.accept(request.id, replace(heard(request, "one two"), complete=True), 0.0)
    feed(core, 40)
    assert StreamEventType.FINAL_SEGMENT not in feed(core, 18, speech=False)
    assert asked(core).is_final
