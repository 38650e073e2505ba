"""Two kinds of metric that processes count: what adds up, and how values are spread."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

from conversations.metrics.tally import TALLY, Field

SUM = "sum"


@dataclass(frozen=True, slots=True)
class Counter:
    """`name`: without the `_total` it is shown with; `labels`: their names, in the order of the values."""

    name: str
    help: str
    labels: tuple[str, ...] = ()

    def add(self, amount: float = 1, *values: str) -> None:
        TALLY.add(((self.name, *values), amount))

    def family(self, counts: Mapping[Field, float]) -> Metric:
        family = CounterMetricFamily(self.name, self.help, labels=self.labels)
        for field, amount in _of(self.name, counts):
            if len(field) == len(self.labels):
                family.add_metric(field, amount)
        if not self.labels and not family.samples:
            family.add_metric((), 0)
        return family

    @property
    def shown_names(self) -> set[str]:
        return {f"{self.name}_total"}


@dataclass(frozen=True, slots=True)
class Histogram:
    """`buckets`: the upper bounds, ascending; above the last there is one more."""

    name: str
    help: str
    buckets: tuple[float, ...]
    labels: tuple[str, ...] = ()

    def observe(self, value: float, *values: str) -> None:
        bucket = str(bisect_left(self.buckets, value))
        TALLY.add(((self.name, *values, bucket), 1), ((self.name, *values, SUM), value))

    def family(self, counts: Mapping[Field, float]) -> Metric:
        family = HistogramMetricFamily(self.name, self.help, labels=self.labels)
        series: dict[Field, dict[str, float]] = {}
        for field, amount in _of(self.name, counts):
            if len(field) == len(self.labels) + 1:
                series.setdefault(field[:-1], {})[field[-1]] = amount
        for values, parts in series.items():
            shown = (str(floatToGoString(bound)) for bound in self.buckets)  # type: ignore[no-untyped-call]
            bounds = [*shown, "+Inf"]
            inside = accumulate(parts.get(str(index), 0.0) for index in range(len(bounds)))
            family.add_metric(values, list(zip(bounds, inside, strict=True)), parts.get(SUM, 0.0))
        return family

    @property
    def shown_names(self) -> set[str]:
        return {f"{self.name}_{part}" for part in ("bucket", "count", "sum")}


def _of(name: str, counts: Mapping[Field, float]) -> Iterable[tuple[Field, float]]:
    return ((field[1:], amount) for field, amount in sorted(counts.items()) if field[0] == name)
