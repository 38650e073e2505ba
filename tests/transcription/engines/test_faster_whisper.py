"""The production engine on a real, small model with random weights: what it says means nothing, how it is
loaded, asked and placed on the clock does."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.transcription.engines import whisper_model
from tests.transcription.engines.speech import call
from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Hypothesis,
    SpeechEngineConfig,
    SpeechOptions,
    SpeechWindow,
)
from transcription.engines.faster_whisper import FasterWhisperEngine
from transcription.engines.faster_whisper_loading import failure, hint_for
from transcription.errors import EngineFailed, EngineUnavailable


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whisper_model.build(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="module")
def engine(folder: Path) -> FasterWhisperEngine:
    made = FasterWhisperEngine(SpeechEngineConfig(str(folder), compute_threads=1))
    made.load()
    return made


def decode(
    engine: FasterWhisperEngine,
    *,
    seconds: float = 3.0,
    offset_s: float = 0.0,
    is_final: bool = False,
    options: SpeechOptions | None = None,
) -> Hypothesis:
    samples = call()[0][SAMPLE_RATE_HZ:][: round(seconds * SAMPLE_RATE_HZ)]
    asked = options or SpeechOptions(language="en")
    return engine.decode([SpeechWindow("u", samples, offset_s, is_final, asked)])[0]


def test_capabilities_of_the_model(engine: FasterWhisperEngine) -> None:
    """A multilingual model says that it detects languages and reads many."""
    assert engine.capabilities.detects_language
    assert engine.capabilities.languages is None
    assert engine.version


@pytest.mark.parametrize("is_final", [False, True])
def test_a_window_is_decoded_and_aligned(engine: FasterWhisperEngine, is_final: bool) -> None:
    """Segments carry their figures, and words their probability and a time within the window."""
    hypothesis = decode(engine, offset_s=5.0, is_final=is_final)
    assert hypothesis.words
    assert hypothesis.engine_ms > 0
    for segment in hypothesis.segments:
        assert segment.avg_logprob is not None
        assert segment.compression_ratio is not None
        assert 0 <= (segment.no_speech_prob or 0) <= 1
    for word in hypothesis.words:
        assert 5.0 <= word.start_s <= word.end_s <= 8.0
        assert word.text == word.text.strip() != ""
        assert word.probability is not None
        assert 0 <= word.probability <= 1


def test_times_are_on_the_audio_clock(engine: FasterWhisperEngine) -> None:
    """The same samples at another place of the session give the same words, that much later."""
    early, late = decode(engine, offset_s=0.0), decode(engine, offset_s=100.0)
    assert [word.text for word in early.words] == [word.text for word in late.words]
    assert [word.start_s + 100.0 for word in early.words] == pytest.approx([w.start_s for w in late.words])


def test_language_is_detected_only_where_none_was_given(engine: FasterWhisperEngine) -> None:
    """A language that is given has no probability; one that is not, or is none of Whisper's, is detected."""
    given = decode(engine, options=SpeechOptions(language="de-AT"))
    assert (given.language, given.language_probability) == ("de", None)
    assert decode(engine, options=SpeechOptions(language="nb")).language == "no"
    for language in (None, "tlh"):
        detected = decode(engine, options=SpeechOptions(language=language))
        assert detected.language in whisper_model.languages()
        assert 0 < (detected.language_probability or 0) <= 1


def test_vocabulary_and_prompt_reach_the_model(engine: FasterWhisperEngine) -> None:
    """Hot words and a prompt change what the decoder sees, and so what it says."""
    plain = decode(engine).text
    assert decode(engine).text == plain
    assert decode(engine, options=SpeechOptions("en", vocabulary=("Ambient",))).text != plain
    assert decode(engine, options=SpeechOptions("en", prompt="Hello")).text != plain


def test_an_empty_window(engine: FasterWhisperEngine) -> None:
    """No samples, no words, no error."""
    assert decode(engine, seconds=0).segments == ()


def test_a_whole_recording(engine: FasterWhisperEngine) -> None:
    """Long form gives hypotheses in order of time, within the recording, and ends at progress 1."""
    samples = call()[0][: 20 * SAMPLE_RATE_HZ]
    progress: list[float] = []
    hypotheses = list(engine.transcribe(samples, SpeechOptions(language="en"), progress.append))
    starts = [segment.start_s for hypothesis in hypotheses for segment in hypothesis.segments]
    assert starts
    assert starts == sorted(starts)
    assert all(0 <= word.end_s <= 20 for hypothesis in hypotheses for word in hypothesis.words)
    assert progress[-1] == 1.0


