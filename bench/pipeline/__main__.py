"""`make bench-pipeline`: what the embedded engines make of conversations, those they were tuned on aside.

python -m bench.pipeline               the held-out half: 12 conversations read out, 96 on paper
python -m bench.pipeline --quick       4 read out, 24 on paper, ten minutes timed: for a look
python -m bench.pipeline --half tuned  the half that may be looked at, with what was missed

What is said, by whom and in which voice is drawn from the hash of the commit; `--seed` repeats a run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bench.pipeline import hearing, service, timing
from bench.pipeline.conversations import Conversation, read_out, reckoned
from bench.pipeline.fragments import Half
from bench.pipeline.reading import READERS, Miss, entities
from bench.pipeline.scripts import write_scripts
from bench.report import Figure, as_json, as_markdown, machine, show
from bench.streaming.conversations import flite_version, have_flite

Sections = dict[str, list[Figure]]


@dataclass(frozen=True, slots=True)
class Extent:
    """`spoken`: conversations that are read out; `written`: those whose text is true and times reckoned."""

    spoken: int
    written: int
    timed_s: float
    runs: int


FULL = Extent(spoken=12, written=96, timed_s=3600.0, runs=20)
QUICK = Extent(spoken=4, written=24, timed_s=600.0, runs=4)
PARTS = ("reading", "hearing", "service")


def commit() -> str:
    """The hash of the commit that is measured; empty outside a repository."""
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    return done.stdout.strip()


def measure(
    extent: Extent, half: Half, seed: str, parts: list[str], console: Console
) -> tuple[Sections, list[Miss]]:
    began = time.monotonic()
    sections: Sections = {}
    missed: list[Miss] = []

    def say(what: str) -> None:
        console.print(f"[dim]· {time.monotonic() - began:4.0f} s  {what}[/]")

    if "reading" in parts:
        say(f"{extent.written} conversations with their true words")
        written = [reckoned(script) for script in write_scripts(half, extent.written, seed=seed)]
        figures: list[Figure] = []
        for reader in READERS:
            found, wrong = reader(written)
            figures += found
            missed += wrong
        sections["From the true words"] = figures
    if "hearing" in parts and have_flite():
        say(f"{extent.spoken} conversations read out")
        spoken = read_out(write_scripts(half, extent.spoken, seed=seed), seed=seed)
        say(f"{minutes(spoken):.0f} minutes of them recognised")
        heard = hearing.hear(spoken)
        figures = hearing.figures(spoken, heard)
        found, wrong = entities(spoken, [one.talk for one in heard], "recognised", 0.70)
        missed += wrong
        sections["From the sound"] = [*figures, *found, Figure("audio", minutes(spoken), "min")]
        say("the stages, timed")
        sections["Time"] = timing.figures(spoken, heard, length_s=extent.timed_s)
    elif "hearing" in parts:
        console.print("[yellow]Not measured: what listens. flite (Debian: flite) reads the conversations.[/]")
    if "service" in parts:
        say("events and uploads on a running stack")
        sections["The way around the stages"] = service.figures(runs=extent.runs)
    say("done")
    return sections, missed


def minutes(conversations: list[Conversation]) -> float:
    return sum(conversation.talk.duration_s for conversation in conversations) / 60


def conditions(half: Half, seed: str) -> dict[str, str]:
    """What a reader needs to repeat the run, and how busy the machine was."""
    load = os.getloadavg()[2]
    return {
        "half": half,
        "seed": seed,
        "commit": commit(),
        "flite": flite_version(),
        "load average of 15 min": f"{load:.1f}",
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pipeline", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all where none is named")
    parser.add_argument("--quick", action="store_true", help="a part of it")
    parser.add_argument("--half", choices=("held_out", "tuned"), default="held_out")
    parser.add_argument("--seed", default="", help="instead of the commit's hash")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--markdown", type=Path, help="write the tables there")
    options = parser.parse_args()
    seed = options.seed or commit()
    if not seed:
        parser.error("not in a repository: name a --seed")
    console = Console(highlight=False)
    parts = options.parts or list(PARTS)
    sections, missed = measure(QUICK if options.quick else FULL, options.half, seed, parts, console)
    for title, figures in sections.items():
        show(title, figures, console)
    if options.half == "tuned":
        for miss in missed:
            console.print(f"{miss.row} ({miss.conversation}): {miss.wanted} → {miss.found}", markup=False)
    run = conditions(options.half, seed)
    report = json.dumps({**json.loads(as_json(sections)), "run": run}, indent=2, ensure_ascii=False)
    if options.json:
        options.json.write_text(report + "\n")
    else:
        print(report)
    if options.markdown:
        options.markdown.write_text(as_page(sections, run))
    return 0 if all(f.reached is not False for figures in sections.values() for f in figures) else 1


def as_page(sections: Sections, run: dict[str, str]) -> str:
    on = ", ".join(f"{key} {value}" for key, value in {**machine(), **run}.items() if value)
    tables = [f"### {title}\n\n{as_markdown(figures)}" for title, figures in sections.items()]
    return "\n\n".join(tables) + f"\n\nMeasured on: {on}.\n"


if __name__ == "__main__":
    sys.exit(main())
