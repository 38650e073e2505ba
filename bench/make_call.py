"""Make the shipped call: `python -m bench.make_call [FOLDER]` writes call.flac and call.json.

Needs Debian's `flite` on the PATH; the result is in the repository, so nobody else needs it. Three of flite's
voices read the lines below. Each line's phones and their ends come from the synthesiser itself
(`flite -psdur`), so the times in the JSON are the truth and not a recogniser's opinion. The wording was
chosen so that the embedded recogniser reads it almost without error.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000  # what the three voices are sampled at
LEVEL_DBFS = -23.0  # every line's level while it is spoken: the loudness that EBU R 128 asks of speech
FLOOR_DBFS = -80.0  # a quiet line's noise; digital silence is not what a telephone gives
LEAD_S, TAIL_S = 0.8, 1.2
PAUSE = "pau"  # flite's phone for silence

Samples = npt.NDArray[np.float64]

SPEAKERS: dict[str, dict[str, str]] = {
    "SPEAKER_00": {"voice": "slt", "role": "agent"},
    "SPEAKER_01": {"voice": "rms", "role": "caller"},
    "SPEAKER_02": {"voice": "awb", "role": "agent"},
}


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance. `gap_s`: silence between the end of the line before and its start."""

    voice: str
    text: str
    gap_s: float = 0.6


LINES: tuple[Line, ...] = (
    Line("slt", "Thank you for calling the family health clinic. My name is Grace."),
    Line("slt", "How can I help you today?", 0.7),
    Line("rms", "Hello. My name is Robert Miller.", 0.5),
    Line("rms", "I have had a bad headache and a fever for three days.", 0.6),
    Line("slt", "I am very sorry to hear that. I understand how hard this must be.", 0.6),
    Line("slt", "May I ask how old you are?", 0.6),
    Line("rms", "I am forty two years old.", 0.4),
    Line("slt", "And where do you live?", 0.5),
    Line("rms", "I live in Chicago.", 0.4),
    Line("slt", "What is your phone number?", 0.5),
    Line("rms", "My number is three one two, five five five, zero one four seven.", 0.7),
    Line("slt", "Are you taking any medication?", 0.6),
    Line("rms", "Yes. I take aspirin every morning.", 0.4),
    Line("slt", "Do you have any allergies?", 0.5),
    Line("rms", "I am allergic to penicillin.", 0.5),
    Line("slt", "How bad is the pain, from one to ten?", 0.4),
    Line("rms", "The pain is about six.", 0.6),
    Line("slt", "So you have had a headache and a fever for three days. Is that correct?", 0.6),
    Line("rms", "Yes, that is right.", 0.3),
    Line("slt", "I would like to put you on hold for a moment to ask the doctor.", 0.5),
    Line("rms", "Sure, go ahead.", 0.4),
    Line("slt", "Thank you for waiting. The doctor is with us now.", 1.0),
    Line("awb", "Hello Robert. This is doctor Brown speaking.", 0.5),
    Line("awb", "I think that you have the flu.", 0.6),
    Line("awb", "You should rest at home and drink a lot of water.", 0.6),
    Line("awb", "We decided to see you again on the fifth of March.", 0.6),
    Line("slt", "I will send you an email with the details today.", 0.6),
    Line("slt", "Is there anything else I can help you with?", 0.6),
    Line("rms", "No, that is all. Thank you for your help.", 0.4),
    Line("slt", "Thank you for calling, and have a nice day.", 0.5),
)

# What a reader of the call would note down; segment numbers count from 0. For tests and the benchmark.
EXPECTED: dict[str, Any] = {
    "entities": [
        {"label": "PERSON", "text": "grace", "segment_id": 0},
        {"label": "PERSON", "text": "robert miller", "segment_id": 2},
        {"label": "AGE", "text": "forty two years old", "segment_id": 6},
        {"label": "LOCATION", "text": "chicago", "segment_id": 8},
        {
            "label": "PHONE_NUMBER",
            "text": "three one two five five five zero one four seven",
            "segment_id": 10,
        },
        {"label": "PERSON", "text": "doctor brown", "segment_id": 22},
        {"label": "DATE", "text": "the fifth of march", "segment_id": 25},
    ],
    "answers": {
        "name": {"contains": "robert miller", "segment_id": 2},
        "age": {"contains": "forty two", "segment_id": 6},
        "chief_complaint": {"contains": "headache", "segment_id": 3},
        "symptoms": {"contains": "fever", "segment_id": 3},
        "medications": {"contains": "aspirin", "segment_id": 12},
        "allergies": {"contains": "penicillin", "segment_id": 14},
        "pain_level": {"contains": "six", "segment_id": 16},
        "diagnosis": {"contains": "flu", "segment_id": 23},
        "treatment_plan": {"contains": "rest at home", "segment_id": 24},
        "follow_up": {"contains": "fifth of march", "segment_id": 25},
        "vital_signs": None,
    },
    "decisions": [25],
    "action_items": [26],
}


