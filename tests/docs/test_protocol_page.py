"""docs/protocols/transcribe.md against the codec and the sockets' refusals."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest

from sessions.parameters import InvalidParameters, StreamParameters, parse_parameters
from sessions.protocols.base import InvalidMessage, Notice
from sessions.protocols.transcribe import TranscribeCodec
from tests.docs.messages import NOTICES, refusals, sent_shapes, stated_shapes
from tests.docs.pages import code, page, rows, section

PAGE = "docs/protocols/transcribe.md"


def test_the_samples_are_of_every_kind_of_notice() -> None:
    """A kind of notice that is new has to be on the page before this file is right again."""
    assert {type(notice) for notice in NOTICES} == set(get_args(Notice))


def test_the_page_states_every_message_with_every_field() -> None:
    """Types and field names of the table "From the server" are those that the codec writes."""
    assert stated_shapes(section(page(PAGE), "## From the server")) == sent_shapes(TranscribeCodec())


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
    _, said, closed = refusals(of_starting=False)

    table = list(rows(section(page(PAGE), "## Refusals and endings")))
    assert {error for cells in table for error in code(cells[1])} == said
    assert {number for cells in table for number in re.findall(r"\d{4}", cells[2])} == closed
