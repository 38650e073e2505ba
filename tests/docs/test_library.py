"""docs/library.md: its programs run as they stand, and so do the three examples that it names."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, blocks, links, page
from transcription.audio.files import decode_file
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.models import Transcript
from transcription.streaming import StreamChunk, StreamEvent, StreamEventType, StreamState

EXAMPLES = ROOT / "docs" / "examples"
TEXT, AUDIO, OWN_ENGINE, STATE = blocks(page("docs/library.md"), "python")


@pytest.fixture(autouse=True)
def without_a_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` decides by what is on this disk."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def chunks() -> list[StreamChunk]:
    return [json.loads(line) for line in (EXAMPLES / "call.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def speech() -> Samples:
    return decode_file(ROOT / "ambient" / "demo" / "call.flac")[: 8 * SAMPLE_RATE_HZ]


def run(program: str, **names: Any) -> dict[str, Any]:
    """Execute a block of the page as it stands, with the names that it takes for given."""
    exec(compile(program, "docs/library.md", "exec"), names)  # noqa: S102
    return names


def pcm(samples: Samples) -> Iterator[bytes]:
    """100 ms at a time."""
    data = (samples * 32767).astype("<i2").tobytes()
    return (data[at : at + 3200] for at in range(0, len(data), 3200))


def test_program_on_text_chunks(chunks: list[StreamChunk]) -> None:
    """Everything said is kept once, in order, and shown while it grew."""
    shown, kept = list[str](), list[str]()
    run(TEXT, stream_of_chunks=chunks, show=shown.append, keep=kept.append)
    assert " ".join(kept) == " ".join(chunk["text"] for chunk in chunks)
    assert len(shown) == len(chunks)
    assert set(kept) <= set(shown)


def test_program_on_audio(speech: Samples, capsys: pytest.CaptureFixture[str]) -> None:
    """With the engine that `auto` finds: ready, events, done, and a transcript of what was said."""
    names = run(AUDIO, audio_stream=pcm(speech))
    assert names["ready"].type == StreamEventType.READY
    assert names["ready"].payload["features"] == {"diarization": False, "analytics": True, "semantics": False}
    assert names["done"].type == StreamEventType.DONE
    transcript = names["transcript"]
    assert isinstance(transcript, Transcript)
    assert transcript.text
    assert Transcript.from_json(transcript.to_json()).text == transcript.text
    assert transcript.segments[0].text in capsys.readouterr().out


def test_programs_on_an_engine_and_on_events(speech: Samples) -> None:
    """An engine of one's own choice serves a session, and its events make the state that it has."""
    session = run(OWN_ENGINE)["session"]
    events: list[StreamEvent] = [session.start()]
    for chunk in pcm(speech):
        events += session.process_audio(chunk)
    events.append(session.stop())
    state = run(STATE, events=events)["state"]
    assert isinstance(state, StreamState)
    assert state == session.snapshot()
    assert state.segments


def test_semantic_annotation(chunks: list[StreamChunk]) -> None:
    """Every final comes with its annotation; the fields are those of the v2 document."""
    segments = list(runpy.run_path(str(EXAMPLES / "semantic_annotation.py"))["annotated_segments"](chunks))
    assert " ".join(segment["text"] for segment in segments) == " ".join(chunk["text"] for chunk in chunks)
    semantic = [segment["annotations"]["semantic"] for segment in segments]
    assert semantic[1]["intent"] == "question"
    assert semantic[3]["risk_tags"] == ["churn_risk"]
    assert semantic[2]["actions"][0]["speaker_id"] == "SPEAKER_00"


def test_llm_routing(chunks: list[StreamChunk]) -> None:
    """A question is asked at once with what was said before it; every segment is in one queue."""
    prompts = list[str]()

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return "because"

    router = runpy.run_path(str(EXAMPLES / "llm_routing.py"))["route"](chunks, ask)
    assert router.answers == ["because"]
    [prompt] = prompts
    assert prompt.index("Meera") < prompt.index("charged twice") < prompt.index("why the price")
    assert "corrected invoice" not in prompt
    queues = {workflow.value: len(lines) for workflow, lines in router.queues.items()}
    assert queues == {"question": 1, "action_item": 2, "decision": 2, "general": 2}


def test_progressive_context(chunks: list[StreamChunk]) -> None:
    """A summary every three segments and at the end, each given the one before and a bounded window."""
    follow = runpy.run_path(str(EXAMPLES / "progressive_context.py"))["follow"]
    prompts = list[str]()

    def summarise(prompt: str) -> str:
        prompts.append(prompt)
        return f"summary {len(prompts)}"

    summary = follow(chunks, summarise)
    assert summary.text == "summary 2"
    assert "Summary so far: summary 1" in prompts[1]
    hour = [
        StreamChunk(start=at * 4.0, end=at * 4.0 + 2.0, text=f"item number {at}", speaker_id=None)
        for at in range(900)
    ]
    prompts.clear()
    follow(hour, summarise)
    assert max(len(prompt.splitlines()) for prompt in prompts) <= 15 + 6


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_examples_run_as_programs(path: Path) -> None:
    """As the page says: chunks on standard input, something on standard output."""
    assert f"examples/{path.name}" in links(page("docs/library.md"))
    result = subprocess.run(
        [sys.executable, str(path)],
        input=(EXAMPLES / "call.jsonl").read_text(),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert "SPEAKER_01" in result.stdout
