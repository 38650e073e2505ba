"""The embedded recogniser: real speech in, the right words out, whatever becomes of its processes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jiwer
import numpy as np
import pytest

from tests.transcription.engines.speech import call, utterance
from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Hypothesis,
    Samples,
    SpeechEngineConfig,
    SpeechOptions,
    SpeechWindow,
)
from transcription.engines.pocketsphinx import PocketSphinxEngine
from transcription.errors import EngineFailed, EngineUnavailable

Heard = list[tuple[str, float, float]]


@pytest.fixture(scope="module")
def engine() -> Iterator[PocketSphinxEngine]:
    """Two children with two decoders each."""
    made = PocketSphinxEngine(SpeechEngineConfig("", options=(("decoders_per_process", 2),)))
    made.load()
    yield made
    made.close()


def heard(hypothesis: Hypothesis) -> Heard:
    return [(word.text, word.start_s, word.end_s) for word in hypothesis.words]


def read(
    engine: PocketSphinxEngine, key: str, samples: Samples, *, offset_s: float = 0.0, step_s: float = 60.0
) -> list[Hypothesis]:
    """Windows that grow by `step_s`, as a live utterance's do; the last one is final."""
    step = round(step_s * SAMPLE_RATE_HZ)
    ends = [*range(step, len(samples), step), len(samples)]
    return [
        engine.decode([SpeechWindow(key, samples[:end], offset_s, is_final=end == len(samples))])[0]
        for end in ends
    ]


def test_words_of_the_call(engine: PocketSphinxEngine) -> None:
    """The first utterances of the call are read with few errors, each word near its place on the clock."""
    references, readings = [], []
    for number in range(6):
        samples, offset_s, words = utterance(number)
        final = read(engine, f"call{number}", samples, offset_s=offset_s)[-1]
        references.append(" ".join(words))
        readings.append(final.text)
        if [word.text for word in final.words] == words:
            for mine, true in zip(final.words, call()[1][number]["words"], strict=True):
                assert abs((mine.start_s + mine.end_s) - (true["start"] + true["end"])) / 2 < 0.2
    assert jiwer.wer(references, readings) < 0.1


def test_in_pieces_or_whole_the_answer_is_the_same(engine: PocketSphinxEngine) -> None:
    """A window's words and times do not depend on the windows that came before it."""
    samples, offset_s, _ = utterance(0)
    whole = heard(read(engine, "whole", samples, offset_s=offset_s)[-1])
    for step_s in (0.1, 0.37):
        assert heard(read(engine, f"by {step_s}", samples, offset_s=offset_s, step_s=step_s)[-1]) == whole
    engine.decode([SpeechWindow("abandoned", utterance(3)[0], 0.0, is_final=False)])
    assert heard(read(engine, "after another", samples, offset_s=offset_s)[-1]) == whole


def test_partials_grow_and_probabilities_come_with_the_last_pass(engine: PocketSphinxEngine) -> None:
    """A partial's words have no probabilities until they are settled; the final has the posterior of each."""
    hypotheses = read(engine, "growing", utterance(0)[0], step_s=0.5)
    assert any(hypothesis.words for hypothesis in hypotheses[:-1])
    for partial in hypotheses[:-1]:
        assert all(word.probability is not None for word in partial.words[: partial.settled])
        assert all(word.probability is None for word in partial.words[partial.settled :])
    probabilities = [word.probability for word in hypotheses[-1].words]
    assert all(probability is not None and 0 < probability <= 1 for probability in probabilities)


def test_sentences_of_an_utterance_are_read_as_they_are_alone(engine: PocketSphinxEngine) -> None:
    """Two voices 0.3 s apart are heard as each is alone, and the pause settles the first one's words."""
    parts = [utterance(number)[0] for number in (1, 2)]
    alone = [read(engine, f"part {number}", part)[-1].text for number, part in enumerate(parts)]
    hypotheses = read(engine, "joined", np.concatenate([parts[0][:-2400], parts[1][2400:]]), step_s=0.2)
    assert hypotheses[-1].text == " ".join(alone)
    final = [word.text for word in hypotheses[-1].words]
    assert max(partial.settled for partial in hypotheses) >= len(alone[0].split())
    for partial in hypotheses:
        assert [word.text for word in partial.words[: partial.settled]] == final[: partial.settled]


