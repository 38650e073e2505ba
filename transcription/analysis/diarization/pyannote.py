"""Diarization by pyannote.audio: its pipeline as it comes, from the hub or a folder."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Sequence
from typing import Any

from transcription.analysis.base import Progress, SpeakerTurns, StageEngineConfig
from transcription.analysis.pretrained.loading import first_line, run
from transcription.analysis.pretrained.models import local_model
from transcription.analysis.pretrained.torch_imports import (
    import_pyannote,
    import_torch,
    pick_device,
    require,
)
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.errors import EngineFailed, EngineUnavailable
from transcription.models import Segment, Turn

NAME = "pyannote"
DEFAULT_MODEL = "pyannote/speaker-diarization-community-1"
VARIABLE = "AMBIENT_STAGE_OPTIONS (diarization: model)"
# Shares of the time that the steps of the pipeline take, measured on a CPU; the hook names them so.
_STEPS = {"segmentation": (0.0, 0.3), "embeddings": (0.3, 0.95)}


class PyannoteDiarization:
    """DiarizationEngine. Options: `device`; `min_speakers`, `max_speakers` (hints where the caller gives no
    count); `exclusive` (default true: one speaker at a time, which words can be given to)."""

    name = NAME

    def __init__(self, config: StageEngineConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self.version = ""
        self._config = config
        self._exclusive = bool(config.options.get("exclusive", True))
        self._hints = {
            name: int(config.options[name])
            for name in ("min_speakers", "max_speakers")
            if name in config.options
        }
        self._pipeline: Any = None
        self._device = ""

    def load(self) -> None:
        """Raises EngineUnavailable: the package, the weights (and where they are given out), a GPU."""
        if self._pipeline is not None:
            return
        require(NAME, "pyannote.audio")
        folder = local_model(NAME, self.model, may_fetch=self._config.may_fetch, variable=VARIABLE)
        pyannote = import_pyannote(NAME)
        self._device = pick_device(NAME, str(self._config.options.get("device", "auto")))
        try:
            pipeline = pyannote.Pipeline.from_pretrained(folder, token=os.environ.get("HF_TOKEN"))
            pipeline.to(import_torch(NAME).device(self._device))
        except Exception as error:  # what is wrong with a folder comes from half a dozen libraries
            raise EngineUnavailable(
                NAME,
                f"{self.model} does not load: {first_line(error)}",
                hint=f"Set {VARIABLE} to the folder of a pyannote.audio 4 pipeline, or to its id on the hub.",
            ) from error
        self._pipeline = pipeline
        self.version = importlib.metadata.version("pyannote.audio")

    def diarize(
        self,
        samples: Samples,
        segments: Sequence[Segment],
        *,
        num_speakers: int | None = None,
        on_progress: Progress = lambda _: None,
    ) -> SpeakerTurns:
        """What the pipeline hears; `segments` are not looked at."""
        if self._pipeline is None:
            raise EngineFailed(NAME, "load() was not called", retryable=False)
        if not len(samples):
            return SpeakerTurns(())
        torch = import_torch(NAME)
        hints = {"num_speakers": num_speakers} if num_speakers is not None else self._hints
        audio = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE_HZ}
        found = run(NAME, self._pipeline, audio, hook=_hook(on_progress), **hints)
        on_progress(1.0)
        return SpeakerTurns(_turns(_annotation(found, exclusive=self._exclusive)))


def _hook(on_progress: Progress) -> Any:
    def hook(step: str, _artefact: Any, **news: Any) -> None:
        begin, end = _STEPS.get(step, (1.0, 1.0))
        done, total = news.get("completed"), news.get("total")
        if begin < 1.0 and done is not None and total:
            on_progress(begin + (end - begin) * min(1.0, done / total))

    return hook


def _annotation(found: Any, *, exclusive: bool) -> Any:
    """Pipelines of before version 4 give the annotation itself, and no exclusive one."""
    if exclusive and hasattr(found, "exclusive_speaker_diarization"):
        return found.exclusive_speaker_diarization
    return getattr(found, "speaker_diarization", found)


def _turns(annotation: Any) -> tuple[Turn, ...]:
    """SPEAKER_00… in order of first speech."""
    spans = sorted(
        (segment.start, segment.end, label)
        for segment, _, label in annotation.itertracks(yield_label=True)
        if segment.end > segment.start
    )
    names: dict[str, str] = {}
    return tuple(
        Turn(names.setdefault(label, f"SPEAKER_{len(names):02d}"), max(0.0, start), end)
        for start, end, label in spans
    )
