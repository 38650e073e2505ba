"""docs/protocols/segment-stream.md against the codec and the sockets' refusals."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from sessions.media_order import MAX_WAIT_S, MAX_WAITING_FRAMES, MediaOrder
from sessions.meter import meter_of
from sessions.parameters import StreamParameters, parse_parameters
from sessions.protocols.base import Failed
from sessions.protocols.segment_stream import SegmentStreamCodec, read_start
from sessions.starting import START_PATIENCE_S
from tests.docs.messages import ENDED, refusals, sent_shapes, stated_shapes
from tests.docs.pages import code, page, rows, section
from transcription.audio.formats import AudioFormat

PAGE = "docs/protocols/segment-stream.md"
REACHED_BY_ID = {"invalid_session_id"}
"""Refusals of a path with a session id, which this one has not."""


def test_the_page_states_every_message_with_every_field() -> None:
    """Types and field names of the table "From the server" are those that the codec writes."""
    assert stated_shapes(section(page(PAGE), "## From the server")) == sent_shapes(SegmentStreamCodec())


def test_the_page_states_every_message_that_a_client_may_send() -> None:
    """Each type under "From the client" is taken at its place."""
    stated = re.findall(r'"type":"(\w+)"', section(page(PAGE), "## From the client"))
    assert stated == ["start", "resume", "media", "stop"]
    assert read_start('{"type":"start"}').query == {}
    assert read_start('{"type":"resume","session_id":"s","last_seq":-1}').session_id == "s"
    codec = SegmentStreamCodec()
    codec.order = MediaOrder(meter_of(AudioFormat()))
    assert codec.decode('{"type":"media","seq":0,"offset":0,"data":"AAA="}')
    assert codec.decode('{"type":"stop"}')


def test_the_numbers_and_defaults_of_the_page() -> None:
    """What is waited for and how long, and the one default that is another, are the code's."""
    text = " ".join(page(PAGE).split())
    assert f"When {MAX_WAITING_FRAMES} frames or 1 MiB would be exceeded" in text
    assert f"has waited for {MAX_WAIT_S:.0f} s" in text
    assert f"waits {START_PATIENCE_S:.0f} s for a `start`" in text
    stated = {code(name)[0]: code(default)[0] for name, _, default in rows(section(page(PAGE), "## Opening"))}
    assert parse_parameters(stated, StreamParameters()) == SegmentStreamCodec.defaults


def test_the_page_states_every_refusal() -> None:
    """Error codes, which are fatal, and close codes are those of the sources, and no others."""
    refused, said, closed = refusals(of_starting=True)
    said |= {"media_gap", "ended_by_operator", "max_duration", "restarting"}
    closed -= {number for number, error in refused if error in REACHED_BY_ID}

    table = list(rows(section(page(PAGE), "## Refusals and endings")))
    assert {error for cells in table for error in code(cells[1])} == said - REACHED_BY_ID
    assert {number for cells in table for number in re.findall(r"\d{4}", cells[3])} == closed
    codec = SegmentStreamCodec()
    for cells in table:
        for error in code(cells[1]):
            failed = Failed(error, "", is_fatal=cells[3] != "–")
            notice = replace(ENDED, reason=error) if "after `done`" in cells[3] else failed
            said_now = json.loads(codec.encode(notice, sent_at=0.0)[0])
            assert (said_now["code"], said_now["fatal"]) == (error, json.loads(cells[2]))