@cache
def phone_count(voice: str, word: str) -> int:
    """How many phones the voice reads a word as; a sentence's phones are those of its words in a row."""
    output = subprocess.run(
        ["flite", "-voice", voice, "-t", word, "-ps", "-o", "none"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sum(phone != PAUSE for phone in output.split())


def spoken_words(text: str) -> list[str]:
    """The words as a recogniser writes them: lower case, no punctuation."""
    kept = "".join(c for c in text.lower() if c.isalpha() or c in " '")
    return kept.split()


def synthesise(
    line: Line, path: Path, *, exact: bool = True
) -> tuple[Samples, list[tuple[str, float, float]]]:
    """A line's samples in [-1, 1] and its words with their starts and ends in seconds.

    Raises ValueError where the voice reads words otherwise in the sentence than alone, so that it is not
    known where each ends; unless `exact` is False: then each gets its share of the phones.
    """
    output = subprocess.run(
        ["flite", "-voice", line.voice, "-t", line.text, "-psdur", "-o", str(path)],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    phones: list[tuple[float, float]] = []
    before_s = 0.0
    for item in output.split():
        name, end = item.rsplit(":", 1)
        if name != PAUSE:
            phones.append((before_s, float(end)))
        before_s = float(end)

    spoken = spoken_words(line.text)
    ends = list(accumulate(phone_count(line.voice, word) for word in spoken))
    if ends[-1] != len(phones):
        if exact:
            raise ValueError(f"{line.text!r}: {len(phones)} phones, but {ends[-1]} in its words one by one")
        ends = [max(1, round(end * len(phones) / ends[-1])) for end in ends]
    words = [
        (word, phones[min(first, end - 1)][0], phones[end - 1][1])
        for word, first, end in zip(spoken, [0, *ends], ends, strict=False)
    ]

    with wave.open(str(path)) as wav:
        if wav.getframerate() != SAMPLE_RATE_HZ:
            raise ValueError(f"voice {line.voice} is not at {SAMPLE_RATE_HZ} Hz")
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
    return pcm / 32_768.0, words


def at_level(samples: Samples, start: int, end: int) -> Samples:
    """The samples, scaled so that what lies between start and end has LEVEL_DBFS."""
    rms = float(np.sqrt(np.mean(samples[start:end] ** 2)))
    scaled: Samples = samples * (10 ** (LEVEL_DBFS / 20) / rms)
    return scaled


def make_call(lines: Sequence[Line] = LINES) -> tuple[npt.NDArray[np.int16], dict[str, Any]]:
    """The call as 16-bit samples, and its JSON."""
    labels = {speaker["voice"]: label for label, speaker in SPEAKERS.items()}
    pieces: list[tuple[int, Samples]] = []
    segments: list[dict[str, Any]] = []
    end_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for line in lines:
            samples, words = synthesise(line, Path(folder) / "line.wav")
            first_s, last_s = words[0][1], words[-1][2]
            start_s = end_s + line.gap_s if segments else LEAD_S
            shift = round((start_s - first_s) * SAMPLE_RATE_HZ)
            shift_s = shift / SAMPLE_RATE_HZ
            end_s = last_s + shift_s
            level = at_level(samples, int(first_s * SAMPLE_RATE_HZ), int(last_s * SAMPLE_RATE_HZ))
            pieces.append((shift, level))
            segments.append(
                {
                    "start": round(first_s + shift_s, 3),
                    "end": round(end_s, 3),
                    "speaker": labels[line.voice],
                    "text": line.text,
                    "words": [
                        {"word": w, "start": round(a + shift_s, 3), "end": round(b + shift_s, 3)}
                        for w, a, b in words
                    ],
                }
            )
    call = mix(pieces, round((end_s + TAIL_S) * SAMPLE_RATE_HZ))
    document = {
        "title": "A call to a family health clinic",
        "language": "en",
        "duration_s": round(len(call) / SAMPLE_RATE_HZ, 3),
        "word_times": "the synthesiser's own phone ends (flite -psdur)",
        "speakers": SPEAKERS,
        "segments": segments,
        "expected": EXPECTED,
    }
    return call, document


def mix(pieces: Sequence[tuple[int, Samples]], length: int) -> npt.NDArray[np.int16]:
    """Lay the pieces over a floor of noise; the pauses that flite puts around a line may overlap."""
    noise = np.random.default_rng(2).standard_normal(length)
    mixed = noise * 10 ** (FLOOR_DBFS / 20)
    for start, samples in pieces:
        head = max(0, -start)
        room = mixed[start + head : start + len(samples)]
        room += samples[head : head + len(room)]
    if np.max(np.abs(mixed)) >= 1.0:
        raise ValueError("the mix clips")
    return np.round(mixed * 32_767).astype(np.int16)


def write_flac(path: Path, pcm: npt.NDArray[np.int16]) -> None:
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE_HZ, layout="mono", format="s16")
        stream.options = {"compression_level": "12"}
        frame = av.AudioFrame.from_ndarray(pcm[None, :], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main(arguments: Sequence[str]) -> None:
    default = Path(__file__).resolve().parent.parent / "ambient" / "demo"
    folder = Path(arguments[0]) if arguments else default
    pcm, document = make_call()
    write_flac(folder / "call.flac", pcm)
    (folder / "call.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{document['duration_s']} s, {len(document['segments'])} segments, in {folder}")


if __name__ == "__main__":
    main(sys.argv[1:])
