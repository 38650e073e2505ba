"""What becomes of the segments that Whisper's windows of 30 s cut."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.engines.base import SAMPLE_RATE_HZ, SpeechOptions
from transcription.engines.faster_whisper import FasterWhisperEngine
from transcription.engines.faster_whisper_longform import CUT_S, LONGEST_S, as_heard, pieces, put_together


def said(text: str, start_s: float, end_s: float, logprob: float = -0.5) -> Any:
    """As faster-whisper gives it: each word with the space ahead of it, the times of its words even."""
    pieces = text.split()
    step_s = (end_s - start_s) / max(1, len(pieces))
    words = [
        SimpleNamespace(
            word=f" {piece}", start=start_s + n * step_s, end=start_s + (n + 1) * step_s, probability=0.9
        )
        for n, piece in enumerate(pieces)
    ]
    return SimpleNamespace(
        text="".join(word.word for word in words),
        start=start_s,
        end=end_s,
        words=words,
        avg_logprob=logprob,
        no_speech_prob=0.1,
        compression_ratio=1.5,
    )


def test_a_sentence_that_a_window_cut_is_whole_again() -> None:
    """Its words, text and times are one segment, its log-probability the mean by length."""
    cut = [said("My cousin works at the", 0.0, 3.0, -0.2), said("same place.", 3.0, 4.0, -0.6)]
    (group,) = put_together([*cut])
    heard = as_heard(group, start_s=0.0, end_s=10.0)
    assert heard.text == "My cousin works at the same place."
    assert (heard.start_s, heard.end_s, len(heard.words)) == (0.0, 4.0, 7)
    assert heard.avg_logprob == pytest.approx(-0.3)


def test_sentences_and_pauses_stay_apart() -> None:
    """A full stop ends a segment, and so does a silence after words that end none."""
    segments = [said("Yes.", 0.0, 1.0), said("And then", 1.0, 2.0), said("it broke", 2.1 + CUT_S, 3.0)]
    assert [len(group) for group in put_together(segments)] == [1, 1, 1]


def test_what_lies_past_the_end_is_put_at_the_end() -> None:
    """Whisper pads a window, and may give words times in the padding."""
    heard = as_heard([said("bye bye", 1.0, 5.0)], start_s=0.0, end_s=2.0)
    assert heard.end_s == 2.0
    assert all(word.end_s <= 2.0 for word in heard.words)


@given(
    st.lists(
        st.tuples(st.sampled_from(["and", "so it goes.", "what?", "", "eh"]), st.floats(0.0, 20.0)),
        max_size=20,
    )
)
def test_no_word_is_lost_and_none_changes_places(spoken: list[tuple[str, float]]) -> None:
    """Whatever comes, the same words come out in the same order, in segments no longer than a window."""
    at_s, segments = 0.0, []
    for text, length_s in spoken:
        segments.append(said(text, at_s, at_s + length_s))
        at_s += length_s + length_s % CUT_S
    heard = [as_heard(group, start_s=0.0, end_s=at_s) for group in put_together(segments)]
    assert [word.text for segment in heard for word in segment.words] == [
        piece for text, _ in spoken for piece in text.split()
    ]
    assert all(segment.end_s - segment.start_s <= LONGEST_S + 1e-6 for segment in heard)


def test_a_piece_has_its_place_in_the_recording() -> None:
    """What a piece heard after a second of its own clock is where the piece begins, and a second."""
    heard = as_heard([said("hello there", 1.0, 2.0)], start_s=600.0, end_s=601.5)
    assert (heard.start_s, heard.end_s) == (601.0, 601.5)
    assert heard.words[0].start_s == 601.0


@given(st.integers(0, 90), st.integers(2, 20))
def test_pieces_are_the_recording(length_s: int, longest_s: int) -> None:
    """In order, nothing twice and nothing left out, none longer than it may be, none empty."""
    samples = np.arange(length_s * SAMPLE_RATE_HZ, dtype=np.float32)
    found = list(pieces(samples, longest_s=longest_s))
    assert np.array_equal(np.concatenate([piece for _, piece in found]), samples)
    assert all(len(piece) <= longest_s * SAMPLE_RATE_HZ for _, piece in found)
    assert all(round(start_s * SAMPLE_RATE_HZ) == piece[0] for start_s, piece in found if len(piece))
    assert len(found) == 1 or all(len(piece) for _, piece in found)


def test_a_recording_is_cut_where_it_is_quiet() -> None:
    """In the pause, and not in the word that is said at the end of what a piece may hold."""
    samples = np.ones(30 * SAMPLE_RATE_HZ, np.float32)
    samples[17 * SAMPLE_RATE_HZ : 18 * SAMPLE_RATE_HZ] = 0
    (_, first), (start_s, _) = pieces(samples, longest_s=20)
    assert 17 < len(first) / SAMPLE_RATE_HZ < 18
    assert start_s == len(first) / SAMPLE_RATE_HZ


def test_what_is_spoken_first_is_the_language(
    clock: FasterWhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent piece, of which any language may be guessed, decides nothing; the first that speaks does."""
    asked: list[str | None] = []
    spoken = iter([("cy", []), ("de", [said("ja gut.", 0.0, 1.0)]), ("en", [said("danke.", 0.0, 1.0)])])

    def transcribe(_: Any, *, language: str | None, **__: Any) -> tuple[list[Any], Any]:
        asked.append(language)
        guessed, segments = next(spoken)
        return segments, SimpleNamespace(language=language or guessed, language_probability=0.8)

    monkeypatch.setattr("transcription.engines.faster_whisper.pieces", partial(pieces, longest_s=10.0))
    monkeypatch.setattr(clock._whisper, "transcribe", transcribe)
    samples = np.zeros(17 * SAMPLE_RATE_HZ, np.float32)  # three pieces: the pause is cut where it begins
    heard = list(clock.transcribe(samples, SpeechOptions(), lambda _: None))
    assert asked == [None, None, "de"]
    assert [(h.language, h.language_probability) for h in heard] == [("de", 0.8), ("de", 0.8)]
