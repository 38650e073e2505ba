"""docs/protocols/transcription-stream.md against the codec and the sockets' refusals."""

from __future__ import annotations

import json
import re

import pytest

from sessions.endings import END_BY_LAG
from sessions.limits import LAG_PATIENCE_S
from sessions.parameters import StreamParameters, parse_parameters
from sessions.protocols.base import Failed, InvalidMessage
from sessions.protocols.transcription_stream import HARD_LAG_S, TERMINATIONS, TranscriptionStreamCodec
from tests.docs.messages import refusals, sent_shapes, stated_shapes
from tests.docs.pages import code, page, rows, section
from transcription.streaming.config import StreamConfig

PAGE = "docs/protocols/transcription-stream.md"


def test_the_page_states_every_message_with_every_field() -> None:
    """Types and field names of the table "From the server" are those that the codec writes."""
    table = section(page(PAGE), "## From the server").split("### ")[0]
    assert stated_shapes(table) == sent_shapes(TranscriptionStreamCodec())


def test_the_page_states_every_message_that_a_client_may_send() -> None:
    """The types under "From the client" are those that the codec says it takes, and it takes them."""
    codec = TranscriptionStreamCodec()
    stated = set(re.findall(r'"type":"(\w+)"', section(page(PAGE), "## From the client")))
    with pytest.raises(InvalidMessage) as refused:
        codec.decode('{"type": "nothing of the kind"}')
    assert stated == set(str(refused.value).removeprefix("type is one of ").split(", "))
    for kind in stated:
        assert codec.decode(json.dumps({"type": kind}))


def test_the_fields_of_config_their_ranges_and_defaults() -> None:
    """Each field that the row of `config` names is read; each range and default is the core's."""
    text = section(page(PAGE), "## From the client")
    [cell] = [cells[1] for cells in rows(text) if '"config"' in cells[0]]
    codec = TranscriptionStreamCodec()
    ranges = re.findall(r"`(\w+)`, ([\d.]+) to ([\d.]+):[^(]*\((?:[a-z ]*?)([\d.]+)", " ".join(text.split()))
    values = {name: json.loads(least) for name, least, _, _ in ranges}
    [command] = codec.decode(json.dumps({"type": "config", "language": "de", **values, "other": 1}))
    assert {name for name, _ in getattr(command, "changes", ())} == set(code(cell)) == {"language", *values}
    for name, least, most, _ in ranges:
        codec.decode(json.dumps({"type": "config", name: json.loads(most)}))
        for outside in (json.loads(least) - 1, json.loads(most) + 1):
            with pytest.raises(InvalidMessage, match=name):
                codec.decode(json.dumps({"type": "config", name: outside}))
    assert "(0.5 where it is not set)" in " ".join(text.split())
    assert StreamConfig().vad_threshold == 0.5
    assert StreamConfig().min_silence_duration_ms == StreamConfig().prefix_padding_ms == 500


def test_the_defaults_of_the_page_are_the_codecs() -> None:
    """The parameters that the page says differ from the native protocol's are the ones that do."""
    codec = TranscriptionStreamCodec
    stated = {code(name)[0]: code(default) for name, _, default in rows(section(page(PAGE), "## Opening"))}
    assert stated.pop(codec.resume_parameter or "") == []
    differing = parse_parameters({name: default for name, [default] in stated.items()}, StreamParameters())
    assert differing == codec.defaults


def test_the_page_states_every_refusal() -> None:
    """Error codes, what is recoverable and close codes are those of the sources, and no others."""
    _, said, closed = refusals(of_starting=False)
    codec_source = page("sessions/protocols/transcription_stream.py")
    said |= set(re.findall(r'_error\("(\w+)"', codec_source)) | {END_BY_LAG.reason}
    closed |= {str(END_BY_LAG.close_code)}

    table = list(rows(section(page(PAGE), "## Refusals and endings")))
    assert {error for cells in table for error in code(cells[1])} == said
    assert {number for cells in table for number in re.findall(r"\d{4}", cells[3])} == closed
    codec = TranscriptionStreamCodec()
    for cells in table:
        for error in code(cells[1]):
            [frame] = codec.encode(Failed(error, ""), sent_at=0.0)
            assert json.loads(frame)["recoverable"] is json.loads(cells[2]), error


def test_the_page_states_how_a_session_may_be_terminated() -> None:
    """Reasons, `recoverable` and the thresholds are the codec's."""
    text = section(page(PAGE), "### `session.terminated`")
    assert {code(r)[0]: json.loads(back) for r, back, _ in rows(text)} == TERMINATIONS
    assert f"{HARD_LAG_S:.0f} s or more behind for {LAG_PATIENCE_S:.0f} s" in text
