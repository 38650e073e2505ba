"""Every engine on every device, each in a process of its own: one that fails takes no other with it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from bench.engines.measure import Extent, Row, measure
from bench.engines.subjects import Subject, subjects

_SHORTEST_S = 40.0
"""Any process gets that, for making a model, loading it and one short talk."""
_WORKING = 0.6
"""Of its time; making and loading models takes the rest."""
_WEIGHTS = {"cuda": 1.0, "cpu": 2.0}
_SWEEP_WEIGHT = 0.5  # other batch sizes than the product's own


@dataclass(frozen=True, slots=True)
class Job:
    """One process: an engine on a device at some batch sizes."""

    subject: str
    device: str
    batch_sizes: tuple[int, ...]

    def weight(self, subject: Subject) -> float:
        """Its share of the time."""
        own = subject.batch_sizes[0] in self.batch_sizes
        others = len(self.batch_sizes) - own
        return _WEIGHTS[self.device] * (own + _SWEEP_WEIGHT * others)


@dataclass(frozen=True, slots=True)
class Task:
    """What its process needs beside it. `budget_s`: of each batch size."""

    models: Path
    extent: Extent
    budget_s: float
    tiny: bool


def jobs(wanted: Sequence[Subject], devices: Sequence[str], *, sweep: bool) -> list[Job]:
    """Each engine at the product's own batch size on all devices first; the CPU's other sizes come last."""
    first: list[Job] = []
    last: list[Job] = []
    for subject in wanted:
        own, others = subject.batch_sizes[:1], subject.batch_sizes[1:] if sweep else ()
        for device in devices:
            if device not in subject.devices:
                continue
            on_gpu = device == "cuda"
            first.append(Job(subject.name, device, own + others if on_gpu else own))
            if others and not on_gpu:
                last.append(Job(subject.name, device, others))
    return first + last


def run(
    todo: Sequence[Job], models: Path, extent: Extent, *, limit_s: float, tiny: bool = False
) -> Iterator[list[Row]]:
    """The rows of each job when it has ended. `models`: a folder to keep the made models in meanwhile."""
    known = subjects()
    context = multiprocessing.get_context("forkserver")
    on_torch = any(known[job.subject].imports is not None for job in todo)
    context.set_forkserver_preload(["bench.engines.preload"] if on_torch else [])
    until = time.monotonic() + limit_s
    for place, job in enumerate(todo):
        left_s = until - time.monotonic()
        weight = job.weight(known[job.subject])
        share_s = left_s * weight / sum(other.weight(known[other.subject]) for other in todo[place:])
        if left_s <= 0:
            yield [_left_out(job, batch_size, "no time was left") for batch_size in job.batch_sizes]
            continue
        ours, theirs = context.Pipe(duplex=False)
        task = Task(models, extent, _WORKING * share_s / len(job.batch_sizes), tiny)
        process = context.Process(target=_work, args=(theirs, job, task), daemon=True)
        process.start()
        theirs.close()
        yield list(_rows(ours, job, min(left_s, max(_SHORTEST_S, 3 * share_s))))
        if process.is_alive():
            process.join(1)
            process.kill()
        process.join()


def _work(connection: Connection, job: Job, task: Task) -> None:
    """In a process of its own."""
    subject = subjects()[job.subject]
    for batch_size in job.batch_sizes:
        try:
            folder = task.models / subject.shape.replace(" ", "-")
            if subject.make is not None and not folder.exists():
                made = folder.with_suffix(".part")
                made.mkdir(exist_ok=True)
                subject.make(made, tiny=task.tiny)
                made.rename(folder)
            rows = measure(
                subject,
                folder,
                device=job.device,
                batch_size=batch_size,
                extent=task.extent,
                budget_s=task.budget_s,
            )
            for row in rows:
                connection.send(row)
        except Exception as error:
            # Whatever an engine or a library says: the others are measured all the same.
            connection.send(_left_out(job, batch_size, _first_line(error)))
    connection.send(None)


def _rows(connection: Connection, job: Job, limit_s: float) -> Iterator[Row]:
    """What comes until the process says that it is done, ends, or takes too long."""
    until = time.monotonic() + limit_s
    told: set[int] = set()
    ended = f"it did not end within {limit_s:.0f} s"
    while connection.poll(max(0.0, until - time.monotonic())):
        try:
            row = connection.recv()
        except EOFError:
            ended = "its process died"
            break
        if row is None:
            return
        told.add(row.batch_size)
        yield row
    for batch_size in job.batch_sizes:
        if batch_size not in told:
            yield _left_out(job, batch_size, ended)


def _left_out(job: Job, batch_size: int, why: str) -> Row:
    shape = subjects()[job.subject].shape
    return Row(job.subject, shape, job.device, batch_size, left_out=why)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip() or 'no reason given').splitlines()[0][:200]}"
