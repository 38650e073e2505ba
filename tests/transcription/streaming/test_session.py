"""The library as a program uses it: the two loops of its contract, on text chunks and on audio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.transcription.streaming.clock_engine import Clock
from transcription.audio.files import decode_file
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.errors import EngineFailed
from transcription.streaming import (
    StreamChunk,
    StreamConfig,
    StreamEvent,
    StreamEventType,
    StreamingSession,
    StreamingSessionProtocol,
    StreamState,
    apply,
)

CALL = Path(__file__).parents[3] / "ambient" / "demo" / "call.flac"


@pytest.fixture(scope="module")
def call() -> Samples:
    return decode_file(CALL)[: 20 * SAMPLE_RATE_HZ]


def chunk(start: float, end: float, text: str, speaker_id: str | None = None) -> StreamChunk:
    return StreamChunk(start=start, end=end, text=text, speaker_id=speaker_id)


def pcm(samples: Samples) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


def test_text_chunks_of_one_speaker_join() -> None:
    """A chunk within the gap and by the same speaker extends the open segment."""
    session = StreamingSession(StreamConfig(max_gap_sec=1.0))
    session.ingest_chunk(chunk(0.0, 1.0, "hello"))
    [event] = session.ingest_chunk(chunk(2.0, 2.5, "there"))
    assert event.type == StreamEventType.PARTIAL_SEGMENT
    assert (event.segment.start, event.segment.end, event.segment.text) == (0.0, 2.5, "hello there")


@pytest.mark.parametrize(("start", "speaker_id"), [(2.01, None), (1.0, "SPEAKER_01")])
def test_gap_or_speaker_makes_a_segment_final(start: float, speaker_id: str | None) -> None:
    """A longer gap, or another speaker, finalises the open segment before the new one shows."""
    session = StreamingSession(StreamConfig(max_gap_sec=1.0))
    session.ingest_chunk(chunk(0.0, 1.0, "hello"))
    final, partial = session.ingest_chunk(chunk(start, start + 1.0, "next", speaker_id))
    assert (final.type, final.segment.text) == (StreamEventType.FINAL_SEGMENT, "hello")
    assert (partial.type, partial.segment.text) == (StreamEventType.PARTIAL_SEGMENT, "next")
    assert (final.segment.id, partial.segment.id) == (0, 1)


def test_text_time_does_not_run_backwards() -> None:
    """A chunk that starts before the open segment's end is refused, and changes nothing."""
    session = StreamingSession()
    session.ingest_chunk(chunk(0.0, 1.0, "hello"))
    with pytest.raises(ValueError, match=r"starts at 0\.9 s"):
        session.ingest_chunk(chunk(0.9, 2.0, "again"))
    assert [event.segment.text for event in session.end_of_stream()] == ["hello"]


def test_end_of_stream_flushes_and_resets() -> None:
    """After the end the transcript is there, a second end gives nothing, and a new stream may start at 0."""
    session = StreamingSession()
    session.ingest_chunk(chunk(5.0, 6.0, "hello"))
    assert [event.type for event in session.end_of_stream()] == [StreamEventType.FINAL_SEGMENT]
    assert session.get_transcript().text == "hello"
    assert session.end_of_stream() == []
    [event] = session.ingest_chunk(chunk(0.0, 1.0, "new"))
    assert (event.segment.id, event.seq) == (0, 0)


def run(session: StreamingSession, samples: Samples, chunk_samples: int) -> list[StreamEvent]:
    events = [session.start()]
    for seq, at in enumerate(range(0, len(samples), chunk_samples)):
        events += session.process_audio(pcm(samples[at : at + chunk_samples]), seq=seq)
    return [*events, session.stop()]


