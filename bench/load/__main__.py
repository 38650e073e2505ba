"""`make bench-load`: many live sessions on one machine, as tables and JSON.

python -m bench.load                  every row, about eight minutes
python -m bench.load --quick          the same rows, shorter: for a look
python -m bench.load lean many        some of them

The real stack as `make up` starts it, on the loopback, and clients in another process at the speed of speech.
Server and clients share the machine: on one with more than two cores run it as `taskset -c 0,1 make
bench-load`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bench.load import reading, tables
from bench.load.rows import Load, Result, run
from bench.report import Figure, as_json, as_markdown, machine, show

ENGINE_COST_MS = 20.0
MANY, COSTLY, OVER, LEAN = 150, 40, 120, 50


class Rows:
    """Each row once; the overloaded one is held against the calm one."""

    def __init__(self, *, quick: bool, console: Console) -> None:
        self._steady_s, self._starts_a_s = (20.0, 25.0) if quick else (60.0, 10.0)
        self._console = console
        self._calm: Result | None = None

    def many(self) -> list[Figure]:
        return tables.many(self._run(MANY, cost_ms=0.0))

    def costly(self) -> list[Figure]:
        return tables.many(self._calmly())

    def overload(self) -> list[Figure]:
        calm = self._calmly()
        return tables.overloaded(self._run(OVER, cost_ms=ENGINE_COST_MS), calm)

    def lean(self) -> list[Figure]:
        return tables.lean(self._run(LEAN, cost_ms=0.0))

    def reading(self) -> list[Figure]:
        self._console.print(f"[dim]· {reading.SESSIONS} sessions of continuous reading, faster-whisper[/]")
        return reading.figures(steady_s=self._steady_s)

    def _calmly(self) -> Result:
        if self._calm is None:
            self._calm = self._run(COSTLY, cost_ms=ENGINE_COST_MS)
        return self._calm

    def _run(self, sessions: int, *, cost_ms: float) -> Result:
        self._console.print(f"[dim]· {sessions} sessions, engine cost {cost_ms:g} ms a window[/]")
        return run(Load(sessions, sessions / self._starts_a_s, self._steady_s, cost_ms))


def titles(rows: Rows) -> dict[str, tuple[str, Callable[[], list[Figure]]]]:
    cost = f"engine cost {ENGINE_COST_MS:g} ms a window, one live worker"
    return {
        "many": (f"{MANY} sessions, engine cost 0", rows.many),
        "costly": (f"{COSTLY} sessions, {cost}", rows.costly),
        "overload": (f"{OVER} sessions, {cost}", rows.overload),
        "lean": (f"{LEAN} sessions, engine cost 0: what the path takes", rows.lean),
        "reading": ("Continuous reading, faster-whisper on a model of whisper-tiny's shape", rows.reading),
    }


def main() -> int:
    console = Console(highlight=False)
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("rows", nargs="*", help="many, costly, overload, lean, reading; else all")
    parser.add_argument("--quick", action="store_true", help="20 s of each load instead of 60")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--markdown", type=Path, help="write the tables there")
    options = parser.parse_args()
    known = titles(Rows(quick=options.quick, console=console))
    if unknown := set(options.rows) - set(known):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    measured = {}
    for name in options.rows or known:
        title, row = known[name]
        measured[title] = row()
        show(title, measured[title], console)
    console.print(f"cores that server and clients share: {len(os.sched_getaffinity(0))}")
    report = as_json(measured)
    if options.json:
        options.json.write_text(report + "\n")
    else:
        print(report)
    if options.markdown:
        on = ", ".join(f"{key} {value}" for key, value in machine().items())
        sections = "\n\n".join(f"### {title}\n\n{as_markdown(rows)}" for title, rows in measured.items())
        options.markdown.write_text(f"{sections}\n\nMeasured on: {on}.\n")
    return 0 if all(f.reached is not False for figures in measured.values() for f in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
