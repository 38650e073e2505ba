"""What the adversary does wrong, how often, and the dice that decide when."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from math import cos, log, pi, sqrt

_VOWELS = "aeiou"


@dataclass(frozen=True, slots=True)
class Faults:
    """Rates are probabilities. The decode time is log-normal about a median that grows with the window; the
    defaults are those of a Whisper `base` on two cores, in int8 with beam 1, rounded."""

    seed: int = 0
    misheard: float = 0.03
    """Of a word: always heard as another one, whatever the window."""
    flicker: float = 0.0
    """Of a word in one window: heard as another one there, however much follows it."""
    cut_drop: float = 0.5
    """Of a word that the window's edge cuts: missing. Else it is garbled."""
    tail_wrong: float = 0.4
    """Of a word without enough after it: wrong or missing, anew in each window."""
    right_context_s: float = 0.4
    """What is enough where speech goes on."""
    right_silence_s: float = 0.1
    """What is enough where speech has paused since."""
    jitter_s: float = 0.04
    """Standard deviation of a word's times."""
    loop: float = 0.01
    """Of a window: its last words are said over and over."""
    loop_swallows: float = 0.0
    """Of a loop: it starts half-way, and what was said after that is missing."""
    invent: float = 0.3
    """Of a window without words, or that ends in a long silence: words all the same."""
    invent_after_s: float = 2.0
    """The silence that is long."""
    error: float = 0.01
    no_answer: float = 0.002
    """Of a call."""
    hang_s: float = 2.0
    """What passes until somebody sees that no answer comes."""
    latency_fixed_ms: float = 50.0
    latency_per_s_ms: float = 40.0
    """Median decode time: this, and this for each second of the window."""
    latency_sigma: float = 0.25
    """Standard deviation of the logarithm of the decode time."""


@dataclass(frozen=True, slots=True)
class Dice:
    """Numbers that the seed, a purpose and a place decide, in whatever order they are asked for."""

    seed: int

    def draw(self, what: str, *where: object) -> float:
        """In [0, 1)."""
        key = f"{self.seed}/{what}/{where}".encode()
        return int.from_bytes(blake2b(key, digest_size=8).digest(), "big") / 2**64

    def normal(self, what: str, *where: object) -> float:
        """From the standard normal distribution (Box and Muller 1958)."""
        radius = sqrt(-2 * log(1 - self.draw(f"{what} radius", *where)))
        return radius * cos(2 * pi * self.draw(f"{what} angle", *where))


def sounds_like(text: str, draw: float) -> str:
    """Another word that sounds alike: one vowel changed, or a consonant more."""
    places = [index for index, letter in enumerate(text.lower()) if letter in _VOWELS]
    if not places:
        return text + "s"
    at = places[int(draw * len(places))]
    others = [vowel for vowel in _VOWELS if vowel != text[at].lower()]
    return text[:at] + others[int(draw * 977) % len(others)] + text[at + 1 :]
