"""The text that comes out of the real loading, encoding, decoding, aligning and batching code, with a model
whose text is known from the audio: while windows grow, slide, are padded short and batched with others."""

from __future__ import annotations

import itertools
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transcription.engines.whisper_clock.tones import CELL_S, SYLLABLES, sounds, speak
from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Hypothesis,
    Samples,
    SpeechEngineConfig,
    SpeechOptions,
    SpeechWindow,
)
from transcription.engines.faster_whisper import FasterWhisperEngine
from transcription.engines.faster_whisper_windows import WindowDecoder
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import FinalSegment, PartialSegment, StreamEvent

ENGLISH = SpeechOptions("en")
SAID = ["ba", "de", None, "fi", "go", "lu", "ne", "ba", "ba", "ne", "lu", "de", "fi", None, "go"]
keys = (f"u{number}" for number in itertools.count())

syllables = st.lists(st.sampled_from([*SYLLABLES, None]), min_size=1, max_size=40)


def decoder_of(engine: FasterWhisperEngine) -> WindowDecoder:
    """The one that it has, which is free between calls."""
    assert engine._windows is not None
    decoder = engine._windows.get()
    engine._windows.put(decoder)
    return decoder


def window(
    samples: Samples,
    *,
    key: str = "",
    offset_s: float = 0.0,
    is_final: bool = False,
    options: SpeechOptions = ENGLISH,
) -> SpeechWindow:
    return SpeechWindow(key or next(keys), samples, offset_s, is_final, options)


def heard(hypothesis: Hypothesis) -> list[str]:
    return sounds(hypothesis.text)


@settings(max_examples=20, deadline=None)
@given(said=syllables, is_final=st.booleans())
def test_every_word_and_no_other(clock: FasterWhisperEngine, said: list[str | None], is_final: bool) -> None:
    """Whatever is said and wherever the silences lie, over several segments, the text is what was said."""
    assert heard(clock.decode([window(speak(said), is_final=is_final)])[0]) == [s for s in said if s]


def test_words_have_the_times_of_the_tones(clock: FasterWhisperEngine) -> None:
    """Each word starts and ends where its tone does, to a tenth of a second, on the audio clock."""
    said = [*SAID, None]
    hypothesis = clock.decode([window(speak(said), offset_s=60.0)])[0]
    true = [60.0 + index * CELL_S for index, syllable in enumerate(said) if syllable]
    assert [word.start_s for word in hypothesis.words[:-1]] == pytest.approx(true[:-1], abs=0.1)
    assert [word.end_s for word in hypothesis.words[:-1]] == pytest.approx(
        [start + CELL_S for start in true[:-1]], abs=0.1
    )
    assert all(word.probability and word.probability > 0.9 for word in hypothesis.words)
    assert [segment.start_s for segment in hypothesis.segments] == sorted(
        segment.start_s for segment in hypothesis.segments
    )


def test_word_times_are_those_of_faster_whisper(clock: FasterWhisperEngine) -> None:
    """The same window through faster-whisper's own long form has the same words at the same times."""
    samples = speak(SAID)
    ours = clock.decode([window(samples)])[0].words
    segments, _ = clock._whisper.transcribe(samples, language="en", beam_size=1, word_timestamps=True)
    theirs = [word for segment in segments for word in segment.words]
    assert [word.text for word in ours] == [word.word.strip() for word in theirs]
    assert [word.start_s for word in ours] == pytest.approx([word.start for word in theirs], abs=0.02)
    assert [word.end_s for word in ours] == pytest.approx([word.end for word in theirs], abs=0.02)


