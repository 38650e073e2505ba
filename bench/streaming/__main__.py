"""`make bench-streaming`: the streaming core against LocalAgreement-2 and fixed windows, as tables and JSON.

python -m bench.streaming            eleven conversations, about eleven minutes
python -m bench.streaming --quick    three, and shorter sounds: for a look, the intervals are wide
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.report import Figure, as_json, as_markdown, machine, show
from bench.streaming import tables
from bench.streaming.contenders import AGREEMENT, CONTENDERS, FIXED, OURS
from bench.streaming.conversations import flite_version, have_flite, make_conversations
from bench.streaming.curves import Curve
from bench.streaming.measure import Outcome
from bench.streaming.memory import growth_bytes
from bench.streaming.ours import speech_probabilities, vad_cpu_s
from bench.streaming.sounds import make_sounds
from bench.streaming.work import (
    ADVERSARY,
    EMBEDDED,
    Job,
    Material,
    baseline_of,
    open_pool,
    run_job,
    words_in,
)

SEED = 1
TITLES = {ADVERSARY: "scripted adversary", EMBEDDED: "embedded engine"}


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is run. `curve_conversations`: those that the embedded engine's curves are made of."""

    conversations: int
    curve_conversations: int
    sound_s: float
    memory_minutes: int


FULL = Extent(conversations=11, curve_conversations=3, sound_s=120.0, memory_minutes=60)
QUICK = Extent(conversations=3, curve_conversations=2, sound_s=20.0, memory_minutes=10)
Sections = dict[str, list[Figure]]
Points = dict[str, list[dict[str, float | str]]]


def jobs_of(extent: Extent) -> list[Job]:
    """The longest first, so that no processor waits for the last one."""
    embedded = {
        Job(EMBEDDED, name, contender.own_s, index)
        for name, contender in CONTENDERS.items() if contender.quick_s
        for index in range(extent.conversations)
    }  # fmt: skip
    embedded |= {
        Job(EMBEDDED, name, interval_s, index)
        for name, contender in CONTENDERS.items()
        for interval_s in contender.quick_s
        for index in range(extent.curve_conversations)
    }
    adversary = [
        Job(ADVERSARY, name, interval_s, index)
        for name, contender in CONTENDERS.items()
        for interval_s in contender.intervals_s
        for index in range(extent.conversations)
    ]
    return sorted(embedded, key=lambda job: (job.policy != AGREEMENT, job.conversation)) + adversary


def results_of(engine: str, outcomes: dict[Job, Outcome], extent: Extent) -> tables.Results:
    whole = engine == ADVERSARY
    count = extent.conversations if whole else extent.curve_conversations
    curves, own = {}, {}
    for name, contender in CONTENDERS.items():
        intervals_s = contender.intervals_s if whole else contender.quick_s
        if not intervals_s:
            continue
        curves[name] = Curve(
            {s: [outcomes[Job(engine, name, s, index)] for index in range(count)] for s in intervals_s}
        )
        own[name] = [
            outcomes[Job(engine, name, contender.own_s, index)] for index in range(extent.conversations)
        ]
    return tables.Results(own, curves, SEED)