def test_the_same_window_again(engine: PocketSphinxEngine) -> None:
    """A window that is sent twice, or a shorter one that comes late, gets the answer that it gets alone."""
    samples, _, _ = utterance(1)
    half = SpeechWindow("again", samples[: len(samples) // 2], 0.0, is_final=False)
    first = heard(engine.decode([half])[0])
    assert heard(engine.decode([half])[0]) == first
    final = SpeechWindow("again", samples, 0.0, is_final=True)
    assert heard(engine.decode([final])[0]) == heard(engine.decode([final])[0])
    assert heard(engine.decode([half])[0]) == first


def test_more_utterances_than_decoders(engine: PocketSphinxEngine) -> None:
    """Utterances that must make room for each other are read as they are alone."""
    pieces = [utterance(number)[0][: 2 * SAMPLE_RATE_HZ] for number in range(6)]
    alone = [heard(read(engine, f"alone {number}", piece)[-1]) for number, piece in enumerate(pieces)]
    for end_s in (0.7, 1.4):
        for number, piece in enumerate(pieces):
            window = piece[: round(end_s * SAMPLE_RATE_HZ)]
            engine.decode([SpeechWindow(f"many {number}", window, 0.0, is_final=False)])
    finals = [SpeechWindow(f"many {n}", piece, 0.0, is_final=True) for n, piece in enumerate(pieces)]
    assert [heard(final) for final in engine.decode(finals)] == alone


def test_threads(engine: PocketSphinxEngine) -> None:
    """Utterances from several threads at once are read as they are one by one."""
    pieces = [utterance(number)[0] for number in range(4)]
    alone = [heard(read(engine, f"single {number}", piece)[-1]) for number, piece in enumerate(pieces)]
    with ThreadPoolExecutor(4) as threads:
        together = threads.map(
            lambda number: heard(read(engine, f"thread {number}", pieces[number], step_s=0.4)[-1]), range(4)
        )
        assert list(together) == alone


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_that_dies_or_hangs_is_replaced(how: signal.Signals) -> None:
    """The utterance is read on by a new child, with the words that it would have had."""
    samples, _, _ = utterance(1)
    options = (("processes", 1), ("answer_timeout_s", 2.0))
    made = PocketSphinxEngine(SpeechEngineConfig("", options=options))
    made.load()
    try:
        whole = heard(read(made, "before", samples)[-1])
        made.decode([SpeechWindow("cut", samples[: len(samples) // 2], 0.0, is_final=False)])
        (pid,) = made.child_pids
        os.kill(pid, how)
        final = made.decode([SpeechWindow("cut", samples, 0.0, is_final=True)])[0]
        assert heard(final) == whole
        assert made.child_pids != (pid,)
    finally:
        made.close()


@pytest.mark.parametrize("length", [0, 1, 409, 3_200])
def test_short_windows(engine: PocketSphinxEngine, length: int) -> None:
    """A window too short for a word has none, and is no error."""
    hypotheses = read(engine, f"short {length}", np.zeros(length, np.float32))
    assert [hypothesis.segments for hypothesis in hypotheses] == [()]


def test_a_whole_recording(engine: PocketSphinxEngine) -> None:
    """`transcribe` reads a piece of the call utterance by utterance, in order, and ends at progress 1."""
    samples, segments = call()
    spoken = segments[:6]
    end = round((spoken[-1]["end"] + 0.3) * SAMPLE_RATE_HZ)
    progress: list[float] = []
    hypotheses = list(engine.transcribe(samples[:end], SpeechOptions(), progress.append))
    starts = [hypothesis.segments[0].start_s for hypothesis in hypotheses]
    assert len(starts) > 1
    assert starts == sorted(starts)
    reference = " ".join(word["word"] for segment in spoken for word in segment["words"])
    assert jiwer.wer(reference, " ".join(hypothesis.text for hypothesis in hypotheses)) < 0.15
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


def test_close_ends_the_children() -> None:
    """After `close` no child is left, even if one was at work, and a decode says that it is too late."""
    made = PocketSphinxEngine(SpeechEngineConfig("", options=(("processes", 1),)))
    made.load()
    made.load()
    (pid,) = made.child_pids
    os.kill(pid, signal.SIGSTOP)
    window = SpeechWindow("late", utterance(0)[0], 0.0, is_final=True)
    failures: list[EngineFailed] = []

    def work() -> None:
        try:
            made.decode([window])
        except EngineFailed as failure:
            failures.append(failure)

    thread = threading.Thread(target=work)
    thread.start()
    made.close()
    thread.join()
    assert len(failures) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(EngineFailed):
        made.decode([window])


def test_children_die_with_their_parent() -> None:
    """A parent that is killed leaves no child behind."""
    program = (
        "from transcription.engines.base import SpeechEngineConfig\n"
        "from transcription.engines.pocketsphinx import PocketSphinxEngine\n"
        "engine = PocketSphinxEngine(SpeechEngineConfig('', options=(('processes', 1),)))\n"
        "engine.load()\n"
        "print(*engine.child_pids, flush=True)\n"
        "input()\n"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        watch = os.pidfd_open(child)
        parent.kill()
    with os.fdopen(watch) as gone:
        readable, _, _ = select.select([gone], [], [], 60)
        assert readable


def test_a_model_that_is_not_there() -> None:
    """A decoder that cannot load is said at load, and leaves no process."""
    options = (("processes", 1), ("decoder", {"hmm": "/nowhere"}))
    made = PocketSphinxEngine(SpeechEngineConfig("", options=options))
    with pytest.raises(EngineUnavailable):
        made.load()
    assert made.child_pids == ()
