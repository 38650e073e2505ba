"""A sample of every kind of notice, what a codec makes of them, and what a page says that it makes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from sessions.figures import SessionFigures
from sessions.protocols.base import (
    Acknowledged,
    Analysed,
    Announced,
    Codec,
    Configured,
    Ended,
    Failed,
    FinalText,
    Heard,
    Info,
    Insight,
    Lagging,
    Notice,
    Opened,
    Pong,
    Replayed,
    Restarting,
    SessionConfig,
    SpeechEnded,
    SpeechStarted,
    TurnUpdated,
)
from tests.docs.pages import ROOT, code, rows
from transcription.models import Segment, Transcript, Word
from transcription.semantic import KeywordSemanticAnnotator
from transcription.streaming.analytics import snapshot_of
from transcription.streaming.turns import StreamTurn

CONFIG = SessionConfig(16_000, 1, "pcm_s16le", 2.0, 0.5, "base", "scripted", "en", True, True)
METRICS = SessionFigures().summary(session_duration_s=1.0, audio_s=1.0)
HEARD = Heard(
    segment_id=0,
    revision=0,
    is_final=True,
    text="hello",
    stable_chars=5,
    start_s=0.0,
    end_s=0.5,
    words=(Word("hello", 0.0, 0.5, 0.9),),
    confidence=0.9,
    avg_logprob=None,
    no_speech_prob=None,
    compression_ratio=None,
    speaker_id=None,
    model="base",
    chunk_index=0,
    processing_time_ms=1.0,
    session_time_s=0.5,
    audio_size_bytes=16_000,
    received_at=0.0,
)
TURN = StreamTurn(0, "SPEAKER_00", 0.0, 0.5, (0,), "hello", talk_time_s=0.5)
MEANING = (
    KeywordSemanticAnnotator()
    .annotate(Transcript("", "en", (Segment(0, 0.0, 0.5, "I will send you the invoice tomorrow."),)))
    .segments[0]
    .annotations["semantic"]
)
ENDED = Ended("s", "c", "bye", "end_session", "", 0.0, None)
HELLO = (FinalText(0.0, 0.5, "hello"),)
NOTICES: tuple[Notice, ...] = (
    Opened("s", "c", "hello", replace(CONFIG, word_timestamps=False), False, 0, ""),
    HEARD,
    Opened("s", "c", "hello", CONFIG, True, 0, ""),
    HEARD,
    replace(HEARD, is_final=False),
    replace(HEARD, annotations=MEANING),
    TurnUpdated(TURN),
    Analysed(snapshot_of((TURN,), ended=False)),
    SpeechStarted(0.0),
    SpeechEnded(0.5),
    Acknowledged(0, 0.0),
    Info("s", 0.0, 0, "", tuple(METRICS.items())),
    Pong(0.0),
    Configured(CONFIG),
    Announced("hello"),
    Lagging(3.0),
    Insight("intent", "question", (0,), "rules"),
    Insight("answer", "“who” – “me”", (0, 1), "embedded"),
    ENDED,
    replace(ENDED, total_duration_s=1.0, keeps_audio=True, finals=HELLO),
    replace(ENDED, reason="ended_by_operator"),
    replace(ENDED, reason="lag_exceeded", finals=HELLO),
    Replayed(()),
    Restarting("s", "hello", 0.5, 1.0),
    Failed("invalid_message", "no"),
    Failed("decode_failed", "no", chunk_index=0, session_time_s=0.0),
)
Shape = dict[str, Any]


def refusals(*, of_starting: bool) -> tuple[list[tuple[str, str]], set[str], set[str]]:
    """What the sources of the sockets have: (close code, error code) of refusals, all error codes, all close
    codes. `of_starting`: with those of sockets that a first message opens."""
    others = {"watching"} if of_starting else {"watching", "starting"}
    paths = [path for path in (ROOT / "sessions").glob("*.py") if path.stem not in others]
    source = "\n".join(path.read_text() for path in paths)
    refused = re.findall(r'Refused\(\s*(\d{4}), "(\w+)"', source)
    said = set(re.findall(r'Failed\(\s*"(\w+)"', source)) | {error for _, error in refused}
    said |= set(re.findall(r'return "(\w+)" if error\.errno in NO_ROOM else "(\w+)"', source)[0])
    closed = {number for number, _ in refused} | set(re.findall(r"(?:close|dismiss)\(\s*(\d{4}),", source))
    closed |= set(re.findall(r"Farewell\(\s*(\d{4}),", source))
    return refused, said, closed | set(re.findall(r"close_code: int = (\d{4})", source))


def shape_of(value: Any) -> Any:
    """The names in a JSON value, as deep as they go; of a list of objects, those of its first."""
    if isinstance(value, dict):
        return {name: shape_of(inner) for name, inner in value.items()}
    of_objects = isinstance(value, list) and value and isinstance(value[0], dict)
    return [shape_of(value[0])] if of_objects else None


def sent_shapes(codec: Codec) -> dict[str, tuple[Shape, set[str]]]:
    """By type, the shape of the messages that the codec makes, and which of its names may be missing."""
    found: dict[str, list[Shape]] = {}
    for notice in NOTICES:
        for frame in codec.encode(notice, sent_at=0.0):
            message = json.loads(frame)
            found.setdefault(message.pop("type"), []).append(shape_of(message))
    return {kind: _merged(shapes) for kind, shapes in found.items()}


def _merged(shapes: Iterable[Shape]) -> tuple[Shape, set[str]]:
    whole: Shape = {}
    always: set[str] | None = None
    for shape in shapes:
        for name, inner in shape.items():
            whole[name] = inner or whole.get(name)
        always = set(shape) if always is None else always & set(shape)
    return whole, set(whole) - (always or set())


def stated_shapes(table: str) -> dict[str, tuple[Shape, set[str]]]:
    """The same as a page's table states it: type, fields."""
    return {code(kind)[0]: stated_fields(cell) for kind, cell in rows(table)}


def stated_fields(cell: str) -> tuple[Shape, set[str]]:
    without_values = re.sub(r"\([^)]*\)", "", cell)
    return _read_fields(iter(re.findall(r"\w+|\[\{|\}\]|[{}?]", without_values)))


def _read_fields(tokens: Iterator[str]) -> tuple[Shape, set[str]]:
    """Names up to the closing bracket, with what is in theirs, and which of them may be missing."""
    shape: Shape = {}
    optional: set[str] = set()
    name = ""
    for token in tokens:
        if token in ("}", "}]"):
            break
        if token in ("{", "[{"):
            inner, _ = _read_fields(tokens)
            shape[name] = inner if token == "{" else [inner]
        elif token == "?":
            optional.add(name)
        else:
            name = token
            shape[name] = None
    return shape, optional
