"""A benchmark's table: what was measured, what it should reach, on which machine."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `target`: what `reached` was tested for (None: a value for the record).
    `interval`: 95 % interval of the value, where one was computed."""

    what: str
    value: float
    unit: str
    target: str = ""
    reached: bool | None = None
    interval: tuple[float, float] | None = None

    @property
    def text(self) -> str:
        number = f"{self.value:.0f}" if self.value == int(self.value) else f"{self.value:.2f}"
        spread = "" if self.interval is None else f"[{self.interval[0]:.2f}, {self.interval[1]:.2f}]"
        return " ".join(part for part in (number, spread, self.unit) if part)


def at_most(what: str, value: float, unit: str, bound: float) -> Figure:
    return Figure(what, value, unit, f"≤ {bound:g}", value <= bound)


def at_least(what: str, value: float, unit: str, bound: float) -> Figure:
    return Figure(what, value, unit, f"≥ {bound:g}", value >= bound)


def exactly(what: str, value: float, unit: str, wanted: float) -> Figure:
    return Figure(what, value, unit, f"= {wanted:g}", value == wanted)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


MARKS: dict[bool | None, str] = {True: "✓", False: "✗", None: ""}


def show(title: str, figures: list[Figure], console: Console) -> None:
    table = Table(title=title, title_justify="left")
    for column in ("what", "measured", "target", ""):
        table.add_column(column)
    for figure in figures:
        table.add_row(figure.what, figure.text, figure.target, MARKS[figure.reached])
    console.print(table)


def as_markdown(figures: list[Figure]) -> str:
    lines = ["| what | measured | target | |", "| --- | --- | --- | --- |"]
    lines += [f"| {f.what} | {f.text} | {f.target} | {MARKS[f.reached]} |" for f in figures]
    return "\n".join(lines)


def as_json(sections: dict[str, list[Figure]]) -> str:
    return json.dumps(
        {
            "machine": machine(),
            "sections": {
                title: [
                    {
                        "what": f.what,
                        "value": f.value,
                        "unit": f.unit,
                        "target": f.target,
                        "reached": f.reached,
                        "interval": f.interval,
                    }
                    for f in figures
                ]
                for title, figures in sections.items()
            },
        },
        indent=2,
        ensure_ascii=False,
    )


Section = Callable[[Console], list[Figure]]
