"""docs/engines.md against the registries; its two engines, as they stand on the page, at work."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Iterator
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest

from ambient import demo
from ambient.conf import STAGE_ENGINE_VARIABLES
from tests.docs.pages import blocks, code, page, rows, section
from transcription.analysis import base as analysis
from transcription.analysis.base import EntityEngine, StageEngineConfig, Talk
from transcription.analysis.registry import ENGINES, choose_stage_engine, make_stage_engine
from transcription.audio.files import decode_file
from transcription.engines.base import SAMPLE_RATE_HZ, SpeechEngineConfig, SpeechOptions, SpeechWindow
from transcription.engines.registry import SPEECH_ENGINES, make_speech_engine
from transcription.errors import EngineFailed, EngineUnavailable
from transcription.models import Segment
from transcription.streaming.config import StreamConfig
from transcription.streaming.session import StreamingSession

PAGE = "docs/engines.md"
CALL = Path(demo.__file__).parent / "call"


def test_the_speech_engines_of_the_page_are_those_of_the_registry() -> None:
    """Every alias has a row, and every row an alias."""
    table = section(page(PAGE), "## Speech engines").split("### Options")[0]
    assert {code(cells[0])[0] for cells in rows(table)} == set(SPEECH_ENGINES)


def test_the_options_of_the_page_are_read() -> None:
    """Each option is asked for by name in the source of the engine that it stands beside, and no other is."""
    stated: dict[str, set[str]] = {}
    for engine, option, *_ in rows(section(page(PAGE), "### Options")):
        stated.setdefault(code(engine)[0], set()).add(code(option)[0])
    read = {}
    for alias, dotted in SPEECH_ENGINES.items():
        *folder, module, _ = dotted.split(".")
        sources = Path(__file__).parents[2].joinpath(*folder).glob(f"{module}*.py")
        text = "\n".join(source.read_text() for source in sources)
        read[alias] = set(re.findall(r'options\.(?:get|pop)\(\s*"(\w+)"', text))
    assert stated == read


def test_the_stages_of_the_page_are_those_of_the_registry() -> None:
    """Variable, alias, model, Protocol and method of each row are what the code has."""
    stated = {code(cells[0])[0]: cells[1:] for cells in rows(section(page(PAGE), "## Stage engines"))}
    assert set(stated) == set(ENGINES)
    for stage, (variable, aliases, model, protocol, method) in stated.items():
        assert code(variable) == [name] if (name := STAGE_ENGINE_VARIABLES.get(stage)) else variable == "–"
        assert code(aliases) == list(ENGINES[stage])
        if not ENGINES[stage]:
            continue
        engines = [make_stage_engine(stage, alias, StageEngineConfig()) for alias in ENGINES[stage]]
        assert code(model) == [engine.model for engine in engines if engine.model]
        assert hasattr(getattr(analysis, code(protocol)[0]), code(method)[0])
        assert all(hasattr(engine, code(method)[0]) for engine in engines)


@pytest.fixture
def own_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's two blocks as the files that it calls them."""
    speech, stage = blocks(page(PAGE), "python")
    (tmp_path / "my_speech.py").write_text(speech)
    (tmp_path / "my_entities.py").write_text(stage)
    monkeypatch.syspath_prepend(str(tmp_path))


class TranscriptionServer(BaseHTTPRequestHandler):
    """Answers every recording with two words and the form that came with it."""

    forms: list[dict[str, bytes]]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = cast("list[Any]", BytesParser().parsebytes(head + body).get_payload())
        form = {
            str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
            for part in parts
        }
        self.forms.append(form)
        words = [{"word": " good", "start": 0.1, "end": 0.3}, {"word": " morning", "start": 0.3, "end": 0.6}]
        answer = json.dumps({"text": " good morning", "words": words}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr."""


@pytest.fixture
def transcription_server() -> Iterator[tuple[str, type[TranscriptionServer]]]:
    class Handler(TranscriptionServer):
        forms: list[dict[str, bytes]] = []

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", Handler
        server.shutdown()
        thread.join()


def first_utterances() -> Any:
    """The first ten seconds of the shipped call, float32 16 kHz."""
    with CALL.with_suffix(".flac").open("rb") as recording:
        return decode_file(recording)[: 10 * SAMPLE_RATE_HZ]


@pytest.mark.usefixtures("own_engines")
def test_the_speech_engine_of_the_page_listens_live_and_to_recordings(
    transcription_server: tuple[str, type[TranscriptionServer]],
) -> None:
    """Found by its dotted path, it carries windows to a server and its words into finals."""
    url, handler = transcription_server
    config = SpeechEngineConfig(model="large", options=(("url", url), ("api_key", "k")))
    engine = make_speech_engine("my_speech.RemoteEngine", config)
    engine.load()
    samples = first_utterances()

    session = StreamingSession(StreamConfig(language="en-GB", vocabulary=("Nairobi",)), engine)
    session.start()
    session.process_audio(samples)
    session.stop()
    finals = session.get_transcript().segments
    assert len(finals) > 1
    assert {segment.text for segment in finals} == {"good morning"}
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(finals))
    assert handler.forms[0]["language"] == b"en"
    assert handler.forms[0]["prompt"] == b"Nairobi"
    with_samples = handler.forms[0]["file"]
    assert with_samples[:4] == b"RIFF"
    assert len(decode_file(BytesIO(with_samples))) > SAMPLE_RATE_HZ // 5

    heard = list(engine.transcribe(samples, SpeechOptions("en"), lambda _: None))
    assert [hypothesis.text for hypothesis in heard] == ["good morning"] * len(finals)
    engine.close()


@pytest.mark.usefixtures("own_engines")
def test_the_speech_engine_of_the_page_fails_in_the_ways_that_the_core_knows(
    transcription_server: tuple[str, type[TranscriptionServer]],
) -> None:
    """Without an address it cannot be loaded; a server's fault may pass, a refusal does not."""
    with pytest.raises(EngineUnavailable, match="AMBIENT_ENGINE_OPTIONS"):
        make_speech_engine("my_speech.RemoteEngine", SpeechEngineConfig("large")).load()
    url, handler = transcription_server
    engine = make_speech_engine(
        "my_speech.RemoteEngine", SpeechEngineConfig("large", options=(("url", url),))
    )
    engine.load()
    window = SpeechWindow("u", first_utterances()[:SAMPLE_RATE_HZ], 0.0, is_final=True)
    for status, passes in ((503, True), (401, False)):
        handler.status = status
        with pytest.raises(EngineFailed) as failed:
            engine.decode([window])
        assert failed.value.retryable is passes
    engine.close()


@pytest.mark.usefixtures("own_engines")
def test_the_stage_engine_of_the_page_finds_what_it_promises() -> None:
    """Found by its dotted path, it adds references and keeps what the embedded engine finds elsewhere."""
    engine = choose_stage_engine("entities", "my_entities.WithReferences", StageEngineConfig()).engine
    text = "it is about case number AB-4711 and my e-mail is ann@example.org"
    talk = Talk((Segment(0, 0.0, 4.0, text),), language="en", duration_s=4.0)
    found = cast("EntityEngine", engine).extract(talk)
    by_label = {entity.label: entity for entity in found}
    assert by_label["REFERENCE"].text == "AB-4711"
    assert by_label["EMAIL"].text == "ann@example.org"
    assert all(text[entity.start : entity.end] == entity.text for entity in found)
