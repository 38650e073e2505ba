"""One engine on one device at one batch size: loaded, warmed up and timed on talks as long as time allows."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.engines.subjects import Subject
from bench.engines.talk import make_recording

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Extent:
    """`lengths_s`: talks to time, as far as they fit; where the shortest does not, the longest of
    `shorter_s` that does. `warm_up_s`: the talk before the clock counts, and the one after, by which the
    others are reckoned. `repeats`: at most, of which the median counts."""

    lengths_s: tuple[float, ...] = (600.0, HOUR_S)
    shorter_s: tuple[float, ...] = (300.0, 120.0, 60.0)
    warm_up_s: float = 30.0
    repeats: int = 3


@dataclass(frozen=True, slots=True)
class Row:
    """`times_s`: each run of the engine's method over a talk of `talk_s`; `load_s`: its weights from this
    disk to the device, imports aside. `gpu_bytes`: torch's allocations at their peak, or, of an engine
    without torch, what the device lost. `left_out`: why there are no figures."""

    engine: str
    shape: str
    device: str
    batch_size: int
    talk_s: float = 0.0
    times_s: tuple[float, ...] = ()
    windows: int | None = None
    load_s: float = 0.0
    gpu_bytes: int | None = None
    left_out: str = ""

    @property
    def work_s(self) -> float:
        return statistics.median(self.times_s)

    @property
    def s_per_hour(self) -> float:
        """Of an hour of talk."""
        return self.work_s * HOUR_S / self.talk_s

    @property
    def windows_per_s(self) -> float | None:
        return self.windows / self.work_s if self.windows else None


def measure(
    subject: Subject, folder: Path, *, device: str, batch_size: int, extent: Extent, budget_s: float
) -> Iterator[Row]:
    """A row for each length of talk that fits into about `budget_s`; at least one. Raises what the engine
    raises."""
    if subject.imports is not None:
        subject.imports("bench")
    engine = subject.engine(folder, device, batch_size)
    free_before = _prepare(device)
    began = _clock(device)
    engine.load()
    load_s = _clock(device) - began

    def once(length_s: float) -> tuple[float, int | None]:
        heard = make_recording(length_s)
        begun = _clock(device)
        known = subject.work(engine, heard, batch_size)
        return _clock(device) - begun, known

    counter = _Windows(subject.windows)
    until = time.monotonic() + budget_s
    with counter.looking():
        once(extent.warm_up_s)
    counter.rows = 0
    first_s, known = once(extent.warm_up_s)
    rate, measured = first_s / extent.warm_up_s, False
    for length_s in (*extent.lengths_s, *extent.shorter_s, extent.warm_up_s):
        if measured and length_s not in extent.lengths_s:
            return
        if rate * length_s > until - time.monotonic() and length_s != extent.warm_up_s:
            continue
        times = [first_s] if length_s == extent.warm_up_s else []
        while not times or (len(times) < extent.repeats and time.monotonic() + times[-1] < until):
            counter.rows = 0
            took_s, known = once(length_s)
            times.append(took_s)
        rate, measured = times[-1] / length_s, True
        windows = known if known is not None else counter.rows or None
        used = _gpu_bytes(device, free_before, by_torch=bool(subject.windows))
        yield Row(
            subject.name, subject.shape, device, batch_size, length_s, tuple(times), windows, load_s, used
        )


class _Windows:
    """Counts the rows of the batches that go through modules of some classes."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._classes = frozenset(classes)
        self._found: list[Any] = []
        self.rows = 0

    @contextmanager
    def looking(self) -> Iterator[None]:
        """What works meanwhile is found and counted from then on; only here is each module looked at."""
        if not self._classes:
            yield
            return
        from torch.nn.modules.module import register_module_forward_pre_hook

        with register_module_forward_pre_hook(self._look):
            yield
        for module in self._found:
            module.register_forward_pre_hook(self._count, with_kwargs=True)

    def _look(self, module: Any, _inputs: Any) -> None:
        if type(module).__name__ in self._classes and not any(module is other for other in self._found):
            self._found.append(module)

    def _count(self, _module: Any, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.rows += next(
            int(value.shape[0]) for value in (*inputs, *named.values()) if hasattr(value, "shape")
        )


def _prepare(device: str) -> int:
    """Free bytes of a GPU that is awake; 0 elsewhere."""
    if device != "cuda":
        return 0
    import torch

    torch.zeros(1, device=device)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return int(torch.cuda.mem_get_info()[0])


def _clock(device: str) -> float:
    """Seconds, when the device has done what it was given."""
    if device == "cuda" and "torch" in sys.modules:
        sys.modules["torch"].cuda.synchronize()
    return time.perf_counter()


def _gpu_bytes(device: str, free_before: int, *, by_torch: bool) -> int | None:
    if device != "cuda":
        return None
    import torch

    return int(torch.cuda.max_memory_allocated() if by_torch else free_before - torch.cuda.mem_get_info()[0])
