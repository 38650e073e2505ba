"""A pyannote pipeline laid out as community-1, in its shapes, with random weights.

Segmentation is that of segmentation-3.0 (10 s, three speakers, two at a time), the embedding WeSpeaker's
ResNet34, the clustering VBx with a PLDA of 128 dimensions. Random weights would hear the same all the time:
the last layer is set so that nobody and each of three speakers are heard about equally often in noise, since
only what is heard is embedded and clustered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from transcription.analysis.pretrained.torch_imports import import_pyannote

DURATION_S = 10.0
_EMBEDDING, _PLDA = 256, 128
_AUDIBLE = 4  # classes: nobody and each speaker alone; the others are two at a time
_SWING = 4.0  # standard deviations of the logits, so that one class is clearly the likeliest


def make_pipeline(folder: Path, *, tiny: bool) -> None:
    """Segmentation, embedding and PLDA; `write_config` makes them a pipeline."""
    import_pyannote("bench")
    import torch

    torch.manual_seed(7)
    for name, model in (("segmentation", _segmentation(tiny=tiny)), ("embedding", _embedding(tiny=tiny))):
        checkpoint: dict[str, Any] = {
            "state_dict": model.state_dict(),
            "hyper_parameters": dict(model.hparams),
            "pytorch-lightning_version": "2.0.0",
        }
        model.on_save_checkpoint(checkpoint)
        (folder / name).mkdir(parents=True)
        torch.save(checkpoint, folder / name / "pytorch_model.bin")
    _save_plda(folder / "plda", dimension=16 if tiny else _EMBEDDING, reduced=8 if tiny else _PLDA)


def write_config(folder: Path, *, batch_size: int) -> None:
    """`batch_size`: of segmentation and of embedding; community-1 says 32 for both."""
    import yaml

    params = {
        "clustering": "VBxClustering",
        "segmentation": "$model/segmentation",
        "segmentation_batch_size": batch_size,
        "embedding": "$model/embedding",
        "embedding_batch_size": batch_size,
        "embedding_exclude_overlap": True,
        "plda": "$model/plda",
    }
    tuned = {
        "clustering": {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8},
        "segmentation": {"min_duration_off": 0.0},
    }
    pipeline = {"name": "pyannote.audio.pipelines.SpeakerDiarization", "params": params}
    config = {"version": "4.0.0", "pipeline": pipeline, "params": tuned}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def _segmentation(*, tiny: bool) -> Any:
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.segmentation import PyanNet

    lstm = {"hidden_size": 8, "num_layers": 1} if tiny else {"hidden_size": 128, "num_layers": 4}
    model: Any = PyanNet(lstm=lstm, linear={"hidden_size": 8 if tiny else 128, "num_layers": 2})
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=DURATION_S,
        classes=["speaker#1", "speaker#2", "speaker#3"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    model.build()
    model.eval()
    with torch.no_grad():
        seen: list[Any] = []
        hook = model.classifier.register_forward_hook(lambda _module, _args, logits: seen.append(logits))
        model(torch.randn(4, 1, int(DURATION_S * 16_000)))
        hook.remove()
        scale = _SWING / seen[0].std(dim=(0, 1))
        model.classifier.weight.mul_(scale[:, None])
        model.classifier.bias.sub_(seen[0].mean(dim=(0, 1))).mul_(scale)
        model.classifier.bias[_AUDIBLE:] -= 100.0
    return model


def _embedding(*, tiny: bool) -> Any:
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34, XVectorSincNet

    model: Any = XVectorSincNet(dimension=16) if tiny else WeSpeakerResNet34()
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=5.0, min_duration=1.0
    )
    return model


def _save_plda(folder: Path, *, dimension: int, reduced: int) -> None:
    folder.mkdir()
    random = np.random.default_rng(7)
    np.savez(
        folder / "xvec_transform.npz",
        mean1=np.zeros(dimension),
        mean2=np.zeros(reduced),
        lda=random.normal(size=(dimension, reduced)),
    )
    np.savez(folder / "plda.npz", mu=np.zeros(reduced), tr=np.eye(reduced), psi=np.arange(reduced, 0, -1.0))
