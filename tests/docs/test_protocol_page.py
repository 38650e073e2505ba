"""docs/protocols/transcribe.md against the codec and the sockets' refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from sessions.figures import SessionFigures
from sessions.parameters import InvalidParameters, StreamParameters, parse_parameters
from sessions.protocols.base import (
    Acknowledged,
    Announced,
    Configured,
    Ended,
    Failed,
    Heard,
    Info,
    InvalidMessage,
    Lagging,
    Notice,
    Opened,
    Pong,
    SessionConfig,
)
from sessions.protocols.transcribe import TranscribeCodec
from tests.docs.pages import ROOT, code, page, rows, section
from transcription.models import Word

PAGE = "docs/protocols/transcribe.md"
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
NOTICES: tuple[Notice, ...] = (
    Opened("s", "c", "hello", CONFIG, False, 0, ""),
    HEARD,
    Acknowledged(0, 0.0),
    Info("s", 0.0, 0, "", tuple(METRICS.items())),
    Pong(0.0),
    Configured(CONFIG),
    Announced("hello"),
    Lagging(3.0),
    Ended("s", "c", "bye", "end_session", "", 0.0, None),
    Failed("invalid_message", "no"),
    Failed("decode_failed", "no", chunk_index=0, session_time_s=0.0),
)
Shape = dict[str, Any]


def shape_of(value: Any) -> Any:
    """The names in a JSON value, as deep as they go."""
    if isinstance(value, dict):
        return {name: shape_of(inner) for name, inner in value.items()}
    return [shape_of(value[0])] if isinstance(value, list) else None


def sent_shapes() -> dict[str, list[Shape]]:
    """By type, the shape of each message that the codec makes."""
    found: dict[str, list[Shape]] = {}
    codec = TranscribeCodec()
    for notice in NOTICES:
        [frame] = codec.encode(notice, sent_at=0.0)
        message = json.loads(frame)
        found.setdefault(message.pop("type"), []).append(shape_of(message))
    return found


def read_fields(tokens: Iterator[str]) -> tuple[Shape, set[str]]:
    """Names up to the closing bracket, with what is in theirs, and which of them may be missing."""
    shape: Shape = {}
    optional: set[str] = set()
    name = ""
    for token in tokens:
        if token in ("}", "}]"):
            break
        if token in ("{", "[{"):
            inner, _ = read_fields(tokens)
            shape[name] = inner if token == "{" else [inner]
        elif token == "?":
            optional.add(name)
        else:
            name = token
            shape[name] = None
    return shape, optional


def stated_fields(cell: str) -> tuple[Shape, set[str]]:
    without_values = re.sub(r"\([^)]*\)", "", cell)
    return read_fields(iter(re.findall(r"\w+|\[\{|\}\]|[{}?]", without_values)))


def test_the_samples_are_of_every_kind_of_notice() -> None:
    """A kind of notice that is new has to be on the page before this file is right again."""
    assert {type(notice) for notice in NOTICES} == set(get_args(Notice))


def test_the_page_states_every_message_with_every_field() -> None:
    """Types and field names of the table "From the server" are those that the codec writes."""
    stated = {
        code(kind)[0]: stated_fields(cell) for kind, cell in rows(section(page(PAGE), "## From the server"))
    }
    sent = sent_shapes()
    assert set(stated) == set(sent)
    for kind, (fields, optional) in stated.items():
        least, most = sent[kind][0], sent[kind][-1]
        assert fields == most, kind
        assert set(fields) - optional == set(least), kind


def test_the_page_states_every_message_that_a_client_may_send() -> None:
    """The types under "From the client" are those that the codec says it takes, and it takes them."""
    codec = TranscribeCodec()
    stated = set(re.findall(r'"type":"(\w+)"', section(page(PAGE), "## From the client")))
    with pytest.raises(InvalidMessage) as refused:
        codec.decode('{"type": "nothing of the kind"}')
    assert stated == set(str(refused.value).removeprefix("type is one of ").split(", "))
    for kind in stated:
        assert codec.decode(json.dumps({"type": kind}))


def test_the_fields_of_config_are_those_that_change_something() -> None:
    """Each field that the row of `config` names is read, and nothing else is changed by it."""
    [cell] = [cells[1] for cells in rows(section(page(PAGE), "## From the client")) if '"config"' in cells[0]]
    stated = set(code(cell)) - {"config_updated"}
    samples = {"language": "de", "vocabulary": ["x"], "interim_results": True, "word_timestamps": False}
    [command] = TranscribeCodec().decode(json.dumps({"type": "config", **samples, "other": 1}))
    assert {name for name, _ in getattr(command, "changes", ())} == stated == set(samples)


def test_the_parameters_of_the_page_are_read() -> None:
    """Every query parameter of the page is looked at: a value that makes no sense is refused.

    `model` is not checked by the parser but against what the installation allows.
    """
    table = section(page(PAGE), "## Opening")
    names = [name for cells in rows(table) for name in code(cells[0])]
    assert {"encoding", "sample_rate", "model", "acks", "store_audio"} <= set(names)
    for name in set(names) - {"model"}:
        with pytest.raises(InvalidParameters, match=name):
            parse_parameters({name: "no such value"}, StreamParameters())


def test_the_page_states_every_refusal() -> None:
    """Error codes and close codes in the sources of the sockets are those of the table, and no others."""
    source = "\n".join(path.read_text() for path in (ROOT / "sessions").glob("*.py"))
    refused = re.findall(r'Refused\(\s*(\d{4}), "(\w+)"', source)
    said = set(re.findall(r'Failed\(\s*"(\w+)"', source)) | {error for _, error in refused}
    said |= set(re.findall(r'return "(\w+)" if error\.errno in NO_ROOM else "(\w+)"', source)[0])
    closed = {number for number, _ in refused} | set(re.findall(r"close\((\d{4}),", source))

    table = list(rows(section(page(PAGE), "## Refusals and endings")))
    assert {error for cells in table for error in code(cells[1])} == said
    assert {number for cells in table for number in re.findall(r"\d{4}", cells[2])} == closed
