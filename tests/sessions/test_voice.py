"""The VAD that all sessions of a process share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sessions.voice import VoiceDetector
from transcription.audio.vad import FRAME_SAMPLES, Probabilities, SileroVad
from transcription.engines.base import Samples

FRAME = np.zeros(FRAME_SAMPLES, np.float32)


class Held:
    """A model that notes its batches and waits for the test."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.gate = threading.Event()

    def push_all(self, pushes: Sequence[tuple[Any, Samples]]) -> list[Probabilities]:
        self.batches.append(len(pushes))
        self.gate.wait()
        return [np.full(1, stream, np.float32) for stream, _ in pushes]


async def test_what_waits_is_judged_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one batch is at work the others gather, and each stream gets its own answer."""
    held, detector = Held(), VoiceDetector()
    monkeypatch.setattr(detector, "_push_all", held.push_all)
    asked = [asyncio.create_task(detector.detect(number, FRAME)) for number in range(1)]  # type: ignore[arg-type]
    while not held.batches:  # noqa: ASYNC110 - the batch begins in another thread
        await asyncio.sleep(0.001)
    asked += [asyncio.create_task(detector.detect(number, FRAME)) for number in range(1, 20)]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    held.gate.set()
    answers = await asyncio.gather(*asked)
    detector.close()
    assert held.batches == [1, 19]
    assert [answer.tolist() for answer in answers] == [[number] for number in range(20)]


async def test_a_batch_that_fails_is_told_to_each_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fault of the model reaches everyone who waited for it, and nobody else."""
    detector = VoiceDetector()
    stream = await detector.open_stream()
    with monkeypatch.context() as broken:
        broken.setattr(detector, "_push_all", lambda pushes: 1 / 0)
        failed = await asyncio.gather(*[detector.detect(stream, FRAME)], return_exceptions=True)
    assert [type(error) for error in failed] == [ZeroDivisionError]
    assert len(await detector.detect(stream, FRAME)) == 1
    detector.close()


async def test_many_streams_answer_as_alone() -> None:
    """Twenty streams through the shared detector have the probabilities that each has by itself."""
    random = np.random.default_rng(5)
    sounds = [random.normal(0, 0.1, 3 * FRAME_SAMPLES).astype(np.float32) for _ in range(20)]
    detector, alone = VoiceDetector(), SileroVad()
    streams = [await detector.open_stream() for _ in sounds]
    answers = await asyncio.gather(*map(detector.detect, streams, sounds))
    detector.close()
    for sound, answer in zip(sounds, answers, strict=True):
        np.testing.assert_allclose(answer, alone.stream().push(sound), atol=1e-5)
