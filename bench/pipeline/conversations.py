"""Scripts with their times: read out and laid one after the other, or only reckoned, for what reads text."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.make_call import FLOOR_DBFS
from bench.pipeline.scripts import PAUSE_S, WORDS_PER_S, Line, Script
from bench.pipeline.voices import VOICES, Voice, read_line
from bench.words import TrueWord
from transcription.analysis.base import Talk
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.models import Segment, Turn, Word

LEAD_S, TAIL_S = 0.8, 1.2
CUTS_IN_S = 1.2
"""How long before the end of a line another cuts in: more than changes of speaker overlap by themselves."""
_SAME_SPEAKER_GAPS_S = (0.4, 0.8)
_CHANGE_GAPS_S = (0.2, 0.9)
_EARLY_S, _EARLY_SHARE = -0.25, 0.08  # some speakers begin while the last word fades


@dataclass(frozen=True, slots=True)
class Conversation:
    """`talk`: the true words with the true speakers, as a recogniser writes them; a segment for each line.
    `samples` None: nobody read it."""

    script: Script
    talk: Talk
    samples: Samples | None = None


def reckoned(script: Script) -> Conversation:
    """Without sound: times by WORDS_PER_S."""
    lengths = [
        [TrueWord(word, i / WORDS_PER_S, (i + 1) / WORDS_PER_S) for i, word in enumerate(line.words)]
        for line in script.lines
    ]
    return Conversation(script, _talk(script, list(_starts_s(script.lines, lengths, None)), lengths))


def read_out(scripts: Sequence[Script], *, seed: str) -> list[Conversation]:
    with ThreadPoolExecutor(2) as pool:  # the work is done by processes of flite
        return list(
            pool.map(lambda at: _read(scripts[at], random.Random(f"{seed}/{at}")), range(len(scripts)))
        )


def _read(script: Script, rng: random.Random) -> Conversation:
    voices: dict[str, Voice] = dict(zip(script.roles, rng.sample(VOICES[script.half], 4), strict=False))
    with tempfile.TemporaryDirectory() as folder:
        spoken = [read_line(voices[line.role], line.text, Path(folder) / "line.wav") for line in script.lines]
    words = [said for _, said in spoken]
    starts_s = list(_starts_s(script.lines, words, rng))
    length = int(
        (max(s + w[-1].end_s for s, w in zip(starts_s, words, strict=True)) + TAIL_S) * SAMPLE_RATE_HZ
    )
    noise = np.random.default_rng(rng.randrange(2**32)).standard_normal(length)
    mixed = (noise * 10 ** (FLOOR_DBFS / 20)).astype(np.float32)
    for start_s, (samples, _) in zip(starts_s, spoken, strict=True):
        at = int(start_s * SAMPLE_RATE_HZ)
        mixed[at : at + len(samples)] += samples
    return Conversation(script, _talk(script, starts_s, words), np.clip(mixed, -1, 1))


def _starts_s(
    lines: Sequence[Line], words: Sequence[Sequence[TrueWord]], rng: random.Random | None
) -> Iterator[float]:
    end_s, before = LEAD_S, ""
    for number, line in enumerate(lines):
        if number:
            end_s += -CUTS_IN_S if line.cuts_in else _gap_s(line.role == before, rng)
        yield end_s
        end_s += words[number][-1].end_s
        before = line.role


def _gap_s(same: bool, rng: random.Random | None) -> float:
    if rng is None:
        return PAUSE_S
    if not same and rng.random() < _EARLY_SHARE:
        return _EARLY_S
    return rng.uniform(*(_SAME_SPEAKER_GAPS_S if same else _CHANGE_GAPS_S))


def _talk(script: Script, starts_s: Sequence[float], words: Sequence[Sequence[TrueWord]]) -> Talk:
    speakers = {role: f"SPEAKER_{number:02d}" for number, role in enumerate(script.roles)}
    segments = tuple(
        Segment(
            id=number,
            start_s=start_s,
            end_s=start_s + said[-1].end_s,
            text=" ".join(word.text for word in said),
            speaker_id=speakers[line.role],
            words=tuple(
                Word(w.text, start_s + w.start_s, start_s + w.end_s, speaker_id=speakers[line.role])
                for w in said
            ),
        )
        for number, (line, start_s, said) in enumerate(zip(script.lines, starts_s, words, strict=True))
    )
    turns = tuple(
        Turn(speakers[line.role], s.start_s, s.end_s) for line, s in zip(script.lines, segments, strict=True)
    )
    return Talk(segments, "en", max(segment.end_s for segment in segments) + TAIL_S, turns)