def test_audio_loop_of_the_contract(call: Samples) -> None:
    """Ready first, done last, partials and finals between; state from events is the transcript."""
    session = StreamingSession(StreamConfig(sample_rate=16_000), Clock())
    protocol: StreamingSessionProtocol = session
    events = run(session, call, 1600)
    assert events[0].type is StreamEventType.READY
    assert events[-1].type is StreamEventType.DONE
    assert {StreamEventType.PARTIAL_SEGMENT, StreamEventType.FINAL_SEGMENT} <= {
        event.type for event in events
    }
    transcript = protocol.get_transcript()
    assert transcript.language == "en"
    assert [segment.id for segment in transcript.segments] == list(range(len(transcript.segments)))
    state = StreamState()
    for event in events:
        state = apply(apply(state, event), event)
    assert state.done is not None
    known = [*state.segments, *state.done["segments"]]
    assert sorted({segment.id: segment.text for segment in known}.items()) == [
        (segment.id, segment.text) for segment in transcript.segments
    ]


def test_chunk_length_does_not_change_the_transcript(call: Samples) -> None:
    """Tiny chunks, long ones and the whole at once give the same finals."""
    texts = set()
    for chunk_samples in (777, 16_000, len(call)):
        session = StreamingSession(engine=Clock())
        run(session, call, chunk_samples)
        texts.add(session.get_transcript().text)
    assert len(texts) == 1


def test_repeated_chunk_is_dropped_and_a_gap_is_told(call: Samples) -> None:
    """A `seq` that came already changes nothing; one too far gives an ERROR event and is taken."""
    session = StreamingSession(engine=Clock())
    session.start()
    session.process_audio(pcm(call[:1600]), seq=0)
    assert session.process_audio(pcm(call[:1600]), seq=0) == []
    [event] = session.process_audio(pcm(call[:1600]), seq=4)
    assert event.type is StreamEventType.ERROR
    assert session.stop().payload["duration"] == 0.2  # type: ignore[index]


def test_failed_decode_is_tried_again(call: Samples) -> None:
    """An engine that fails a few times, and says that again may help, costs no word."""
    session, steady = StreamingSession(engine=Clock(failures=3)), StreamingSession(engine=Clock())
    run(session, call, 1600)
    run(steady, call, 1600)
    assert session.get_transcript().text == steady.get_transcript().text


def test_engine_that_is_broken_for_good_says_so(call: Samples) -> None:
    """An error that no repetition mends reaches the caller."""
    session = StreamingSession(engine=Clock(failures=1, retryable=False))
    session.start()
    with pytest.raises(EngineFailed):
        session.process_audio(pcm(call))


def test_engine_that_never_answers_loses_words_loudly(call: Samples) -> None:
    """Where every attempt fails the session still ends, and names every utterance that it lost."""
    session = StreamingSession(engine=Clock(failures=10**9))
    events = run(session, call, 16_000)
    told = [event.payload for event in events if event.type is StreamEventType.ERROR]
    told += events[-1].payload["errors"]  # type: ignore[index]
    started = [event for event in events if event.type is StreamEventType.SPEECH_STARTED]
    assert len(told) == len(started) > 0
    assert session.get_transcript().segments == ()


def test_calls_out_of_order_are_refused() -> None:
    """Audio before `start`, or after `stop`, is an error of the program."""
    session = StreamingSession(engine=Clock())
    with pytest.raises(RuntimeError, match="start"):
        session.process_audio(b"")
    session.start()
    session.stop()
    with pytest.raises(RuntimeError, match="stopped"):
        session.process_audio(b"")


def test_other_sample_rate_is_resampled(call: Samples) -> None:
    """8 kHz audio keeps its times: the duration is that of the audio."""
    session = StreamingSession(StreamConfig(sample_rate=8_000), Clock())
    session.start()
    session.process_audio(np.ascontiguousarray(call[::2]))
    done = session.stop()
    assert done.payload["duration"] == pytest.approx(20.0, abs=0.01)  # type: ignore[index]
    assert done.payload["segments_total"] > 0  # type: ignore[index]
