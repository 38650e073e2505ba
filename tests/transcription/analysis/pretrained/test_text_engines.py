"""Entities, categories, answers: the real loading and reading code, with models whose answers are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.transcription.analysis.pretrained.models import (
    make_entailment,
    make_reader,
    make_token_classifier,
    make_tokenizer,
)
from transcription.analysis.answers.pretrained import TransformersAnswers
from transcription.analysis.base import Question, StageEngineConfig, Talk, TaxonomyLabel
from transcription.analysis.classification.pretrained import TransformersClassification
from transcription.analysis.entities import pretrained as pretrained_entities
from transcription.analysis.entities.pretrained import TransformersEntities
from transcription.analysis.pretrained.loading import batch_size_on
from transcription.analysis.pretrained.windows import lines_in_windows
from transcription.analysis.translation import pretrained as pretrained_translation
from transcription.errors import EngineFailed, EngineUnavailable
from transcription.models import Segment

FILLER = "filler " * 30


def talk(*texts: str) -> Talk:
    segments = tuple(Segment(i, float(i), i + 0.9, text, f"SPEAKER_0{i % 2}") for i, text in enumerate(texts))
    return Talk(segments, language="en", duration_s=float(len(texts)))


@pytest.fixture(scope="module")
def entities(tmp_path_factory: pytest.TempPathFactory) -> TransformersEntities:
    folder = make_token_classifier(tmp_path_factory.mktemp("ner"), {"grace": "B-PER", "nairobi": "B-LOC"})
    engine = TransformersEntities(StageEngineConfig(model=str(folder)))
    engine.load()
    return engine


def test_entities_are_found_past_the_models_window(entities: TransformersEntities) -> None:
    """A name forty words into a segment is found once, at its own place in the segment's text."""
    spoken = talk(f"my name is grace {FILLER}and grace", "i live in nairobi")
    found = [entity for entity in entities.extract(spoken) if entity.label in ("PERSON", "LOCATION")]
    assert [(e.segment_id, e.label) for e in found] == [(0, "PERSON"), (0, "PERSON"), (1, "LOCATION")]
    assert all(spoken.segments[e.segment_id].text[e.start : e.end] == e.text for e in found)
    assert found[1].start == len(spoken.segments[0].text) - len("grace")
    assert all(e.confidence is not None and e.confidence > 0.9 for e in found)


def test_what_the_model_does_not_know_comes_from_the_rules(entities: TransformersEntities) -> None:
    """A day is found by rules, whose confidence nobody measured; names are left to the model."""
    found = entities.extract(talk("the pain began on monday and my name is peter"))
    assert [(e.text, e.label, e.confidence) for e in found] == [("monday", "DATE", None)]


def test_an_answer_is_quoted_from_where_the_reader_points(tmp_path: Path) -> None:
    """The span is found in a later window, quoted verbatim with its segment and time."""
    engine = TransformersAnswers(
        StageEngineConfig(model=str(make_reader(tmp_path, start="in", end="nairobi")))
    )
    engine.load()
    (answer,) = engine.answer(
        talk(FILLER, "i live in nairobi", FILLER), [Question("q", "where do you live ?")]
    )
    assert (answer.status, answer.answer) == ("answered", "in nairobi")
    assert [(e.segment_id, e.quote, e.start) for e in answer.evidence] == [(1, "in nairobi", 1.0)]
    assert answer.confidence is not None
    assert answer.confidence > 0.5


def test_what_the_reader_does_not_see_is_not_found(tmp_path: Path) -> None:
    """Where it points at nothing, and where nothing was said, there is no answer."""
    engine = TransformersAnswers(
        StageEngineConfig(model=str(make_reader(tmp_path, start="in", end="nairobi")))
    )
    engine.load()
    for spoken in (talk("the pain began on monday"), talk(), talk("  ")):
        (answer,) = engine.answer(spoken, [Question("q", "where do you live ?")])
        assert (answer.status, answer.answer, answer.evidence) == ("not_found", None, ())


def test_a_question_longer_than_the_model_reads_is_an_error(tmp_path: Path) -> None:
    """It is not cut."""
    engine = TransformersAnswers(
        StageEngineConfig(model=str(make_reader(tmp_path, start="in", end="nairobi")))
    )
    engine.load()
    with pytest.raises(EngineFailed, match="longer"):
        engine.answer(talk("i live in nairobi"), [Question("q", "where " * 20)])


