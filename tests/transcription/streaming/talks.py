"""Text chunks of made-up talks, for properties of whatever is said of them."""

from __future__ import annotations

from hypothesis import strategies as st

from transcription.streaming import StreamChunk, StreamConfig, StreamEvent, StreamingSession

SAYINGS = (
    "hello", "what is the price", "i will send it today", "we decided to wait", "i was going to—", "mm-hm",
    "", "no", "thank you, goodbye", "is that all?",
)  # fmt: skip
SPEAKERS = (None, "SPEAKER_00", "SPEAKER_01", "SPEAKER_02")
ALL_ON = StreamConfig(enable_diarization=True, enable_analytics=True, enable_semantics=True)


@st.composite
def talks(draw: st.DrawFn) -> list[StreamChunk]:
    """Up to 25 chunks; speakers, gaps and lengths as they come, times to the millisecond."""
    at_ms, chunks = 0, []
    for _ in range(draw(st.integers(0, 25))):
        start_ms = at_ms + draw(st.sampled_from([0, 0, 40, 400, 999, 1001, 4000]))
        at_ms = start_ms + draw(st.integers(0, 6000))
        chunks.append(
            StreamChunk(
                start=start_ms / 1000,
                end=at_ms / 1000,
                text=draw(st.sampled_from(SAYINGS)),
                speaker_id=draw(st.sampled_from(SPEAKERS)),
            )
        )
    return chunks


def chunk(start: float, end: float, text: str, speaker_id: str | None = None) -> StreamChunk:
    return StreamChunk(start=start, end=end, text=text, speaker_id=speaker_id)


def told(
    chunks: list[StreamChunk], config: StreamConfig = ALL_ON
) -> tuple[StreamingSession, list[StreamEvent]]:
    """A session that has had all of it, and its events."""
    session = StreamingSession(config)
    events = [event for item in chunks for event in session.ingest_chunk(item)]
    return session, events + session.end_of_stream()
