"""`/metrics`: what all processes of the installation have counted, and how it stands at this moment.

One scrape of any web process tells of the whole installation, so one address is scraped, not each process.
Open to this machine and to the scope `admin`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from ipaddress import ip_address

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled

from ambient import standing
from conversations.api.authentication import FORWARDING_HEADERS, access_of_plain
from conversations.api.errors import envelope
from conversations.metrics.catalogue import CATALOGUE
from conversations.metrics.tally import TALLY, Field, counted
from conversations.models import ApiKey
from conversations.queues import queue_states

Values = Mapping[tuple[str, ...], float | None]

GAUGES: dict[str, tuple[str, tuple[str, ...], Callable[[], Values]]] = {
    "ambient_up": ("1 where this part of the installation answers.", ("part",), standing.parts_up),
    "ambient_sessions": ("Live sessions, by state.", ("state",), standing.sessions_by_state),
    "ambient_sessions_limit": (
        "WEBSOCKET_MAX_CONNECTIONS.",
        (),
        lambda: {(): settings.AMBIENT.live.max_connections},
    ),
    "ambient_queue_depth": (
        "Messages that no worker has taken.",
        ("queue",),
        lambda: {(queue,): state["depth"] for queue, state in queue_states().items()},
    ),
    "ambient_queue_workers": (
        "Workers that take from a queue.",
        ("queue",),
        lambda: {(queue,): state["workers"] for queue, state in queue_states().items()},
    ),
    "ambient_stages_under_way": ("Stages by state.", ("stage", "state"), standing.stages_under_way),
    "ambient_web_sessions": ("Sessions of each web process.", ("process",), standing.web("sessions")),
    "ambient_web_lag_seconds": (
        "How far the transcript that is furthest behind is behind.",
        ("process",),
        standing.web("lag_s"),
    ),
    "ambient_web_loop_delay_seconds": (
        "How late the event loop comes to what is due.",
        ("process",),
        standing.web("loop_delay_s"),
    ),
    "ambient_web_saturated": ("1 where /readyz says so.", ("process",), standing.web("saturated")),
    "ambient_sweep_age_seconds": ("Since the last sweep, by kind.", ("sweep",), standing.sweep_ages_s),
}


class Installation(Collector):
    """A part that does not answer is left out, and said to be down."""

    def collect(self) -> Iterator[Metric]:
        counts: dict[Field, float] = {}
        with suppress(RedisError):
            TALLY.ship()
            counts = counted()
        for metric in CATALOGUE:
            yield metric.family(counts)
        for name, (help_text, labels, read) in GAUGES.items():
            with suppress(RedisError, DatabaseError):
                yield _gauge(name, help_text, labels, read().items())


def _gauge(
    name: str, help_text: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float | None]]
) -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for label_values, value in values:
        if value is not None:
            family.add_metric(label_values, value)
    return family


def shown_names() -> set[str]:
    """Of every series that a scrape may have."""
    return {*GAUGES, *(name for metric in CATALOGUE for name in metric.shown_names)}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if (refusal := _refusal(request)) is not None:
        return refusal
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Installation())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if is_from_this_machine(request):
        return None
    try:
        access = access_of_plain(request)
    except Throttled as error:
        return JsonResponse(envelope(error.default_code, str(error.detail)), status=error.status_code)
    if access is None:
        response = JsonResponse(envelope("not_authenticated", "An API key is needed."), status=401)
        response.headers["WWW-Authenticate"] = 'Bearer realm="ambient"'
        return response
    if not access.may(ApiKey.Scope.ADMIN):
        return JsonResponse(envelope("permission_denied", "This needs the scope 'admin'."), status=403)
    return None


def is_from_this_machine(request: HttpRequest) -> bool:
    """And through no proxy, which would make everybody look so."""
    if any(name in request.META for name in FORWARDING_HEADERS):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
