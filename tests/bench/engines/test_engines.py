"""The engines' benchmark: its rows come from the engines themselves, which read and hear the whole talk."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.engines import plan, tables
from bench.engines.measure import Extent, Row, measure
from bench.engines.subjects import Subject, subjects
from bench.engines.talk import make_recording
from transcription.engines.base import SAMPLE_RATE_HZ

SHORT = Extent(lengths_s=(10.0, 20.0), shorter_s=(), warm_up_s=5.0, repeats=1)
READERS = ("entities", "classification", "qa", "summary", "translation", "emotion")


def rows_of(subject: Subject, folder: Path, batch_size: int, extent: Extent = SHORT) -> list[Row]:
    return list(measure(subject, folder, device="cpu", batch_size=batch_size, extent=extent, budget_s=1000))


def made(name: str, folder: Path) -> Subject:
    subject = subjects()[name]
    assert subject.make is not None
    subject.make(folder, tiny=True)
    return subject


def test_the_talk_is_as_long_as_it_says() -> None:
    """A longer one begins as a shorter one does, and nobody speaks past its end."""
    shorter, longer = make_recording(60.0), make_recording(90.0)
    assert len(shorter.samples) == 60 * SAMPLE_RATE_HZ
    whole = shorter.talk.segments[:-1]  # the last line is cut where the talk ends
    assert longer.talk.segments[: len(whole)] == whole
    assert shorter.talk.segments[-1].end_s <= 60.0 < longer.talk.segments[-1].end_s <= 90.0
    assert make_recording(1.0).talk.segments


@pytest.mark.parametrize("name", READERS)
def test_a_row_is_a_call_of_the_engine(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage's own class is loaded and asked once for each run, and its model sees windows of the talk."""
    subject = made(name, tmp_path)
    method = {"entities": "extract", "classification": "classify", "qa": "answer", "summary": "summarise"}
    method |= {"translation": "translate", "emotion": "recognise"}
    engine = subject.engine(tmp_path, "cpu", 4)
    asked: list[float] = []
    inner = getattr(type(engine), method[name])

    def noting(self: Any, *args: Any, **named: Any) -> Any:
        asked.append(time.perf_counter())
        return inner(self, *args, **named)

    monkeypatch.setattr(type(engine), method[name], noting)
    rows = rows_of(subject, tmp_path, 4)
    assert [row.talk_s for row in rows] == [10.0, 20.0]
    assert len(asked) == 2 + sum(len(row.times_s) for row in rows)  # and two to warm up
    assert all(row.windows for row in rows)
    if name in {"translation", "emotion"}:  # a window for each line, or nearly: very short ones are not heard
        lines = [len(make_recording(row.talk_s).talk.segments) for row in rows]
        assert all(0 < (row.windows or 0) <= count for row, count in zip(rows, lines, strict=True))
        assert (rows[1].windows or 0) > (rows[0].windows or 0)


def test_windows_are_the_same_at_any_batch_size(tmp_path: Path) -> None:
    subject = made("qa", tmp_path)
    one, eight = (rows_of(subject, tmp_path, batch_size)[-1].windows for batch_size in (1, 8))
    assert one == eight


def test_pyannote_is_given_the_batch_size(tmp_path: Path) -> None:
    """Segmentation slides by a second over the talk, with windows of ten."""
    longer = replace(SHORT, lengths_s=(10.0, 12.0))
    rows = rows_of(made("diarization, pyannote", tmp_path), tmp_path, 8, longer)
    assert [row.windows for row in rows] == [1, 3]
    assert "segmentation_batch_size: 8" in (tmp_path / "config.yaml").read_text()


def test_whisper_says_as_much_as_ten_seconds_hold(tmp_path: Path) -> None:
    """Finals pass at the first temperature, so a window costs one decode as with real weights."""
    subject = made("speech tiny, finals", tmp_path)
    engine = subject.engine(tmp_path, "cpu", 2)
    engine.load()
    from transcription.engines.base import SpeechOptions, SpeechWindow

    window = SpeechWindow("u", make_recording(10.0).samples, 0.0, True, SpeechOptions(language="en"))
    heard = engine.decode([window])[0]
    assert heard.segments
    assert heard.segments[0].avg_logprob > -0.5
    assert heard.segments[0].compression_ratio < 2.4
    assert heard.segments[-1].end_s <= 10.0
    assert [row.windows for row in rows_of(subject, tmp_path, 2)] == [1, 2]


def rows_of_processes(todo: list[plan.Job], models: Path) -> list[Row]:
    extent = Extent(lengths_s=(10.0,), shorter_s=(), warm_up_s=5.0, repeats=1)
    return [row for rows in plan.run(todo, models, extent, limit_s=110, tiny=True) for row in rows]


def test_what_fails_takes_nothing_else_with_it(tmp_path: Path) -> None:
    """A GPU that is not there is a row that says so; the engines before and after it are measured."""
    embedded, speech = "diarization, embedded", "speech tiny, finals"
    todo = [plan.Job(embedded, "cpu", (1,)), plan.Job(speech, "cuda", (2,)), plan.Job(speech, "cpu", (2,))]
    found = rows_of_processes(todo, tmp_path)
    assert [bool(row.left_out) for row in found] == [False, tables.gpu() == "none", False]
    assert all(row.times_s for row in found if not row.left_out)
    page = tables.as_markdown(found, {embedded: 1, speech: 2})
    assert "random weights" in page
    assert tables.gpu() != "none" or f"- {speech}, cuda, batch 2: " in page
    assert len(json.loads(tables.as_json(found))["rows"]) == 3


def test_an_engine_on_torch_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Each batch size is a row, and the talk that it was timed on the same."""
    found = rows_of_processes([plan.Job("qa", "cpu", (8, 1))], tmp_path)
    assert [(row.batch_size, row.left_out) for row in found] == [(8, ""), (1, "")]
    assert found[0].windows == found[1].windows == 12  # a question each


def test_the_ratio_is_of_the_same_talk() -> None:
    """Where both devices had a talk of one length, that one is compared."""
    rows = [
        Row("qa", "", "cpu", 8, 600.0, (60.0,)),
        Row("qa", "", "cuda", 8, 600.0, (4.0, 2.0, 3.0)),
        Row("qa", "", "cuda", 8, 3600.0, (10.0,)),
        Row("qa", "", "cuda", 32, 600.0, (1.0,)),
    ]
    assert list(tables.ratios(rows, {"qa": 8})) == [("qa", "10", "360", "18", "20", "32", "60")]