def test_a_tokenizer_that_loses_the_end_of_a_talk_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some versions give fewer windows than a long text has; what they leave out is not passed over."""
    engine = TransformersAnswers(
        StageEngineConfig(model=str(make_reader(tmp_path, start="in", end="nairobi")))
    )
    engine.load()
    reader = type(engine._loaded.reader)  # type: ignore[union-attr]
    whole = reader.__call__

    def forgetful(self: Any, *args: Any, **options: Any) -> Any:
        windows = whole(self, *args, **options)
        if "offset_mapping" in windows:
            for name in windows:
                windows[name] = windows[name][:2]
        return windows

    monkeypatch.setattr(reader, "__call__", forgetful)
    with pytest.raises(EngineFailed, match="left out the end"):
        engine.answer(talk(*[FILLER] * 5, "i live in nairobi"), [Question("q", "where do you live ?")])


def test_a_category_is_chosen_by_what_the_last_window_says(tmp_path: Path) -> None:
    """Two labels differ only in what speaks for them at the very end of a long talk; that decides."""
    signs = {"refund": 6.0, "money": 1.0}
    engine = TransformersClassification(StageEngineConfig(model=str(make_entailment(tmp_path, signs))))
    engine.load()
    labels = [TaxonomyLabel("money", ""), TaxonomyLabel("water", ""), TaxonomyLabel("urgent", "", "priority")]
    quiet = engine.classify(talk(FILLER, FILLER), labels)
    assert quiet.main_category is None
    assert quiet.confidence is None
    loud = engine.classify(talk(FILLER, "refund refund refund refund"), labels)
    assert loud.main_category == "money"
    assert loud.priority == "urgent"
    assert loud.confidence == loud.confidence_breakdown["main_category"]
    assert engine.classify(talk(), labels).main_category is None


def test_every_word_is_in_a_window_that_fits(tmp_path: Path) -> None:
    """Short lines are packed whole, a long one is cut without a word lost, and no window is too large."""
    tokenizer = make_tokenizer(tmp_path)
    lines = ["hello grace", "my name is grace", " ".join(["water", "money"] * 12), "hello"]
    windows = list(lines_in_windows(lines, tokenizer, max_tokens=10))
    assert all(len(tokenizer(w.text, add_special_tokens=False)["input_ids"]) <= 10 for w in windows)
    assert " ".join(w.text for w in windows).split() == " ".join(lines).split()
    assert windows[0].text == "hello grace\nmy name is grace"
    overlapping = list(lines_in_windows(lines[2:3], tokenizer, max_tokens=10, overlap=True))
    assert all(lines[2][w.offset :].startswith(w.text) for w in overlapping)
    assert overlapping[1].offset < len(overlapping[0].text)
    assert overlapping[-1].offset + len(overlapping[-1].text) == len(lines[2])


def test_a_head_that_was_never_trained_is_refused(tmp_path: Path) -> None:
    """A folder whose weights lack the head would answer at random: it does not load, and says so."""
    folder = make_token_classifier(tmp_path, {"grace": "B-PER"})
    engine = TransformersAnswers(StageEngineConfig(model=str(folder)))
    with pytest.raises(EngineUnavailable, match="not trained for this"):
        engine.load()


@pytest.mark.parametrize("model", ["./no-such-folder", "/nor/this", "three/parts/here", "one"])
def test_a_folder_that_is_not_there_names_the_setting(model: str) -> None:
    """The error says which variable to set."""
    with pytest.raises(EngineUnavailable, match="AMBIENT_STAGE_OPTIONS"):
        TransformersEntities(StageEngineConfig(model=model)).load()


def test_auto_fetches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub model that is not on this disk is passed over at once, with the command that fetches it."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with pytest.raises(EngineUnavailable, match="models download"):
        TransformersEntities(StageEngineConfig(model="nobody/nothing", may_fetch=False)).load()


def test_a_folder_of_rubbish_is_unavailable_with_a_hint(tmp_path: Path) -> None:
    """A folder without a model, or with a broken one, raises no library's own exception."""
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(EngineUnavailable, match="does not load"):
        TransformersEntities(StageEngineConfig(model=str(tmp_path))).load()


def test_a_gpu_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A device that was asked for is never replaced in silence."""
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has one")
    folder = make_token_classifier(tmp_path, {"grace": "B-PER"})
    with pytest.raises(EngineUnavailable, match="sees no GPU"):
        TransformersEntities(StageEngineConfig(model=str(folder), options={"device": "cuda"})).load()


def test_a_batch_is_larger_on_a_gpu(entities: TransformersEntities) -> None:
    """As measured; whoever sets the option has it on any device, and what is neither counts as a CPU."""
    sizes = {"cuda": 32, "cpu": 8}
    assert sizes == pretrained_entities.BATCH_SIZE == pretrained_translation.BATCH_SIZE
    config = StageEngineConfig(model="m")
    assert [batch_size_on(device, config, sizes) for device in ("cuda", "cuda:1", "cpu", "mps")] == [
        32,
        32,
        8,
        8,
    ]
    set_by_hand = StageEngineConfig(model="m", options={"batch_size": 3})
    assert [batch_size_on(device, set_by_hand, sizes) for device in ("cuda", "cpu")] == [3, 3]
    assert entities._batch == (32 if entities._classify.device.type == "cuda" else 8)
