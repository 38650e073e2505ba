"""The conversations of the pipeline benchmark: what is true of them, and that nobody else has them."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from pocketsphinx import get_model_path

from bench.pipeline import hearing
from bench.pipeline.conversations import CUTS_IN_S, read_out, reckoned
from bench.pipeline.fragments import Half, mentions_in, read_material, unmarked, words_of
from bench.pipeline.reading import bare, macro_f1, mentions_of, micro_f1, true_mentions
from bench.pipeline.scripts import SUBMETRICS, write_scripts
from bench.pipeline.voices import VOICES
from bench.streaming.conversations import have_flite
from transcription.analysis.answers.question_sets import nurse_intake
from transcription.analysis.base import Entity
from transcription.analysis.classification import clinic

ROOT = Path(__file__).parents[3]
HELD_OUT = ROOT / "bench" / "pipeline" / "material" / "held_out"
NAMES = ("first", "last", "agent", "doctor", "relative", "city", "street", "org", "digits", "email")
HALVES: tuple[Half, ...] = ("tuned", "held_out")
_TELLING_WORDS = 8
"""A run of words as long as this is not said twice by chance; six are ("speaking, what can I do for you")."""


@pytest.mark.parametrize("half", HALVES)
def test_conversations_follow_from_their_seed(half: Half) -> None:
    """The same seed gives the same conversations, another one others."""
    first, again, other = (write_scripts(half, 6, seed=seed) for seed in ("one", "one", "two"))
    assert first == again
    assert [script.lines for script in first] != [script.lines for script in other]


@pytest.mark.parametrize("half", HALVES)
def test_what_is_true_of_a_conversation_is_said_in_it(half: Half) -> None:
    """Every entity and answer stands in a line, every sub-metric is judged, and two to four people speak for
    one to five minutes."""
    labels = {(label.kind, label.name) for label in clinic()}
    for script in write_scripts(half, 24, seed="any"):
        said = [" ".join(line.words) for line in script.lines]
        assert all(m.text in " ".join(line.words) for line in script.lines for m in line.mentions)
        assert all(any(text in line for line in said) for texts in script.answers.values() for text in texts)
        assert script.answers.keys() <= {question.id for question in nurse_intake()}
        assert set(script.quality) == set(SUBMETRICS)
        assert {("category", script.category), ("priority", script.priority)} <= labels
        assert 2 <= len(script.roles) <= 4
        assert 40 <= reckoned(script).talk.duration_s <= 300


def test_every_sub_metric_has_calls_with_and_without_an_occasion() -> None:
    """Over the held-out half each is shown and missed, except where words can show only the one."""
    scripts = write_scripts("held_out", 96, seed="any")
    values = {name: {script.quality[name] for script in scripts} for name in SUBMETRICS}
    assert values.pop("gives_accurate_information") == {False, None}
    assert all({True, False} <= seen for seen in values.values())
    assert sum(None in seen for seen in values.values()) >= 7


def test_the_held_out_half_is_used_nowhere_else() -> None:
    """No longer run of words of its lines stands in another file, and its names and places are its own."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    kinds = (".py", ".toml", ".json", ".jsonl", ".md")
    paths = [ROOT / name for name in listed.splitlines() if name.endswith(kinds)]
    elsewhere = [
        (path, f" {' '.join(words_of(path.read_text(encoding='utf-8')))} ")
        for path in paths
        if path.is_file() and path.parent != HELD_OUT
    ]
    runs = [
        " ".join(words)
        for author in read_material("held_out")
        for fragments in author.fragments.values()
        for fragment in fragments
        for line in fragment.lines
        if not line.startswith("A")  # whoever serves says ready-made phrases that others write too
        for piece in re.split(r"\{\w+\}", unmarked(line.partition(" ")[2]))
        if len(words := words_of(piece)) >= _TELLING_WORDS
    ]
    found = [(run, str(path)) for run in runs for path, text in elsewhere if f" {run} " in text]
    assert len(runs) > 50
    assert not found
    for author in read_material("tuned"):
        for other in read_material("held_out"):
            for name in NAMES:
                assert not {x.casefold() for x in author.slots[name]} & {
                    x.casefold() for x in other.slots[name]
                }


