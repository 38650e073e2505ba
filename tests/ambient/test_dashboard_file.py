"""The dashboard, the alerts and the page of metrics name what `/metrics` shows, and all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ambient.metrics import GAUGES, shown_names
from conversations.metrics.catalogue import CATALOGUE
from tests.docs.pages import code, page, rows, section

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "docker/grafana/dashboards/ambient.json"
ALERTS = ROOT / "docker/prometheus/alerts.yml"


def queries() -> Iterator[str]:
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


@pytest.mark.parametrize("query", sorted(set(queries())))
def test_every_query_names_metrics_that_exist(query: str) -> None:
    """Names are those of a scrape, and each label is one that the metric has."""
    names = set(re.findall(r"\bambient_\w+", query))
    assert names
    assert names <= shown_names()
    known = {label for metric in CATALOGUE for label in metric.labels}
    known |= {label for _, labels, _ in GAUGES.values() for label in labels} | {"le"}
    for labels in re.findall(r"by \(([^)]*)\)", query):
        assert {label.strip() for label in labels.split(",")} <= known
    assert query.count("(") == query.count(")")


def test_every_metric_is_on_the_dashboard() -> None:
    """Nothing is counted that nobody looks at."""
    looked_at = {name for query in queries() for name in re.findall(r"\bambient_\w+", query)}
    for metric in CATALOGUE:
        assert metric.shown_names & looked_at, metric.name
    assert set(GAUGES) <= looked_at


def test_the_page_has_every_metric_with_its_labels() -> None:
    """docs/operations.md and the code agree on names, labels and what they say."""
    stated = {
        code(cells[0])[0]: (tuple(code(cells[1])), cells[2])
        for cells in rows(section(page("docs/operations.md"), "## Metrics"))
        if "ambient_" in cells[0]
    }
    shown = {
        name: (metric.labels, metric.help)
        for metric in CATALOGUE
        for name in [f"{metric.name}_total" if f"{metric.name}_total" in metric.shown_names else metric.name]
    }
    shown |= {name: (labels, help_text) for name, (help_text, labels, _) in GAUGES.items()}
    assert stated == shown


def test_every_alert_has_its_answer_on_the_page() -> None:
    """Whoever is woken finds what to do."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    named = {rule["alert"] for group in groups for rule in group["rules"]}
    answered = set(re.findall(r"^\| `(Ambient\w+)`", page("docs/operations.md"), flags=re.MULTILINE))
    assert named == answered
