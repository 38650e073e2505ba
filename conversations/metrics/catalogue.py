"""Every metric that processes count (docs/operations.md); what a scrape measures is in ambient.metrics."""

from __future__ import annotations

from conversations.metrics.kinds import Counter, Histogram

LATENCY_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LAG_S = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""Three seconds is when a client is told of it."""
STAGE_S = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)

SESSIONS_OPENED = Counter("ambient_sessions_opened", "Live sessions begun.", ("protocol",))
SESSIONS_ENDED = Counter("ambient_sessions_ended", "Live sessions ended, by reason.", ("reason",))
SESSIONS_RESUMED = Counter(
    "ambient_sessions_resumed",
    "Sockets that took a running session up: same_process, or take_over of another's.",
    ("how",),
)
SOCKETS_REFUSED = Counter("ambient_sockets_refused", "Handshakes refused, by error.", ("error",))
SOCKET_FAULTS = Counter(
    "ambient_socket_faults", "flood, slow_reader: sockets closed for it; lag: warnings sent.", ("kind",)
)
FRAMES = Counter("ambient_frames", "Audio frames accepted.")
BYTES = Counter("ambient_audio_bytes", "Audio bytes accepted, as they were sent.")
AUDIO_S = Counter("ambient_audio_seconds", "Seconds of audio accepted.")
LAG = Histogram(
    "ambient_lag_seconds", "How far transcripts are behind, every half second of each session.", LAG_S
)
FINAL_LATENCY = Histogram(
    "ambient_final_latency_seconds", "Receipt of the last audio of a final to its frame.", LATENCY_S
)
STEP_LATENCY = Histogram("ambient_final_step_seconds", "The same, step by step.", LATENCY_S, ("step",))
ACK = Histogram(
    "ambient_ack_seconds", "Receipt of the oldest byte of a flush to where it survives.", LATENCY_S
)
JOURNAL_REFUSALS = Counter("ambient_journal_refusals", "Journals that could take no more.")
VAD_BATCH = Histogram("ambient_vad_batch_streams", "Streams that one run of the VAD judged.", SIZES)
VAD_BATCH_S = Histogram("ambient_vad_batch_seconds", "How long it took.", LATENCY_S)
DECODES = Counter(
    "ambient_decodes", "Decodes that sessions asked for (requested), anew (resent), and got.", ("state",)
)
ENGINE_S = Counter("ambient_engine_seconds", "Engine time of the decodes that sessions got.")
ENGINE_CALL = Histogram("ambient_engine_call_seconds", "Calls of live engines.", LATENCY_S, ("engine",))
ENGINE_BATCH = Histogram("ambient_engine_batch_windows", "Windows of a call.", SIZES, ("engine",))
ENGINE_FAILURES = Counter("ambient_engine_failures", "Windows that an engine failed on.", ("engine",))
PARTIALS = Counter("ambient_partials_sent", "Partials given to sockets.")
DROPS = Counter(
    "ambient_drops",
    "Left out under load: partials (replaced by newer), insights, voices, feed messages.",
    ("what",),
)
STAGES = Counter("ambient_stages", "Attempts at stages, by how they ended.", ("stage", "outcome"))
STAGE_DURATION = Histogram("ambient_stage_duration_seconds", "Attempts at stages.", STAGE_S, ("stage",))
RUNS = Counter("ambient_runs", "Pipeline runs ended.", ("status",))
JANITOR = Counter("ambient_janitor_work", "What the sweeps found to do.", ("work",))

CATALOGUE: tuple[Counter | Histogram, ...] = tuple(
    metric for metric in list(globals().values()) if isinstance(metric, Counter | Histogram)
)
