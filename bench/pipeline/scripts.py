"""Conversations drawn from fragments: who says what, and all that is true of it."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.pipeline.fragments import (
    UNSCORED,
    Fragment,
    Half,
    Material,
    Mention,
    mentions_in,
    read_material,
    unmarked,
    words_of,
)
from transcription.analysis.quality.metrics import GROUPS

WORDS_PER_S = 2.5
"""An ordinary speaking rate with its pauses: how long a conversation gets, before it is read."""
LENGTH_S = (60, 275)
"""Of what is drawn; the end of a call is said whatever is left."""
LONGEST_S = 298.0
"""A call that gets longer is drawn again: none takes more than five minutes with the silence around it."""
PAUSE_S = 0.4
"""Between two lines."""
_HESITATES_EVERY_WORDS = 8
_PIECE = re.compile(r"\[[^\]]+\]\S*|\S+")
SUBMETRICS = tuple(name for names in GROUPS.values() for name in names)


@dataclass(frozen=True, slots=True)
class Line:
    """`text`: with punctuation, as it is read. `cuts_in`: it begins while the one before is being said."""

    role: str
    text: str
    cuts_in: bool = False
    mentions: tuple[Mention, ...] = ()

    @property
    def words(self) -> list[str]:
        return words_of(self.text)


@dataclass(slots=True)
class Script:
    """`answers`: what has one; every other question of the set has none, but for `unscored`. `quality`: by
    sub-metric, None where there is no occasion."""

    half: Half
    category: str
    priority: str
    lines: list[Line] = field(default_factory=list)
    answers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unscored: set[str] = field(default_factory=set)
    quality: dict[str, bool | None] = field(default_factory=dict)

    @property
    def roles(self) -> list[str]:
        return list(dict.fromkeys(line.role for line in self.lines))


class _Writer:
    """Draws one conversation. Each slot has one value throughout."""

    def __init__(self, material: Material, rng: random.Random, issue: Fragment, *, voices: int) -> None:
        self._material, self._rng, self._issue = material, rng, issue
        self._voices = voices
        polite = rng.random() < 0.7
        self._values = {name: rng.choice(values) for name, values in material.slots.items()}
        self._values |= {
            "please": ", please" if polite else "",
            "okay": "thank you" if polite else "okay",
            "thanks": "thank you, " if polite else "",
            "echo": f"you are calling about the {issue.answers['chief_complaint'][0]}",
        }
        self._hesitates = rng.random() < 0.25
        self._shown: dict[str, bool] = {}
        self.script = Script(material.half, issue.facts["category"], issue.facts["priority"])

    def write(self, length_s: float) -> Script:
        rng, distress = self._rng, bool(self._issue.facts.get("distress"))
        acts = rng.random() > 0.12
        self._one("opening")
        self._one("intro")
        self._say(self._issue)
        self._perhaps("empathy", 0.6 if distress else 0.0)
        self._perhaps("paraphrase", 0.5)
        details = list(self._material.fragments["detail"])
        stories = list(self._material.fragments["story"])
        rng.shuffle(details)
        rng.shuffle(stories)
        middle: list[Fragment] = details[: rng.randint(3, 5)]
        middle += self._drawn("earlier", 0.4) + self._drawn("interrupted", 0.25)
        middle += self._drawn("correction", 0.25) + self._drawn("rude", 0.2)
        rest = details[len(middle) :] + stories
        if acts:
            middle += self._drawn("unsure", 0.5)
        rng.shuffle(middle)
        for fragment in middle:
            self._say(fragment)
        if self._voices > 3:
            self._one("relative")
        while rest and self.length_s() < length_s - 30:
            self._say(rest.pop())
        if acts:
            self._outcome()
        self._perhaps("further", 0.6)
        self._one("closing")
        self._judge(distress=distress, acts=acts)
        return self.script

    def _outcome(self) -> None:
        self._perhaps("hold", 1.0 if self._voices > 2 else 0.4)
        if self._voices > 2:
            self._one("colleague")
        self._one("solution")
        self._perhaps("followup", 0.5)
        self._perhaps("satisfaction", 0.6)

    def _judge(self, *, distress: bool, acts: bool) -> None:
        said = {word for line in self.script.lines if line.role == "A" for word in line.words}
        always: dict[str, bool | None] = {
            "does_not_interrupt": True,
            "does_not_hesitate": not self._hesitates,
            "shows_empathy": False if distress else None,
            "paraphrases_issue": False,
            "says_please_and_thank_you": "please" in said and bool(said & {"thank", "thanks"}),
            "offers_further_help": False,
            "confirms_satisfaction": False if acts else None,
            "uses_correct_language": True,
        }
        shown = dict.fromkeys(SUBMETRICS) | always | self._shown
        if not acts:
            shown["follows_correct_steps"] = False
        elif not (shown["uses_opening_phrase"] and shown["uses_closing_phrase"]):
            shown["follows_correct_steps"] = None
        self.script.quality = shown

    def length_s(self) -> float:
        return sum(len(line.words) / WORDS_PER_S + PAUSE_S for line in self.script.lines)

    def _one(self, part: str) -> None:
        self._say(self._rng.choice(self._material.fragments[part]))

    def _perhaps(self, part: str, probability: float) -> None:
        for fragment in self._drawn(part, probability):
            self._say(fragment)

    def _drawn(self, part: str, probability: float) -> list[Fragment]:
        drawn = self._rng.random() < probability
        return [self._rng.choice(self._material.fragments[part])] if drawn else []

    def _say(self, fragment: Fragment) -> None:
        for line in fragment.lines:
            who, _, marked = line.partition(" ")
            filled = marked.format_map(self._values)
            if who[0] == "A" and self._hesitates:
                filled = _hesitating(filled)
            mentions = tuple(mentions_in(filled))
            self.script.lines.append(Line(who[0], unmarked(filled), who.endswith("!"), mentions))
        for question, texts in fragment.answers.items():
            if UNSCORED in texts:
                self.script.unscored.add(question)
            else:
                filled_in = tuple(" ".join(words_of(text.format_map(self._values))) for text in texts)
                self.script.answers[question] = self.script.answers.get(question, ()) + filled_in
        self._shown |= fragment.quality


def _hesitating(text: str) -> str:
    """An `um` ahead of the words of a line, and again after every so many; none within a mention."""
    words = _PIECE.findall(text)
    return " ".join(
        f"um {word}" if index % _HESITATES_EVERY_WORDS == 0 else word for index, word in enumerate(words)
    )


def write_scripts(half: Half, count: int, *, seed: str) -> list[Script]:
    """The same ones for the same seed. Authors, of each the categories, and the voices from two to four take
    turns."""
    authors = read_material(half)
    rng = random.Random(f"{seed}/{half}")
    issues = [_issues_in_turn(material, rng) for material in authors]
    scripts = []
    for index in range(count):
        own = random.Random(f"{seed}/{half}/{index}")
        turn, author = divmod(index, len(authors))
        issue = issues[author][turn % len(issues[author])]
        voices = 2 + (index + turn) % 3
        scripts.append(_within_five_minutes(authors[author], own, issue, voices=voices))
    return scripts


def _within_five_minutes(material: Material, rng: random.Random, issue: Fragment, *, voices: int) -> Script:
    while True:
        writer = _Writer(material, rng, issue, voices=voices)
        script = writer.write(rng.uniform(*LENGTH_S))
        if writer.length_s() <= LONGEST_S:
            return script


def _issues_in_turn(material: Material, rng: random.Random) -> list[Fragment]:
    by_category: dict[str, list[Fragment]] = {}
    for issue in material.fragments["issue"]:
        by_category.setdefault(issue.facts["category"], []).append(issue)
    return _in_turn({name: _shuffled(issues, rng) for name, issues in by_category.items()})


def _shuffled(issues: Sequence[Fragment], rng: random.Random) -> list[Fragment]:
    return rng.sample(list(issues), len(issues))


def _in_turn(queues: Mapping[str, list[Fragment]]) -> list[Fragment]:
    """One of each category, then a second of those that have one, and so on."""
    most = max(map(len, queues.values()))
    return [issues[turn] for turn in range(most) for issues in queues.values() if turn < len(issues)]
