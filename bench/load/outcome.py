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
    """One session's figures. `emission_s`: of each word that was said, from its end to when it was there for
    good. `lag_s`: (when, audio sent minus end of the last text) at each final and partial that came while it
    spoke. `overhead_ms`: of each partial, from the frame that brought its last audio to its coming.
    `words_said`, `words_lost`, `words_doubled`: counted in the finals."""

    words_said: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    emission_s: list[tuple[float, float]] = field(default_factory=list)
    final_delay_s: list[tuple[float, float]] = field(default_factory=list)
    overhead_ms: list[tuple[float, float]] = field(default_factory=list)
    end_s: float | None = None
    partials: int = 0
    finals: int = 0
    warnings: int = 0
    spoken_s: float = 0.0
    audio_s: float = 0.0
    late_s: float = 0.0
    failure: str = ""
    session_id: str = ""
    text: str = ""


def judge(took: Took, talk: Talk) -> Session:
    """Times in pairs are (monotonic moment, figure)."""
    session = Session(
        failure=took.failure or ("" if took.close_code == 1000 else f"closed {took.close_code}"),
        late_s=took.late_s,
        spoken_s=talk.duty * talk.duration_s,
        audio_s=talk.duration_s,
    )
    shown: list[Shown] = []
    for at_s, raw in took.messages:
        message: dict[str, Any] = json.loads(raw)
        match message["type"]:
            case "connected":
                session.session_id = message["session_id"]
            case "warning":
                session.warnings += 1
            case "session_ended":
                session.end_s = at_s - took.started_s - talk.duration_s
            case "transcript":
                heard = _shown(message, at_s - took.started_s)
                shown.append(heard)
                if heard.is_final:
                    session.finals += 1
                    session.final_delay_s.append((at_s, heard.at_s - heard.end_s))
                else:
                    session.partials += 1
                    if message["latency_ms"] is not None:
                        came_in = at_s - message["latency_ms"] / 1000
                        frame = bisect_right(took.sent_s, came_in) - 1
                        if frame >= 0:
                            session.overhead_ms.append((at_s, 1000 * (at_s - took.sent_s[frame])))
    finals = [word for heard in shown if heard.is_final for word in heard.words]
    session.text = " ".join(finals)
    _count_words(session, took, talk, shown, finals)
    return session


def _count_words(session: Session, took: Took, talk: Talk, shown: list[Shown], finals: list[str]) -> None:
    counts = Counter(finals)
    since = dict(shown_for_good(shown))
    said = talk.words()
    session.words_said = len(said)
    for word, end_s in said:
        if word not in counts:
            session.lost.append(word)
        else:
            session.emission_s.append((took.started_s + since[word], since[word] - end_s))
    session.doubled = [word for word, count in counts.items() if count > 1]


def _shown(message: dict[str, Any], at_s: float) -> Shown:
    return Shown(
        at_s=at_s,
        segment_id=message["segment_id"],
        text=message["text"],
        is_final=message["is_final"],
        start_s=message["start_time"],
        end_s=message["end_time"],
    )
