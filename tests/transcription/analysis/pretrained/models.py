"""Small models for the loading, reading and decoding code of the engines on torch.

The text models see one-hot embeddings through no layer at all, so a token's own weights decide what is said
of it: what comes out can be checked word by word. The others have random weights: only shapes can be checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from transcription.analysis.pretrained.torch_imports import import_pyannote, import_transformers

MAX_TOKENS = 16
TEXT = (
    "hello my name is grace and i live in nairobi the pain began on monday where do you what was it billing "
    "complaint conversation about this done urgent how : . ? filler water money refund health"
)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
VOCABULARY = {word: index for index, word in enumerate([*SPECIAL, *TEXT.split()])}


def make_tokenizer(folder: Path) -> Any:
    """One token a word, [CLS] before and [SEP] after, 16 tokens at most."""
    transformers = import_transformers("test")
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    raw = Tokenizer(models.WordLevel(VOCABULARY, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", VOCABULARY["[CLS]"]), ("[SEP]", VOCABULARY["[SEP]"])],
    )
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, model_max_length=MAX_TOKENS, **names
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def _bert(**options: Any) -> Any:
    transformers = import_transformers("test")
    size = len(VOCABULARY)
    return transformers.BertConfig(
        vocab_size=size,
        hidden_size=size,
        num_hidden_layers=0,
        num_attention_heads=1,
        intermediate_size=4,
        max_position_embeddings=MAX_TOKENS,
        **options,
    )


def _see_one_hot(bert: Any) -> None:
    import torch

    with torch.no_grad():
        embeddings = bert.embeddings
        embeddings.word_embeddings.weight.copy_(torch.eye(len(VOCABULARY)))
        embeddings.position_embeddings.weight.zero_()
        embeddings.token_type_embeddings.weight.zero_()


def make_token_classifier(folder: Path, tags: Mapping[str, str]) -> Path:
    """`tags`: word -> tag (B-PER, …); every other word is O."""
    transformers = import_transformers("test")
    import torch

    names = ["O", *sorted(set(tags.values()))]
    ids = dict(enumerate(names))
    model = transformers.BertForTokenClassification(
        _bert(num_labels=len(names), id2label=ids, label2id={name: index for index, name in ids.items()})
    )
    _see_one_hot(model.bert)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([1.0] + [0.0] * (len(names) - 1)))
        for word, tag in tags.items():
            model.classifier.weight[names.index(tag), VOCABULARY[word]] = 5.0
    model.save_pretrained(folder)
    make_tokenizer(folder)
    return folder


def make_reader(folder: Path, *, start: str, end: str) -> Path:
    """An extractive reader that points from the word `start` to the word `end`, else at nothing."""
    transformers = import_transformers("test")
    import torch

    model = transformers.BertForQuestionAnswering(_bert())
    _see_one_hot(model.bert)
    with torch.no_grad():
        model.qa_outputs.weight.zero_()
        model.qa_outputs.bias.zero_()
        for row in (0, 1):
            model.qa_outputs.weight[row, VOCABULARY["[CLS]"]] = 2.0
        model.qa_outputs.weight[0, VOCABULARY[start]] = 5.0
        model.qa_outputs.weight[1, VOCABULARY[end]] = 5.0
    model.save_pretrained(folder)
    make_tokenizer(folder)
    return folder


def make_entailment(folder: Path, signs: Mapping[str, float]) -> Path:
    """A model of inference that entails by the words it reads: one layer of attention that looks at all
    tokens alike lets the first see them. `signs`: word -> how much it speaks for entailment."""
    transformers = import_transformers("test")
    import torch

    ids = {0: "contradiction", 1: "neutral", 2: "entailment"}
    config = _bert(num_labels=3, id2label=ids, label2id={name: index for index, name in ids.items()})
    config.num_hidden_layers = 1
    model = transformers.BertForSequenceClassification(config)
    _see_one_hot(model.bert)
    size = len(VOCABULARY)
    with torch.no_grad():
        layer = model.bert.encoder.layer[0]
        for part in (layer.attention.self.query, layer.attention.self.key):
            part.weight.zero_()
            part.bias.zero_()
        for part in (layer.attention.self.value, layer.attention.output.dense, model.bert.pooler.dense):
            part.weight.copy_(torch.eye(size))
            part.bias.zero_()
        layer.attention.output.dense.weight.mul_(4.0)  # louder than the token's own
        layer.output.dense.weight.zero_()
        layer.output.dense.bias.zero_()
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([1.0, 0.0, 0.0]))
        for word, sign in signs.items():
            model.classifier.weight[2, VOCABULARY[word]] = sign
    model.save_pretrained(folder)
    make_tokenizer(folder)
    return folder


def make_writer(folder: Path) -> Path:
    """An encoder-decoder with random weights."""
    transformers = import_transformers("test")
    import torch

    torch.manual_seed(7)
    config = transformers.BartConfig(
        vocab_size=len(VOCABULARY),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=64,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        decoder_start_token_id=2,
        forced_eos_token_id=3,
    )
    transformers.BartForConditionalGeneration(config).save_pretrained(folder)
    make_tokenizer(folder)
    return folder


def make_listener(folder: Path) -> Path:
    """A classifier of sound with random weights and the labels of superb."""
    transformers = import_transformers("test")
    import torch

    torch.manual_seed(7)
    ids = {0: "neu", 1: "hap", 2: "ang", 3: "sad"}
    config = transformers.Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(16, 16),
        conv_kernel=(10, 8),
        conv_stride=(5, 64),
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=8,
        num_labels=4,
        id2label=ids,
        label2id={name: index for index, name in ids.items()},
    )
    transformers.Wav2Vec2ForSequenceClassification(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


def make_diarization(folder: Path) -> Path:
    """A pipeline laid out as pyannote's community one: a segmentation that hears one speaker all the time,
    random embeddings, a PLDA of the right shape."""
    import_pyannote("test")
    import torch
    import yaml
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import XVectorSincNet
    from pyannote.audio.models.segmentation import PyanNet

    torch.manual_seed(7)
    segmentation = PyanNet(lstm={"hidden_size": 8, "num_layers": 1}, linear={"num_layers": 0})
    segmentation.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=5.0,
        classes=["speaker#1", "speaker#2", "speaker#3"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    segmentation.build()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        segmentation.classifier.bias.zero_()
        segmentation.classifier.bias[1] = 50.0  # class 0 is nobody, 1 the first speaker alone
    embedding = XVectorSincNet(dimension=16)
    embedding.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=5.0, min_duration=1.0
    )
    for name, model in (("segmentation", segmentation), ("embedding", embedding)):
        checkpoint: dict[str, Any] = {
            "state_dict": model.state_dict(),
            "hyper_parameters": dict(model.hparams),
            "pytorch-lightning_version": "2.0.0",
        }
        model.on_save_checkpoint(checkpoint)  # type: ignore[no-untyped-call]
        (folder / name).mkdir()
        torch.save(checkpoint, folder / name / "pytorch_model.bin")
    plda = folder / "plda"
    plda.mkdir()
    random = np.random.default_rng(7)
    np.savez(
        plda / "xvec_transform.npz", mean1=np.zeros(16), mean2=np.zeros(8), lda=random.normal(size=(16, 8))
    )
    np.savez(plda / "plda.npz", mu=np.zeros(8), tr=np.eye(8), psi=np.arange(8, 0, -1.0))
    (folder / "config.yaml").write_text(
        yaml.safe_dump(
            {
                "version": "4.0.0",
                "pipeline": {
                    "name": "pyannote.audio.pipelines.SpeakerDiarization",
                    "params": {
                        "clustering": "VBxClustering",
                        "segmentation": "$model/segmentation",
                        "embedding": "$model/embedding",
                        "plda": "$model/plda",
                        "embedding_exclude_overlap": True,
                    },
                },
                "params": {
                    "clustering": {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8},
                    "segmentation": {"min_duration_off": 0.0},
                },
            }
        )
    )
    return folder