def measure(extent: Extent, engines: Sequence[str], console: Console) -> tuple[Sections, Points]:
    began = time.monotonic()

    def say(what: str) -> None:
        console.print(f"[dim]· {time.monotonic() - began:4.0f} s  {what}[/]")

    say(f"making {extent.conversations} conversations")
    conversations = make_conversations(extent.conversations, seed=SEED)
    probabilities = tuple(speech_probabilities(c.samples) for c in conversations)
    vad_s = sum(vad_cpu_s(c.samples) for c in conversations)
    sounds = make_sounds(extent.sound_s, conversations, seed=SEED)
    material = Material(tuple(conversations), probabilities, SEED)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_pool(material, Path(folder), os.cpu_count() or 1) as pool,
    ):
        say("the true utterances one by one")
        alone = {
            (engine, index): pool.submit(baseline_of, engine, index)
            for engine in engines
            for index in range(extent.conversations)
        }
        baselines = {key: future.result() for key, future in alone.items()}
        jobs = [job for job in jobs_of(extent) if job.engine in engines]
        say(f"{len(jobs)} streamed conversations")
        running: dict[Future[Outcome], Job] = {
            pool.submit(run_job, job, baselines[job.engine, job.conversation]): job for job in jobs
        }
        held = pool.submit(growth_bytes, conversations[0], minutes=extent.memory_minutes)
        noise = {
            (engine, policy, name): pool.submit(words_in, sound, engine, policy)
            for engine in engines
            for policy in (OURS, *((AGREEMENT, FIXED) if engine == ADVERSARY else ()))
            for name, sound in sounds.items()
        }
        for done, _ in enumerate(as_completed(running), 1):
            if done % (len(running) // 8) == 0:
                say(f"{done} of {len(running)}")
        outcomes = {job: future.result() for future, job in running.items()}
        say("sounds without speech, and an hour of memory")
        invented = {key: future.result() for key, future in noise.items()}
        held_bytes = held.result()
    say("done")
    results = {engine: results_of(engine, outcomes, extent) for engine in engines}
    sections = {f"Finals, {TITLES[engine]}": tables.quality(result) for engine, result in results.items()}
    sections |= {
        f"Latency and work, {TITLES[engine]}": tables.latency(result) for engine, result in results.items()
    }
    sections["Where nobody speaks"] = tables.invented(invented, extent.sound_s)
    ours = next(iter(results.values())).own[OURS]
    sections["Cost of a session"] = tables.costs(
        ours, vad_cpu_s=vad_s, held_bytes=held_bytes, minutes=extent.memory_minutes
    )
    curves = {TITLES[engine]: tables.points(result) for engine, result in results.items()}
    return sections, curves


def show_curve(title: str, rows: list[dict[str, float | str]], console: Console) -> None:
    table = Table(title=f"Latency against engine work, {title}", title_justify="left")
    for column in rows[0]:
        table.add_column(column.replace("_", " "))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)


def curve_markdown(rows: list[dict[str, float | str]]) -> str:
    lines = [
        "| " + " | ".join(column.replace("_", " ") for column in rows[0]) + " |",
        "| " + " | ".join("---" for _ in rows[0]) + " |",
    ]
    return "\n".join(lines + ["| " + " | ".join(str(value) for value in row.values()) + " |" for row in rows])


def as_page(sections: Sections, curves: Points) -> str:
    on = ", ".join(f"{key} {value}" for key, value in machine().items())
    source = f"read by flite {flite_version()}" if have_flite() else "pieced together from the shipped call"
    parts = [f"### {title}\n\n{as_markdown(figures)}" for title, figures in sections.items()]
    parts += [f"### Curve, {title}\n\n{curve_markdown(rows)}" for title, rows in curves.items()]
    return "\n\n".join(parts) + f"\n\nConversations {source}, seed {SEED}. Measured on: {on}.\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.streaming", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of it")
    parser.add_argument("--engine", choices=TITLES, help="this one alone; both where none is named")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--markdown", type=Path, help="write the tables there")
    options = parser.parse_args()
    console = Console(highlight=False)
    engines = [options.engine] if options.engine else list(TITLES)
    sections, curves = measure(QUICK if options.quick else FULL, engines, console)
    for title, figures in sections.items():
        show(title, figures, console)
    for title, rows in curves.items():
        show_curve(title, rows, console)
    report = json.dumps({**json.loads(as_json(sections)), "curves": curves}, indent=2, ensure_ascii=False)
    if options.json:
        options.json.write_text(report + "\n")
    else:
        print(report)
    if options.markdown:
        options.markdown.write_text(as_page(sections, curves))
    return 0 if all(f.reached is not False for figures in sections.values() for f in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
