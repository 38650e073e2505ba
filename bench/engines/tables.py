"""The rows as tables, and as JSON with all that they were measured with."""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from bench.engines.measure import Row
from bench.report import machine

NOTE = (
    "Models of the real shapes with random weights: what they say means nothing, what they cost is real. "
    "Seconds are those of the stage's method for an hour of talk, reckoned from the talk that was timed; the "
    "median of the runs. A translation ends after 20 tokens, a summary is as long as the engine lets it be. "
    "Loading is from this disk's cache to the device, without imports. Memory is what torch had allocated at "
    "its peak; for speech, which does without torch, what the device lost."
)
_COLUMNS = (
    "engine",
    "shape",
    "device",
    "batch",
    "talk, min",
    "s per hour",
    "windows/s",
    "load, s",
    "GPU, MiB",
    "runs",
)
_RATIO_COLUMNS = (
    "engine",
    "talk, min",
    "CPU, s per hour",
    "GPU, s per hour",
    "ratio",
    "GPU's best batch",
    "ratio",
)
Cells = tuple[str, ...]


def all_rows(rows: Sequence[Row]) -> list[Cells]:
    return [
        (
            row.engine,
            row.shape,
            row.device,
            str(row.batch_size),
            f"{row.talk_s / 60:g}",
            _number(row.s_per_hour),
            "–" if row.windows_per_s is None else _number(row.windows_per_s),
            f"{row.load_s:.1f}",
            "–" if row.gpu_bytes is None else f"{row.gpu_bytes / 2**20:.0f}",
            str(len(row.times_s)),
        )
        for row in rows
        if not row.left_out
    ]


def ratios(rows: Sequence[Row], own_batch: dict[str, int]) -> Iterator[Cells]:
    """CPU to GPU, at the product's own batch size and at the GPU's best; over the longest talk that both had,
    else over the longest of each."""
    measured = [row for row in rows if not row.left_out]
    for engine in dict.fromkeys(row.engine for row in measured):
        of_engine = [row for row in measured if row.engine == engine]
        on_cpu = [row for row in of_engine if row.device == "cpu" and row.batch_size == own_batch[engine]]
        on_gpu = [row for row in of_engine if row.device == "cuda"]
        own = [row for row in on_gpu if row.batch_size == own_batch[engine]]
        if not on_cpu or not own:
            continue
        shared = {row.talk_s for row in on_cpu} & {row.talk_s for row in own}
        length_s = max(shared) if shared else 0.0
        cpu, gpu = _longest(on_cpu, length_s), _longest(own, length_s)
        best = min((row for row in on_gpu if row.talk_s == gpu.talk_s), key=lambda row: row.s_per_hour)
        minutes = f"{cpu.talk_s / 60:g}" if shared else f"{cpu.talk_s / 60:g} and {gpu.talk_s / 60:g}"
        yield (
            engine,
            minutes,
            _number(cpu.s_per_hour),
            _number(gpu.s_per_hour),
            _number(cpu.s_per_hour / gpu.s_per_hour),
            str(best.batch_size),
            _number(cpu.s_per_hour / best.s_per_hour),
        )


def _longest(rows: Sequence[Row], length_s: float) -> Row:
    """The one over `length_s`, or the longest."""
    return next((row for row in rows if row.talk_s == length_s), max(rows, key=lambda row: row.talk_s))


def left_out(rows: Sequence[Row]) -> list[str]:
    return [
        f"{row.engine}, {row.device}, batch {row.batch_size}: {row.left_out}" for row in rows if row.left_out
    ]


def as_markdown(rows: Sequence[Row], own_batch: dict[str, int]) -> str:
    parts = [NOTE, _table(_COLUMNS, all_rows(rows))]
    if compared := list(ratios(rows, own_batch)):
        parts.append(_table(_RATIO_COLUMNS, compared))
    if missing := left_out(rows):
        parts.append("Not measured:\n\n" + "\n".join(f"- {line}" for line in missing))
    parts.append("Measured on: " + ", ".join(f"{key} {value}" for key, value in conditions().items()) + ".")
    return "\n\n".join(parts) + "\n"


def as_json(rows: Sequence[Row]) -> str:
    said = [{**asdict(row), "s_per_hour": row.s_per_hour if row.times_s else None} for row in rows]
    return json.dumps({"conditions": conditions(), "note": NOTE, "rows": said}, indent=2, ensure_ascii=False)


def conditions() -> dict[str, str]:
    """The machine, its GPU and the libraries."""
    known = {key: str(value) for key, value in machine().items()} | {"gpu": gpu()}
    for package in ("torch", "transformers", "pyannote.audio", "ctranslate2", "faster-whisper"):
        try:
            known[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            known[package] = "none"
    return known | {"load average of 1 min": f"{os.getloadavg()[0]:.1f}"}


def gpu() -> str:
    """Its name; `none` where torch sees no GPU."""
    try:
        import torch
    except ImportError:
        return "none"
    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "none"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _table(columns: Cells, rows: Sequence[Cells]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
