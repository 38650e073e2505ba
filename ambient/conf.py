"""The one typed settings object, read from the environment (docs/configuration.md; contract: configuration).

Lower rooms see it as `django.conf.settings.AMBIENT`. What a value may be is checked by `ambient.checks`, so
that a wrong one is named with a hint at start instead of failing later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environs import Env

STAGE_ENGINE_VARIABLES = {
    "diarization": "AMBIENT_DIARIZATION",
    "entities": "AMBIENT_NER",
    "classification": "AMBIENT_CLASSIFICATION",
    "qa": "AMBIENT_QA",
    "quality": "AMBIENT_QUALITY",
    "summary": "AMBIENT_SUMMARY",
    "translation": "AMBIENT_TRANSLATION",
    "emotion": "AMBIENT_EMOTION",
    "cleanup": "AMBIENT_CLEANUP",
    "insights": "AMBIENT_INSIGHTS",
}


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Live sessions: the `WEBSOCKET_*` variables."""

    max_connections: int
    max_process_sessions: int
    """Of one web process; 0: no such bound."""
    heartbeat_interval_s: int
    chunk_timeout_s: float
    max_session_duration_s: int
    resume_grace_s: int
    audio_buffer_size_bytes: int
    sample_rate_hz: int
    channels: int
    chunk_duration_s: float
    overlap_duration_s: float
    whisper_model: str
    whisper_model_final: str


@dataclass(frozen=True, slots=True)
class AmbientSettings:
    live: LiveSettings
    live_engine: str
    batch_engine: str
    engine_options: Mapping[str, Any]
    """For the speech engines, from AMBIENT_ENGINE_OPTIONS (JSON): a device, a script for the scripted one."""
    stage_engines: Mapping[str, str]
    """By stage id: an alias, a dotted path, `auto` or `off`."""
    stage_options: Mapping[str, Mapping[str, Any]]
    """By stage id, from AMBIENT_STAGE_OPTIONS (JSON): `model`, and what the stage's engine knows."""
    models_allowed: tuple[str, ...]
    transcription_wait_s: float
    stream_timeout_s: float
    """How long POST /v1/audio/transcriptions waits for its transcript."""
    llm_base_url: str
    llm_model: str
    llm_api_key: str = field(repr=False)
    database_url: str = field(repr=False)
    """Empty: the embedded PostgreSQL."""
    redis_url: str = field(repr=False)
    """Empty: the embedded Redis."""
    home: Path
    media_root: Path
    retention_days: int
    audio_retention_days: int
    access_log_days: int
    store_audio: bool
    journal: str
    encryption_key: str = field(repr=False)
    open_loopback: bool
    server: str
    bootstrap_key: str = field(repr=False)
    host: str
    port: int
    log_level: str

    def model_for(self, name: str, *, default: str) -> str | None:
        """The model that a client's name stands for; None where it may not ask for it (contract: terms)."""
        aliases = {
            "": default,
            "whisper-1": default,
            "fast": self.live.whisper_model,
            "accurate": self.live.whisper_model_final,
        }
        return aliases.get(name) or (name if name in self.models_allowed else None)


def load(env: Env | None = None) -> AmbientSettings:
    """Read the environment. Raises environs.EnvError naming the variable that cannot be read."""
    env = env or Env()
    live = LiveSettings(
        max_connections=env.int("WEBSOCKET_MAX_CONNECTIONS", 100),
        max_process_sessions=env.int("AMBIENT_PROCESS_SESSIONS", 0),
        heartbeat_interval_s=env.int("WEBSOCKET_HEARTBEAT_INTERVAL", 30),
        chunk_timeout_s=env.float("WEBSOCKET_CHUNK_TIMEOUT", 10.0),
        max_session_duration_s=env.int("WEBSOCKET_MAX_SESSION_DURATION", 7200),
        resume_grace_s=env.int("WEBSOCKET_RESUME_GRACE", 60),
        audio_buffer_size_bytes=env.int("WEBSOCKET_AUDIO_BUFFER_SIZE", 8192),
        sample_rate_hz=env.int("WEBSOCKET_SAMPLE_RATE", 16_000),
        channels=env.int("WEBSOCKET_CHANNELS", 1),
        chunk_duration_s=env.float("WEBSOCKET_CHUNK_DURATION", 2.0),
        overlap_duration_s=env.float("WEBSOCKET_OVERLAP_DURATION", 0.5),
        whisper_model=env.str("WEBSOCKET_WHISPER_MODEL", "base"),
        whisper_model_final=env.str("WEBSOCKET_WHISPER_MODEL_FINAL", "small"),
    )
    home = Path(env.str("AMBIENT_HOME", ".ambient")).expanduser().resolve()
    allowed = tuple(env.list("AMBIENT_MODELS_ALLOWED", [live.whisper_model, live.whisper_model_final]))
    return AmbientSettings(
        live=live,
        live_engine=env.str("AMBIENT_LIVE_ENGINE", "auto"),
        batch_engine=env.str("AMBIENT_BATCH_ENGINE", "auto"),
        engine_options=dict(env.json("AMBIENT_ENGINE_OPTIONS", {})),
        stage_engines={stage: env.str(name, "auto") for stage, name in STAGE_ENGINE_VARIABLES.items()},
        stage_options=dict(env.json("AMBIENT_STAGE_OPTIONS", {})),
        models_allowed=allowed,
        transcription_wait_s=env.float("AMBIENT_TRANSCRIPTION_WAIT", 300.0),
        stream_timeout_s=env.float("AMBIENT_STREAM_TIMEOUT", 300.0),
        llm_base_url=env.str("AMBIENT_LLM_BASE_URL", ""),
        llm_model=env.str("AMBIENT_LLM_MODEL", ""),
        llm_api_key=env.str("AMBIENT_LLM_API_KEY", ""),
        database_url=env.str("DATABASE_URL", ""),
        redis_url=env.str("REDIS_URL", ""),
        home=home,
        media_root=Path(env.str("AMBIENT_MEDIA_ROOT", str(home / "media"))).expanduser().resolve(),
        retention_days=env.int("AMBIENT_RETENTION_DAYS", 30),
        audio_retention_days=env.int("AMBIENT_AUDIO_RETENTION_DAYS", 30),
        access_log_days=env.int("AMBIENT_ACCESS_LOG_DAYS", 365),
        store_audio=env.bool("AMBIENT_STORE_AUDIO", True),
        journal=env.str("AMBIENT_JOURNAL", "disk"),
        encryption_key=env.str("AMBIENT_ENCRYPTION_KEY", ""),
        open_loopback=env.bool("AMBIENT_OPEN_LOOPBACK", False),
        server=env.str("AMBIENT_SERVER", "uvicorn"),
        bootstrap_key=env.str("AMBIENT_BOOTSTRAP_KEY", ""),
        host=env.str("HOST", "127.0.0.1"),
        port=env.int("PORT", 8000),
        log_level=env.str("LOG_LEVEL", "INFO").upper(),
    )