def test_a_window_that_grows(clock: FasterWhisperEngine) -> None:
    """Every growth of a window says the same as before and what is new, and computes only the new frames."""
    decoder = decoder_of(clock)
    samples, key = speak(SAID), next(keys)
    before: list[str] = []
    computed = decoder.log_mel.frames_computed
    ends = range(SAMPLE_RATE_HZ // 2, len(samples) + 1, SAMPLE_RATE_HZ // 5)
    for end in ends:
        now = heard(clock.decode([window(samples[:end], key=key)])[0])
        assert now[: len(before)] == before
        before = now
    assert decoder.log_mel.frames_computed - computed <= len(samples) // 160 + 3 * len(ends)


def test_another_utterance_under_the_same_key(clock: FasterWhisperEngine) -> None:
    """What is kept under a key is used only for the audio that it came from."""
    key = next(keys)
    assert heard(clock.decode([window(speak(["ba", "ba", "ba"]), key=key)])[0]) == ["ba"] * 3
    assert heard(clock.decode([window(speak(["ne", "ne", "ne", "ne"]), key=key)])[0]) == ["ne"] * 4
    assert heard(clock.decode([window(speak(["ne"]), key=key)])[0]) == ["ne"]


def test_the_final_of_a_window_that_was_a_partial(clock: FasterWhisperEngine) -> None:
    """It is not encoded again, and its text is the same."""
    decoder = decoder_of(clock)
    samples, key = speak(SAID), next(keys)
    partial = clock.decode([window(samples, key=key)])[0]
    encoded = decoder.encoder.windows_encoded
    assert clock.decode([window(samples, key=key, is_final=True)])[0].text == partial.text
    assert decoder.encoder.windows_encoded == encoded
    clock.decode([window(samples, key=key, is_final=True)])
    assert decoder.encoder.windows_encoded == encoded + 1, "nothing is kept after the final"


@settings(max_examples=10, deadline=None)
@given(said=st.lists(st.tuples(syllables, st.booleans(), st.booleans()), min_size=1, max_size=6))
def test_a_batch_says_what_its_windows_say_alone(
    clock: FasterWhisperEngine, said: list[tuple[list[str | None], bool, bool]]
) -> None:
    """Partials and finals of several sessions, given and detected languages: each as if it were alone."""
    windows = [
        window(speak(each), is_final=is_final, options=ENGLISH if given else SpeechOptions())
        for each, is_final, given in said
    ]
    together = clock.decode(windows)
    for one, answer in zip(windows, together, strict=True):
        alone = clock.decode([one])[0]
        assert answer.text == alone.text
        assert answer.words == pytest.approx(alone.words) or [
            w.start_s for w in answer.words
        ] == pytest.approx([w.start_s for w in alone.words], abs=0.05)
        assert answer.language == "en"
        assert (answer.language_probability is None) == (one.options.language is not None)


def test_short_windows_say_the_same(clock: FasterWhisperEngine, clock_folder: Path) -> None:
    """Padded to 10 s instead of 30 s a partial says the same, and a final is padded to 30 s as ever."""
    options = (("short_partials", True),)
    short = FasterWhisperEngine(SpeechEngineConfig(str(clock_folder), compute_threads=1, options=options))
    short.load()
    for is_final in (False, True):
        asked = window(speak(SAID), is_final=is_final)
        assert short.decode([asked])[0].text == clock.decode([asked])[0].text


def test_prompts_of_several_lengths_in_a_batch(clock: FasterWhisperEngine) -> None:
    """Vocabulary and prompt, more than there is room for too, leave the windows beside them as they are."""
    asked = [
        SpeechOptions("en", prompt="said before"),
        SpeechOptions("en", vocabulary=("Ambient", "Nightingale")),
        SpeechOptions("de", vocabulary=tuple(f"phrase number {n}" for n in range(100)), prompt="p" * 200),
        SpeechOptions("fr", task="translate"),
    ]
    answers = clock.decode([window(speak(SAID), is_final=True, options=options) for options in asked])
    assert [heard(answer) for answer in answers] == [[s for s in SAID if s]] * len(asked)
    assert [answer.language for answer in answers] == ["en", "en", "de", "fr"]


def test_translation_is_asked_for(clock: FasterWhisperEngine) -> None:
    """The task reaches the decoder: this model starts its translations 20 ms late."""
    assert clock.capabilities.translates
    tasks: tuple[Literal["transcribe", "translate"], ...] = ("transcribe", "translate")
    for task, start_s in zip(tasks, (0.0, 0.02), strict=True):
        options = SpeechOptions("de", word_timestamps=False, task=task)
        for is_final in (False, True):
            answer = clock.decode([window(speak(SAID), options=options, is_final=is_final)])[0]
            assert answer.segments[0].start_s == pytest.approx(start_s)
            assert (answer.language, answer.words) == ("de", ())


def test_more_than_thirty_seconds(clock: FasterWhisperEngine) -> None:
    """A window longer than Whisper's is read on, in the same decode."""
    said = [SYLLABLES[index % 6] for index in range(90)]
    assert heard(clock.decode([window(speak(said), is_final=True)])[0]) == said


def test_a_whole_recording(clock: FasterWhisperEngine) -> None:
    """Sound that is no speech does not reach the decoder: the VAD of the long form hears none in tones."""
    assert list(clock.transcribe(speak(SAID * 3), ENGLISH, lambda _: None)) == []


def without_numbers(hypothesis: Hypothesis) -> Hypothesis:
    """The cell's number counts from the window's start: the same tone has another one in the next window."""
    segments = tuple(
        replace(
            segment,
            text=" ".join(sounds(segment.text)),
            words=tuple(replace(word, text=" ".join(sounds(word.text))) for word in segment.words),
        )
        for segment in hypothesis.segments
    )
    return replace(hypothesis, segments=segments)


def stream(
    engine: FasterWhisperEngine, said: list[str | None], config: StreamConfig, lead_s: float
) -> tuple[list[FinalSegment], list[PartialSegment], int]:
    """Through a core at the speed of speech; an answer comes with the frame that it was asked in."""
    samples = np.concatenate([np.zeros(round(lead_s * SAMPLE_RATE_HZ), np.float32), speak(said)])
    samples = np.concatenate([samples, np.zeros(-len(samples) % FRAME_SAMPLES, np.float32)])
    core, key = StreamingCore(config), next(keys)
    events: list[StreamEvent] = []
    decodes = 0
    for start in range(0, len(samples) + FRAME_SAMPLES, FRAME_SAMPLES):
        now_s, frame = (start + FRAME_SAMPLES) / SAMPLE_RATE_HZ, samples[start : start + FRAME_SAMPLES]
        if len(frame):
            events += core.push_audio(frame, now_s)
            events += core.push_speech([float(np.abs(frame).max() > 0.01)], now_s)
        else:
            events += core.finish(now_s)
        while (request := core.next_decode(now_s)) is not None:
            asked = window(
                core.window(request),
                key=f"{key}:{request.utterance_id}",
                offset_s=request.start_sample / SAMPLE_RATE_HZ,
                is_final=request.is_final,
            )
            decodes += 1
            events += core.accept(request.id, without_numbers(engine.decode([asked])[0]), now_s)
    assert core.done
    finals = [event.payload for event in events if isinstance(event.payload, FinalSegment)]
    return finals, [event.payload for event in events if isinstance(event.payload, PartialSegment)], decodes


UTTERANCES = [
    *[None] * 2, "ba", "de", "fi", "go", "lu", *[None] * 4, "ne", "ba", "ba", "ba", "de", *[None] * 4, "go",
]  # fmt: skip


@pytest.mark.parametrize("early_final_ms", [0, 200])
@pytest.mark.parametrize("lead_s", [0.0, 0.1, 0.3])
def test_utterances_through_the_core(clock: FasterWhisperEngine, lead_s: float, early_final_ms: int) -> None:
    """Endpointing, growing windows, agreement and finals, over the real engine: the words that were said."""
    config = StreamConfig(language="en", early_final_ms=early_final_ms, min_new_audio_s=0.5)
    finals, partials, _ = stream(clock, [*UTTERANCES, *[None] * 3], config, lead_s)
    assert [sounds(final.text) for final in finals] == [
        ["ba", "de", "fi", "go", "lu"],
        ["ne", "ba", "ba", "ba", "de"],
        ["go"],
    ]
    assert partials


@pytest.mark.parametrize("seed", [1, 2])
def test_speech_without_a_pause_is_cut_and_nothing_is_lost(clock: FasterWhisperEngine, seed: int) -> None:
    """Forced cuts slide the window over speech that does not stop: each word once, in order, at its time."""
    dice = random.Random(seed)
    said: list[str | None] = [dice.choice(SYLLABLES) for _ in range(45)]
    config = StreamConfig(language="en", max_utterance_s=6.0, min_new_audio_s=0.5)
    finals, _, decodes = stream(clock, [None, None, *said, *[None] * 3], config, 0.1)
    assert len(finals) > 2
    assert [syllable for final in finals for syllable in sounds(final.text)] == said
    times = [word.start_s for final in finals for word in final.segment.words]
    assert times == sorted(times)
    assert times == pytest.approx([0.9 + index * CELL_S for index in range(len(said))], abs=CELL_S / 2 + 0.1)
    assert decodes < 60


def test_two_workers_decode_at_the_same_time(clock_folder: Path) -> None:
    """With two workers the engine says so, and calls from two threads say what one after the other does."""
    options = (("workers", 2),)
    engine = FasterWhisperEngine(SpeechEngineConfig(str(clock_folder), options=options))
    engine.load()
    assert engine.capabilities.concurrency == 2
    windows = [window(speak(SAID[number:]), is_final=number % 2 == 0) for number in range(8)]
    alone = [engine.decode([one])[0].text for one in windows]
    with ThreadPoolExecutor(4) as pool:
        together = [answers[0].text for answers in pool.map(lambda one: engine.decode([one]), windows)]
    assert together == alone
    engine.close()
