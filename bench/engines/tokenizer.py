"""A tokenizer for models with random weights: about as many tokens a word as the real ones make of speech.

Its vocabulary has the size of the model's. What the talk does not use are words by number, so that whatever a
model with random weights writes is read again as the same number of tokens.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.engines.talk import make_lines
from transcription.analysis.pretrained.torch_imports import import_transformers

BEGIN, PAD, END, UNKNOWN = "<s>", "<pad>", "</s>", "<unk>"
BEGIN_ID, PAD_ID, END_ID = 0, 1, 2
"""As RoBERTa and BART have them."""
_SPEAKER = ["SPEA", "##KER", "##_", *(f"##{digit}" for digit in range(10)), ":"]
"""SPEAKER_00: is six tokens, about as it is to the tokenizers of the real models."""
_LEARNED = 400
"""Pieces learned from the talk: then a word is 1.3 tokens."""


def save_tokenizer(folder: Path, *, size: int, max_tokens: int) -> None:
    """`size`: of the vocabulary; `max_tokens`: what the model reads at once."""
    transformers = import_transformers("bench")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    raw = Tokenizer(models.WordPiece(_vocabulary(size), unk_token=UNKNOWN))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.decoder = decoders.WordPiece()
    raw.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}",
        pair=f"{BEGIN} $A {END} $B {END}",
        special_tokens=[(BEGIN, BEGIN_ID), (END, END_ID)],
    )
    names: dict[str, Any] = {"bos_token": BEGIN, "cls_token": BEGIN, "pad_token": PAD, "unk_token": UNKNOWN}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw,
        model_max_length=max_tokens,
        model_input_names=["input_ids", "attention_mask"],
        eos_token=END,
        sep_token=END,
        **names,
    ).save_pretrained(folder)


def _vocabulary(size: int) -> dict[str, int]:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learner = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    learner.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordPieceTrainer(vocab_size=_LEARNED, special_tokens=[UNKNOWN], show_progress=False)
    learner.train_from_iterator(make_lines(), trainer)
    learned = sorted(set(learner.get_vocab()) | set(_SPEAKER))
    tokens = [BEGIN, PAD, END, UNKNOWN, *(token for token in learned if token != UNKNOWN)]
    tokens += [f"word{number}" for number in range(size - len(tokens))]
    return {token: index for index, token in enumerate(tokens)}
