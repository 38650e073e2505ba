"""Sentences for made conversations, from a small grammar of words that the embedded recogniser knows."""

from __future__ import annotations

import random

_PEOPLE = ("I", "we", "they", "my brother", "my sister", "the doctor", "the manager", "my friend")
_ACTS = (
    "went to the market", "walked along the river", "called the office", "talked about the weather",
    "had dinner with the family", "bought a new table", "found the letter in the kitchen",
    "drove to the station", "worked in the garden", "looked for the key", "opened the window",
    "wrote a long letter", "waited for the train", "visited the hospital", "paid the bill",
    "sold the old house", "watched a movie", "cooked some fish", "cleaned the room", "read the paper",
)  # fmt: skip
_TIMES = (
    "on monday", "last week", "yesterday", "in the morning", "after lunch", "before the meeting",
    "two days ago", "every evening", "at the end of the month", "in the summer",
)  # fmt: skip
_REASONS = (
    "because it was very cold", "because nobody was at home", "because the price was too high",
    "so that we could leave early", "because the road was closed", "because my mother asked for it",
)  # fmt: skip
_ANSWERS = (
    "Yes, that is right.", "No, not at all.", "I think so.", "That sounds good.", "Thank you very much.",
    "Of course.", "I am not sure about that.", "Sure, go ahead.", "Please tell me more.", "Never.",
)  # fmt: skip
_QUESTIONS = (
    "What did you do {time}?", "How much money did they spend?", "Where do you live now?",
    "Did you hear what happened {time}?", "Can you send me the report {time}?",
    "Who told you about the meeting?", "When will the doctor be back?",
)  # fmt: skip
_NUMBERS = ("two", "three", "five", "seven", "eight", "nine", "ten", "twelve", "twenty")


def _clause(rng: random.Random) -> str:
    words = [rng.choice(_PEOPLE), rng.choice(_ACTS)]
    if rng.random() < 0.6:
        words.append(rng.choice(_TIMES))
    return " ".join(words)


def sentence(rng: random.Random) -> str:
    """One line of a conversation: an answer, a question, a number, or one to three clauses."""
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(_ANSWERS)
    if kind < 0.4:
        return rng.choice(_QUESTIONS).format(time=rng.choice(_TIMES))
    if kind < 0.5:
        return f"My number is {' '.join(rng.choice(_NUMBERS) for _ in range(rng.randint(4, 7)))}."
    clauses = [_clause(rng) for _ in range(rng.randint(1, 3))]
    text = rng.choice((" and ", ", and then ")).join(clauses)
    if rng.random() < 0.4:
        text = f"{text} {rng.choice(_REASONS)}"
    return text[0].upper() + text[1:] + "."


def monologue(rng: random.Random, clauses: int) -> str:
    """Speech that does not pause: 3 s and more to a clause, no comma."""
    joints = (" and ", " and then ", " but ", " so ")
    text = _clause(rng)
    for _ in range(clauses - 1):
        text += rng.choice(joints) + _clause(rng)
    return text[0].upper() + text[1:] + "."