def test_the_voices_can_say_the_names_of_the_held_out_half() -> None:
    """Every word of a mention is in a pronouncing dictionary. How a voice says another is its guess, and what
    it says then is not the word that is held to be said."""
    dictionary = Path(get_model_path("en-us/cmudict-en-us.dict")).read_text(encoding="utf-8").splitlines()
    known = {line.split(" ", 1)[0].partition("(")[0] for line in dictionary}
    scripts = write_scripts("held_out", 96, seed="any")
    mentions = [mention for script in scripts for line in script.lines for mention in line.mentions]
    words = {word for m in mentions if m.label != "EMAIL" for word in words_of(m.text)}
    assert len(words) > 100
    assert not words - known


def test_the_voices_of_the_halves_are_different_ones() -> None:
    """No voice is in both halves or as flite ships it, which is how the other benchmarks and the demo use
    them; and nothing else reads with these."""
    tuned, held_out = (set(VOICES[half]) for half in HALVES)
    assert not tuned & held_out
    assert all(voice.pitch != 1 for voice in tuned | held_out)
    users = [
        path
        for folder in ("ambient", "bench", "conversations", "sessions", "tasks", "tests", "transcription")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"bench\.pipeline\.voices|\bread_out\b", path.read_text(encoding="utf-8"))
        and "pipeline" not in path.parent.name
    ]
    assert not users


def test_lines_are_read_without_their_marks() -> None:
    """A mark is an entity and leaves its words."""
    line = "C I live in [LOCATION saint mary's], and that's [DATE the check-up]."
    assert unmarked(line) == "C I live in saint mary's, and that's the check-up."
    assert [(m.label, m.text) for m in mentions_in(line)] == [
        ("LOCATION", "saint mary's"),
        ("DATE", "the check up"),
    ]


def test_scores_of_a_right_and_of_a_wrong_reader() -> None:
    """Micro F1 counts mentions, whatever article stands ahead of them; macro F1 counts classes alike."""
    conversation = reckoned(write_scripts("tuned", 1, seed="any")[0])
    truth = true_mentions(conversation)
    entities = [Entity(f"the {text}", label, 0, 1, 0, None) for label, text in truth.elements()]
    assert micro_f1([mentions_of(entities)], [truth]) == 1
    assert micro_f1([Counter()], [truth]) == 0
    assert bare("doctor brown") == bare("the brown") == "brown"
    assert bare("forty two years old") == bare("42") == "42"
    assert macro_f1(["a", "a", "a", "b"], ["a"] * 4) == pytest.approx((6 / 7) / 2)


@pytest.mark.skipif(not have_flite(), reason="flite reads the conversations")
def test_a_conversation_is_read_with_known_times() -> None:
    """Words lie within their lines and the sound, a line that cuts in begins early, and whoever hears
    everything right gets full marks."""
    scripts = write_scripts("tuned", 1, seed="short")
    scripts[0].lines[:] = [*scripts[0].lines[:4], *(line for line in scripts[0].lines if line.cuts_in)]
    (conversation,) = read_out(scripts, seed="short")
    segments = conversation.talk.segments
    assert conversation.samples is not None
    assert len(conversation.samples) / 16_000 >= conversation.talk.duration_s - 0.1
    for segment, line in zip(segments, scripts[0].lines, strict=True):
        assert [word.text for word in segment.words] == line.words
        assert all(segment.start_s <= w.start_s < w.end_s <= segment.end_s + 1e-6 for w in segment.words)
    assert all(
        after.start_s == pytest.approx(before.end_s - CUTS_IN_S)
        for before, after, line in zip(segments, segments[1:], scripts[0].lines[1:], strict=False)
        if line.cuts_in
    )
    figures = hearing.figures([conversation], [hearing.Heard(conversation.talk, conversation.talk.turns)])
    assert [round(figure.value, 6) for figure in figures[:-1]] == [0, 100, 100, 0]
    assert 0 < figures[-1].value <= 100
