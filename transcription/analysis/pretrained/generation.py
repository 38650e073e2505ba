"""Text from text, by an encoder-decoder: batches of windows in, one text for each out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transcription.analysis.base import Progress
from transcription.analysis.pretrained.loading import Pretrained, run
from transcription.analysis.pretrained.torch_imports import import_torch
from transcription.errors import EngineFailed


def generate(
    engine: str,
    loaded: Pretrained,
    texts: Sequence[str],
    *,
    max_tokens: int,
    max_new_tokens: int,
    batch_size: int,
    on_progress: Progress = lambda _: None,
    **options: Any,
) -> list[str]:
    """`max_tokens`: what the model reads; a longer text is an error, not a cut. Raises EngineFailed."""
    torch = import_torch(engine)
    written: list[str] = []
    for first in range(0, len(texts), batch_size):
        batch = loaded.reader(list(texts[first : first + batch_size]), padding=True, return_tensors="pt")
        if batch["input_ids"].shape[1] > max_tokens:
            raise EngineFailed(engine, "a text is longer than the model reads", retryable=False)
        inputs = {
            name: tensor.to(loaded.device) for name, tensor in batch.items() if name != "token_type_ids"
        }
        tokens = run(
            engine, loaded.model.generate, **inputs, max_new_tokens=max_new_tokens, do_sample=False, **options
        )
        written += loaded.reader.batch_decode(torch.as_tensor(tokens), skip_special_tokens=True)
        on_progress(min(1.0, (first + batch_size) / len(texts)))
    return [text.strip() for text in written]
