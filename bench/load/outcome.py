"""From what the clients got to figures: words and their latencies, lag, decodes, path overhead."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bench.load.clients import Took
from bench.load.talk import Talk
from bench.words import Shown, shown_for_good


@dataclass(slots=True)
class Session:
    """One session's figures; pairs are (monotonic moment, figure).

    `emission_s`: of each word that was said, from its end until it was there for good. `final_delay_s`: of
    each final, from the end of its text. `overhead_ms`: of each partial, from the frame that brought its last
    audio. `end_s`: from the last frame to the end of the session. `engine_s`: what the engine took by its own
    account.
    """

    words_said: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    emission_s: list[tuple[float, float]] = field(default_factory=list)
    final_delay_s: list[tuple[float, float]] = field(default_factory=list)
    overhead_ms: list[tuple[float, float]] = field(default_factory=list)
    partials: int = 0
    warnings: int = 0
    spoken_s: float = 0.0
    audio_s: float = 0.0
    engine_s: float = 0.0
    late_s: float = 0.0
    end_s: float | None = None
    failure: str = ""
    shown: list[Shown] = field(default_factory=list)

    @property
    def finals(self) -> list[Shown]:
        return [heard for heard in self.shown if heard.is_final]


def judge(took: Took, talk: Talk) -> Session:
    session = Session(
        failure=took.failure or ("" if took.close_code == 1000 else f"closed {took.close_code}"),
        late_s=took.late_s,
        spoken_s=talk.duty * talk.duration_s,
        audio_s=talk.duration_s,
    )
    for at_s, raw in took.messages:
        message: dict[str, Any] = json.loads(raw)
        match message["type"]:
            case "warning":
                session.warnings += 1
            case "session_info":
                session.engine_s = (message["metrics"]["real_time_factor"] or 0.0) * talk.duration_s
            case "session_ended":
                session.end_s = at_s - took.started_s - talk.duration_s
            case "transcript":
                _hear(session, took, message, at_s)
    if session.end_s is None and not session.failure:
        session.failure = "no orderly end"
    return session


def count_words(session: Session, took: Took, talk: Talk) -> None:
    """Of the scripted engine, whose words are named by their place."""
    counts = Counter(word for heard in session.finals for word in heard.words)
    since = dict(shown_for_good(session.shown))
    said = talk.words()
    session.words_said = len(said)
    for word, end_s in said:
        if word not in counts:
            session.lost.append(word)
        else:
            session.emission_s.append((took.started_s + since[word], since[word] - end_s))
    session.doubled = [word for word, count in counts.items() if count > 1]


def _hear(session: Session, took: Took, message: dict[str, Any], at_s: float) -> None:
    heard = _shown(message, at_s - took.started_s)
    session.shown.append(heard)
    if heard.is_final:
        session.final_delay_s.append((at_s, heard.at_s - heard.end_s))
        return
    session.partials += 1
    if message["latency_ms"] is None:
        return
    frame = bisect_right(took.sent_s, at_s - message["latency_ms"] / 1000) - 1
    if frame >= 0:
        session.overhead_ms.append((at_s, 1000 * (at_s - took.sent_s[frame])))


def _shown(message: dict[str, Any], at_s: float) -> Shown:
    return Shown(
        at_s=at_s,
        segment_id=message["segment_id"],
        text=message["text"],
        is_final=message["is_final"],
        start_s=message["start_time"],
        end_s=message["end_time"],
        timed=tuple((word["word"], word["start"]) for word in message["segments"][0]["words"]),
    )