def test_silence_in_a_recording(engine: FasterWhisperEngine) -> None:
    """A silent recording has no words: the VAD leaves nothing to invent them from."""
    silence = np.zeros(5 * SAMPLE_RATE_HZ, np.float32)
    assert list(engine.transcribe(silence, SpeechOptions(language="en"), lambda _: None)) == []


def test_not_loaded() -> None:
    """An engine that is not loaded, or closed, says so."""
    with pytest.raises(EngineFailed, match="before load"):
        decode(FasterWhisperEngine(SpeechEngineConfig("base")))


@pytest.mark.parametrize("missing", ["model.bin", "tokenizer.json"])
def test_a_folder_with_a_hole(folder: Path, tmp_path: Path, missing: str) -> None:
    """A folder that is no model is named, with what it lacks and how to make one."""
    broken = shutil.copytree(folder, tmp_path / "model")
    (broken / missing).unlink()
    with pytest.raises(EngineUnavailable, match=missing) as caught:
        FasterWhisperEngine(SpeechEngineConfig(str(broken))).load()
    assert "ct2-transformers-converter" in caught.value.hint


def test_a_broken_model(folder: Path, tmp_path: Path) -> None:
    """Weights that are cut off are an engine that is not available, not a crash."""
    broken = shutil.copytree(folder, tmp_path / "model")
    (broken / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:1000])
    with pytest.raises(EngineUnavailable, match="damaged"):
        FasterWhisperEngine(SpeechEngineConfig(str(broken))).load()


def test_wrong_names_and_types(folder: Path) -> None:
    """A size that does not exist, and a compute type that does not, are answered with what to do."""
    with pytest.raises(EngineUnavailable, match="Name a size"):
        FasterWhisperEngine(SpeechEngineConfig("bigger")).load()
    options = (("compute_type", "int3"),)
    with pytest.raises(EngineUnavailable, match="Leave compute_type out"):
        FasterWhisperEngine(SpeechEngineConfig(str(folder), options=options)).load()


def test_no_gpu(folder: Path) -> None:
    """Asking for CUDA where there is none says what to install, or to use the processor."""
    import ctranslate2

    if ctranslate2.get_cuda_device_count():
        pytest.skip("this machine has a GPU")
    with pytest.raises(EngineUnavailable, match="device to cpu"):
        FasterWhisperEngine(SpeechEngineConfig(str(folder), device="cuda")).load()


def test_options_that_are_not_taken(folder: Path) -> None:
    """A setting of the wrong kind is named when the engine is loaded, not when people speak."""
    for name, value in (("beam_size", "5"), ("batch_size", 0), ("short_partials", 1)):
        with pytest.raises(EngineUnavailable, match=name):
            FasterWhisperEngine(SpeechEngineConfig(str(folder), options=((name, value),))).load()


def test_a_partial_has_a_budget_of_tokens(folder: Path, engine: FasterWhisperEngine) -> None:
    """A short partial that would go on and on is cut off; in a batch each window has its own budget."""
    options = (("partial_tokens_per_s", 1),)
    tight = FasterWhisperEngine(SpeechEngineConfig(str(folder), compute_threads=1, options=options))
    tight.load()
    samples = call()[0][SAMPLE_RATE_HZ:]
    windows = [
        SpeechWindow(f"u{n}", samples[: n * SAMPLE_RATE_HZ], 0.0, False, SpeechOptions("en")) for n in (1, 9)
    ]
    together = tight.decode(windows)
    assert [answer.text for answer in together] == [tight.decode([window])[0].text for window in windows]
    assert len(together[0].text) < len(engine.decode(windows[:1])[0].text)


def test_what_there_is_no_room_for_is_told(
    engine: FasterWhisperEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """Phrases of a vocabulary beyond the decoder's room are left out whole, and a log line says how many."""
    decode(
        engine, options=SpeechOptions("en", vocabulary=("short", *["a phrase of fifty characters" * 2] * 99))
    )
    assert any("room for" in record.getMessage() for record in caplog.records)


def test_memory_that_runs_out_says_what_helps() -> None:
    """An allocation that fails while decoding may be tried again, and names what needs less."""
    failed = failure(RuntimeError("CUDA failed with error out of memory"))
    assert failed.retryable
    assert "smaller model" in str(failed)
    assert not failure(ValueError("wrong shape")).retryable
    assert "smaller model" in hint_for(MemoryError(), "cuda", is_folder=True)
