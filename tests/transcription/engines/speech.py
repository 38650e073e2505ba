"""Real speech for the recognisers: pieces of the call that is shipped with the demo."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from transcription.audio.files import decode_file
from transcription.engines.base import SAMPLE_RATE_HZ, Samples

CALL = Path(__file__).parents[3] / "ambient" / "demo"


@cache
def call() -> tuple[Samples, list[dict[str, Any]]]:
    """The samples, and the segments {start, end, text, words} of who said what when."""
    return decode_file(CALL / "call.flac"), json.loads((CALL / "call.json").read_text())["segments"]


def utterance(number: int) -> tuple[Samples, float, list[str]]:
    """Samples of a segment and 0.3 s on both sides, where on the call's clock they start, and its words."""
    samples, segments = call()
    segment = segments[number]
    start = max(0, round((segment["start"] - 0.3) * SAMPLE_RATE_HZ))
    end = round((segment["end"] + 0.3) * SAMPLE_RATE_HZ)
    return samples[start:end], start / SAMPLE_RATE_HZ, [word["word"] for word in segment["words"]]
