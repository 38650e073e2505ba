"""Models for transformers in the shapes of those that the engines name, with random weights.

Shapes are those of the models' own config.json. Three things are not left to chance, because they decide how
much there is to do: entailment is always likely, so that classification asks for every level; a word is
hardly ever an entity, as in most talk; a translation ends after TRANSLATED_TOKENS. A summary never ends by
itself and is as long as the engine lets it be.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.engines.tokenizer import BEGIN_ID, END_ID, PAD_ID, save_tokenizer
from transcription.analysis.pretrained.torch_imports import import_torch, import_transformers

TRANSLATED_TOKENS = 20
"""Nine lines of ten are no longer, and in a batch the longest decides."""
_LIKELY = 3.0  # added to a logit whose peers are within a half of nought
_TINY_VOCABULARY = 600
_TINY = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
_TINY_WRITER = {
    f"{part}_{name}": value
    for part in ("encoder", "decoder")
    for name, value in {"layers": 1, "attention_heads": 2, "ffn_dim": 32}.items()
} | {"d_model": 32}


def token_classifier(folder: Path, *, tiny: bool) -> None:
    """dslim/bert-base-NER."""
    tags = ["O", *(f"{place}-{kind}" for kind in ("MISC", "PER", "ORG", "LOC") for place in "BI")]
    size = _TINY_VOCABULARY if tiny else 28_996
    model = _make("BertForTokenClassification", "BertConfig", tiny, vocab_size=size, **_labels(tags))
    _raise_logit(model.classifier, tags.index("O"))
    _save(model, folder, size=size, max_tokens=512)


def entailment(folder: Path, *, tiny: bool) -> None:
    """MoritzLaurer/deberta-v3-base-zeroshot-v2.0."""
    size = _TINY_VOCABULARY if tiny else 128_100
    model = _make(
        "DebertaV2ForSequenceClassification",
        "DebertaV2Config",
        tiny,
        vocab_size=size,
        **({} if tiny else {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12}),
        **({} if tiny else {"intermediate_size": 3072}),
        type_vocab_size=0,
        relative_attention=True,
        position_buckets=256,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
        **_labels(["entailment", "not_entailment"]),
    )
    _raise_logit(model.classifier, 0)
    _save(model, folder, size=size, max_tokens=512)


def reader(folder: Path, *, tiny: bool) -> None:
    """deepset/roberta-base-squad2."""
    size = _TINY_VOCABULARY if tiny else 50_265
    model = _make(
        "RobertaForQuestionAnswering",
        "RobertaConfig",
        tiny,
        vocab_size=size,
        max_position_embeddings=514,
        type_vocab_size=1,
    )
    _save(model, folder, size=size, max_tokens=512)


def summary_writer(folder: Path, *, tiny: bool) -> None:
    """philschmid/bart-large-cnn-samsum: BartConfig's own numbers are BART large's."""
    size = _TINY_VOCABULARY if tiny else 50_265
    sizes = _TINY_WRITER if tiny else {}
    model = _make(
        "BartForConditionalGeneration", "BartConfig", False, vocab_size=size, **sizes, **_ends(END_ID)
    )
    model.generation_config.update(
        num_beams=4,
        early_stopping=True,
        length_penalty=2.0,
        min_length=56,
        no_repeat_ngram_size=3,
    )
    _save(model, folder, size=size, max_tokens=1024)


def translator(folder: Path, *, tiny: bool) -> None:
    """Helsinki-NLP/opus-mt-en-fr."""
    size = _TINY_VOCABULARY if tiny else 59_514
    base = {"d_model": 512, "encoder_layers": 6, "decoder_layers": 6, "encoder_ffn_dim": 2048}
    base |= {"decoder_ffn_dim": 2048, "encoder_attention_heads": 8, "decoder_attention_heads": 8}
    model = _make(
        "MarianMTModel",
        "MarianConfig",
        False,
        vocab_size=size,
        decoder_vocab_size=size,
        max_position_embeddings=512,
        activation_function="swish",
        scale_embedding=True,
        **(_TINY_WRITER if tiny else base),
        **_ends(PAD_ID),
    )
    ending = (TRANSLATED_TOKENS, 1000.0)
    model.generation_config.update(
        num_beams=4,
        bad_words_ids=[[PAD_ID]],
        exponential_decay_length_penalty=ending,
    )
    _save(model, folder, size=size, max_tokens=512)


def listener(folder: Path, *, tiny: bool) -> None:
    """superb/wav2vec2-base-superb-er: Wav2Vec2Config's own numbers are wav2vec 2.0 base's."""
    model = _make(
        "Wav2Vec2ForSequenceClassification",
        "Wav2Vec2Config",
        tiny,
        use_weighted_layer_sum=True,
        **({"conv_dim": (16,) * 7, "num_conv_pos_embedding_groups": 2} if tiny else {}),
        **_labels(["neu", "hap", "ang", "sad"]),
    )
    model.save_pretrained(folder)
    import_transformers("bench").Wav2Vec2FeatureExtractor().save_pretrained(folder)


def _make(model: str, config: str, tiny: bool, **shape: Any) -> Any:
    transformers = import_transformers("bench")
    import_torch("bench").manual_seed(7)
    ids = {"bos_token_id": BEGIN_ID, "pad_token_id": PAD_ID, "eos_token_id": END_ID}
    return getattr(transformers, model)(
        getattr(transformers, config)(**{**(_TINY if tiny else {}), **ids, **shape})
    )


def _labels(names: list[str]) -> dict[str, Any]:
    return {"id2label": dict(enumerate(names)), "label2id": {name: at for at, name in enumerate(names)}}


def _ends(start_id: int) -> dict[str, int]:
    return {"decoder_start_token_id": start_id, "forced_eos_token_id": END_ID}


def _raise_logit(layer: Any, index: int) -> None:
    with import_torch("bench").no_grad():
        layer.bias[index] += _LIKELY


def _save(model: Any, folder: Path, *, size: int, max_tokens: int) -> None:
    model.save_pretrained(folder)
    save_tokenizer(folder, size=size, max_tokens=max_tokens)
