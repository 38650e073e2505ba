"""System checks of the configuration: a wrong value is named at start, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from ambient.conf import STAGE_ENGINE_VARIABLES, AmbientSettings
from conversations.sealing.keys import parse_keys
from transcription.analysis.registry import ENGINES as STAGE_ENGINES
from transcription.engines.registry import AUTO, SPEECH_ENGINES

PLAYED_ENGINES = {"scripted", "adversary"}
LONGEST_WAIT_S = 3600
"""No client or proxy holds an HTTP request open for longer."""
LOG_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


@register()
def check_configuration(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Everything in docs/configuration.md that can be checked without I/O."""
    return list(problems(settings.AMBIENT))


def problems(conf: AmbientSettings) -> Iterator[CheckMessage]:
    yield from _live(conf)
    yield from _engines(conf)
    yield from _requests(conf)
    yield from _rest(conf)


def _live(conf: AmbientSettings) -> Iterator[CheckMessage]:
    live = conf.live
    at_least_one = {
        "WEBSOCKET_MAX_CONNECTIONS": live.max_connections,
        "WEBSOCKET_HEARTBEAT_INTERVAL": live.heartbeat_interval_s,
        "WEBSOCKET_CHUNK_TIMEOUT": live.chunk_timeout_s,
        "WEBSOCKET_MAX_SESSION_DURATION": live.max_session_duration_s,
        "WEBSOCKET_AUDIO_BUFFER_SIZE": live.audio_buffer_size_bytes,
    }
    for name, value in at_least_one.items():
        if value < 1:
            yield Error(f"{name} is {value}.", hint="Set it to 1 or more.", id="ambient.E001")
    if live.max_process_sessions < 0:
        yield Error("AMBIENT_PROCESS_SESSIONS is negative.", hint="0 sets no bound.", id="ambient.E007")
    if live.resume_grace_s < 0:
        yield Error("WEBSOCKET_RESUME_GRACE is negative.", hint="0 turns resuming off.", id="ambient.E002")
    if not 8000 <= live.sample_rate_hz <= 48_000:
        yield Error(
            f"WEBSOCKET_SAMPLE_RATE is {live.sample_rate_hz}.", hint="Set 8000 to 48000.", id="ambient.E003"
        )
    if live.channels not in (1, 2):
        yield Error(f"WEBSOCKET_CHANNELS is {live.channels}.", hint="Set 1 or 2.", id="ambient.E004")
    if not 0.2 <= live.chunk_duration_s <= 30:
        yield Error(
            f"WEBSOCKET_CHUNK_DURATION is {live.chunk_duration_s}.",
            hint="Set 0.2 to 30 seconds.",
            id="ambient.E005",
        )
    if not 0 <= live.overlap_duration_s < live.chunk_duration_s:
        yield Error(
            f"WEBSOCKET_OVERLAP_DURATION is {live.overlap_duration_s}.",
            hint="Set 0 or more, and less than WEBSOCKET_CHUNK_DURATION.",
            id="ambient.E006",
        )


def _engines(conf: AmbientSettings) -> Iterator[CheckMessage]:
    known = {"AMBIENT_LIVE_ENGINE": [AUTO, *SPEECH_ENGINES], "AMBIENT_BATCH_ENGINE": [AUTO, *SPEECH_ENGINES]}
    chosen = {"AMBIENT_LIVE_ENGINE": conf.live_engine, "AMBIENT_BATCH_ENGINE": conf.batch_engine}
    for stage, name in conf.stage_engines.items():
        variable = STAGE_ENGINE_VARIABLES[stage]
        known[variable], chosen[variable] = [AUTO, "off", *STAGE_ENGINES[stage]], name
    for variable, name in chosen.items():
        if name not in known[variable] and not _leads_to_a_class(name):
            yield Error(
                f"{variable} is {name!r}, which is neither a known alias nor a dotted path to a class.",
                hint=f"One of: {', '.join(known[variable])}, or package.module.Class.",
                id="ambient.E010",
            )
    if conf.live_engine in PLAYED_ENGINES:
        yield Warning(
            f"AMBIENT_LIVE_ENGINE is {conf.live_engine}: it plays a recogniser and hears nothing.",
            hint="For development and tests only.",
            id="ambient.W011",
        )


def _leads_to_a_class(path: str) -> bool:
    module, _, attribute = path.rpartition(".")
    try:
        return hasattr(import_module(module), attribute)
    except (ImportError, ValueError):
        return False


def _requests(conf: AmbientSettings) -> Iterator[CheckMessage]:
    if not 0 < conf.transcription_wait_s <= LONGEST_WAIT_S:
        yield Error(
            f"AMBIENT_TRANSCRIPTION_WAIT is {conf.transcription_wait_s}.",
            hint=f"More than 0 and at most {LONGEST_WAIT_S} seconds.",
            id="ambient.E031",
        )
    if not 0 < conf.stream_timeout_s <= LONGEST_WAIT_S:
        yield Error(
            f"AMBIENT_STREAM_TIMEOUT is {conf.stream_timeout_s}.",
            hint=f"More than 0 and at most {LONGEST_WAIT_S} seconds.",
            id="ambient.E032",
        )


def _rest(conf: AmbientSettings) -> Iterator[CheckMessage]:
    if conf.journal not in {"disk", "memory"}:
        yield Error(f"AMBIENT_JOURNAL is {conf.journal!r}.", hint="disk or memory.", id="ambient.E020")
    if conf.server not in {"uvicorn", "daphne"}:
        yield Error(f"AMBIENT_SERVER is {conf.server!r}.", hint="uvicorn or daphne.", id="ambient.E021")
    if conf.log_level not in LOG_LEVELS:
        yield Error(
            f"LOG_LEVEL is {conf.log_level!r}.", hint=", ".join(sorted(LOG_LEVELS)), id="ambient.E022"
        )
    if not 0 < conf.port < 65_536:
        yield Error(f"PORT is {conf.port}.", hint="1 to 65535.", id="ambient.E023")
    for name, days in (
        ("AMBIENT_RETENTION_DAYS", conf.retention_days),
        ("AMBIENT_AUDIO_RETENTION_DAYS", conf.audio_retention_days),
        ("AMBIENT_ACCESS_LOG_DAYS", conf.access_log_days),
    ):
        if days < -1:
            yield Error(
                f"{name} is {days}.", hint="Days; 0 keeps none, -1 keeps for ever.", id="ambient.E024"
            )
    if conf.bootstrap_key and len(conf.bootstrap_key) < 16:
        yield Error(
            "AMBIENT_BOOTSTRAP_KEY is shorter than 16 characters.",
            hint="python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            id="ambient.E025",
        )
    if problem := _wrong_with_keys(conf.encryption_key):
        yield Error(
            f"AMBIENT_ENCRYPTION_KEY is not 32 bytes in base64, or several such by comma: {problem}.",
            hint="python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'",
            id="ambient.E026",
        )
    if bool(conf.llm_base_url) != bool(conf.llm_model):
        yield Error(
            "Only one of AMBIENT_LLM_BASE_URL and AMBIENT_LLM_MODEL is set.",
            hint="An endpoint needs both.",
            id="ambient.E027",
        )
    if conf.open_loopback:
        yield Warning(
            "AMBIENT_OPEN_LOOPBACK lets keyless clients of this machine in.",
            hint="For trying out; a reverse proxy on the same machine would let everyone in.",
            id="ambient.W028",
        )


def _wrong_with_keys(text: str) -> str:
    try:
        parse_keys(text)
    except ValueError as error:
        return str(error)
    return ""
