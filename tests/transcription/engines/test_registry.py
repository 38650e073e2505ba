"""Engines by alias and by path, and what `auto` becomes with and without a hub."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from transcription.engines import hub
from transcription.engines.base import SpeechEngineConfig
from transcription.engines.registry import SPEECH_ENGINES, choose_speech_engine, make_speech_engine
from transcription.errors import EngineUnavailable

CONFIG = SpeechEngineConfig("base")


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No model on this disk, and no proxy between us and a server on the loopback."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def hub_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """A hub that has the models of one owner, and moves their weights elsewhere as the real one does."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            moved = self.path.startswith("/Systran/")
            self.send_response(302 if moved else 200 if self.path == "/weights" else 404)
            if moved:
                self.send_header("Location", "/weights")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("name", SPEECH_ENGINES)
def test_aliases(name: str) -> None:
    """Every alias makes the engine of that name, without loading it."""
    assert make_speech_engine(name, CONFIG).name == name


def test_dotted_path() -> None:
    """A class of one's own is made from its path."""
    made = make_speech_engine("transcription.engines.scripted.ScriptedEngine", CONFIG)
    assert made.name == "scripted"


@pytest.mark.parametrize(
    "name", ["nope", "no.such.Class", "json.NoSuchClass", "transcription.errors.__doc__", ""]
)
def test_a_wrong_name_lists_what_is_there(name: str) -> None:
    """What cannot be an engine says so, with the names that can."""
    with pytest.raises(EngineUnavailable, match="faster-whisper, pocketsphinx, scripted"):
        make_speech_engine(name, CONFIG)


def test_auto_takes_a_model_on_disk(tmp_path: Path) -> None:
    """A folder with weights is enough for faster-whisper, and no hub is asked."""
    (tmp_path / hub.MODEL_FILE).touch()
    engine, notice = choose_speech_engine("auto", SpeechEngineConfig(str(tmp_path)))
    assert (engine.name, notice) == ("faster-whisper", "")


def test_auto_takes_a_model_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that was fetched before serves without a network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    snapshot = tmp_path / "models--Systran--faster-whisper-base" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / hub.MODEL_FILE).touch()
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    config = SpeechEngineConfig("base", options=(("download_root", str(tmp_path)),))
    engine, notice = choose_speech_engine("auto", config)
    assert (engine.name, notice) == ("faster-whisper", "")


@pytest.mark.usefixtures("hub_server")
def test_auto_takes_a_model_that_can_be_fetched() -> None:
    """A hub that has the weights is enough, wherever it sends us for them."""
    engine, notice = choose_speech_engine("auto", CONFIG)
    assert (engine.name, notice) == ("faster-whisper", "")


@pytest.mark.usefixtures("hub_server")
def test_auto_says_that_the_hub_refused() -> None:
    """Without the model on the hub the embedded recogniser is at work, and the notice says why."""
    engine, notice = choose_speech_engine("auto", SpeechEngineConfig("nobody/nothing"))
    assert engine.name == "pocketsphinx"
    assert "404" in notice
    assert "nobody/nothing" in notice


def test_auto_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """HF_HUB_OFFLINE means that nothing is fetched, and that nobody is asked."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    engine, notice = choose_speech_engine("auto", CONFIG)
    assert engine.name == "pocketsphinx"
    assert "HF_HUB_OFFLINE" in notice


def test_a_hub_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes the connection and says nothing counts as none when the budget is spent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        answer = hub.availability("base", "Systran/faster-whisper-base", budget_s=0.05)
    assert not answer.available
    assert "did not answer" in answer.reason


@pytest.mark.usefixtures("hub_server")
def test_names_that_mean_nothing(tmp_path: Path) -> None:
    """A name that is no size, and a folder without weights, are said to be that."""
    assert "neither" in choose_speech_engine("auto", SpeechEngineConfig("bigger"))[1]
    assert hub.MODEL_FILE in choose_speech_engine("auto", SpeechEngineConfig(str(tmp_path)))[1]


def test_a_named_engine_has_no_notice() -> None:
    """An engine that was asked for by name is made as it is, with nothing to announce."""
    engine, notice = choose_speech_engine("scripted", CONFIG)
    assert (engine.name, notice) == ("scripted", "")
