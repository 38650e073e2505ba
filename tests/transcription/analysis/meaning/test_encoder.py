"""The sentence encoder gives BERT's own vectors, whatever else is asked for beside a text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transcription.analysis.meaning.models import (
    HIDDEN,
    LAYERS,
    PLACES,
    WIDE,
    WORDS,
    made_tensors,
    make_folder,
)
from transcription.analysis.meaning import encoder as encoder_module
from transcription.analysis.meaning.encoder import (
    LONGEST_TOKENS,
    Embeddings,
    SentenceEncoder,
    load_encoder,
)
from transcription.analysis.meaning.weights import HEADS, find_folder
from transcription.analysis.pretrained.torch_imports import import_transformers

CLOSE = 1e-5


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    return load_encoder(str(make_folder(tmp_path_factory.mktemp("made"))))


@pytest.fixture(scope="module")
def shipped() -> SentenceEncoder:
    """The wheel's weights, without the vectors that are known of the examples."""
    return load_encoder()


def by_bert(model: Any, tokenizer: Any, texts: list[str]) -> Embeddings:
    """As the model's authors have it: the mean over the tokens that are there, at length one."""
    import torch

    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(**batch).last_hidden_state
    there = batch["attention_mask"][:, :, None]
    mean = (hidden * there).sum(1) / there.sum(1)
    vectors: Embeddings = torch.nn.functional.normalize(mean, dim=1).numpy()
    return vectors


TEXTS = [
    "My chest hurts since Monday, and I cannot breathe well.",
    "I was charged twice!",
    "¿Dónde está la niña? – 名前は何ですか",
    "a",
    "Could you spell your surname for me, please? " * 12,
]


def test_the_vectors_are_those_of_bert(shipped: SentenceEncoder) -> None:
    """The same files through the library that they were made for."""
    transformers = import_transformers("test")
    folder = find_folder()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), pad_token="[PAD]"
    )
    model = transformers.BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    found = shipped.encode(TEXTS)
    assert found.dtype == np.float32
    assert np.abs(found - by_bert(model, tokenizer, TEXTS)).max() < CLOSE


def test_a_folder_may_hold_another_size_of_it(made: SentenceEncoder) -> None:
    """Two layers of 24: sizes come from the weights, and the vectors are still BERT's."""
    transformers = import_transformers("test")
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=WIDE,
        max_position_embeddings=PLACES,
        layer_norm_eps=1e-12,
    )
    model = transformers.BertModel(config, add_pooling_layer=False).eval()
    import torch

    tensors = {name: tensor for name, tensor in made_tensors().items() if tensor.dtype == np.float32}
    model.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    texts = ["Pain in my chest", "the CALLers", "never?"]
    ids = [[2, 4, 5, 6, 7, 3], [2, 8, 10, 11, 12, 3], [2, 1, 13, 3]]
    assert made.size == HIDDEN
    assert [encoding.ids for encoding in made._tokenizer.encode_batch(texts)] == ids
    for text, row in zip(texts, ids, strict=True):
        with torch.inference_mode():
            mean = model(torch.tensor([row])).last_hidden_state.mean(1)
        expected = torch.nn.functional.normalize(mean, dim=1).numpy()
        assert np.abs(made.encode([text]) - expected).max() < CLOSE


SPOKEN = st.lists(st.sampled_from([*WORDS[4:11], "unheard", "chest?"]), max_size=8).map(" ".join)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(SPOKEN | st.text(max_size=12), max_size=8), data=st.data())
def test_what_is_asked_for_together_changes_nothing(
    made: SentenceEncoder, texts: list[str], data: st.DataObject
) -> None:
    """Alone or in one call, in any order, once or twice, kept or new: a text has one vector."""
    fresh = SentenceEncoder(made._weights, made._tokenizer)
    alone = [SentenceEncoder(made._weights, made._tokenizer).encode([text])[0] for text in texts]
    order = data.draw(st.permutations(range(len(texts))))
    repeated = [*order, *order[:3]]
    for _ in range(2):  # the second time from what was kept
        found = fresh.encode([texts[at] for at in repeated])
        assert found.shape == (len(repeated), HIDDEN)
        assert np.isfinite(found).all()
        for row, at in zip(found, repeated, strict=True):
            assert np.abs(row - alone[at]).max() < CLOSE
    for text, row in zip(texts, alone, strict=True):
        assert np.linalg.norm(row) == pytest.approx(1.0 if row.any() else 0.0, abs=CLOSE), text


def test_batches_are_full_and_none_is_left_out(
    made: SentenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for twelve tokens, some calls read several texts and a long one goes alone."""
    texts = ["pain", "my bill", "the caller", "in my chest", "pain " * 30, "bill", "call"]
    at_once = made.encode(texts)
    monkeypatch.setattr(encoder_module, "BATCH_TOKENS", 12)
    few = SentenceEncoder(made._weights, made._tokenizer)
    sizes: list[tuple[int, int]] = []
    forward = few._forward

    def noting(pieces: Any) -> Embeddings:
        sizes.append((len(pieces), max(map(len, pieces))))
        return forward(pieces)

    monkeypatch.setattr(few, "_forward", noting)
    progress: list[float] = []
    assert np.abs(few.encode(texts, progress.append) - at_once).max() < CLOSE
    assert sum(count for count, _ in sizes) == len(texts)
    assert all(count * longest <= 12 or count == 1 for count, longest in sizes)
    assert max(count for count, _ in sizes) > 1
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


def test_what_was_pushed_out_is_read_again(made: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than so many are kept, the newest; more texts than that in one call are all answered."""
    monkeypatch.setattr(encoder_module, "KEPT_SENTENCES", 2)
    fresh = SentenceEncoder(made._weights, made._tokenizer)
    texts = ["pain", "bill", "call", "chest", "pain"]
    first = fresh.encode(texts)
    assert list(fresh._kept) == ["call", "chest"]
    assert np.abs(fresh.encode(texts) - first).max() < CLOSE


def test_a_text_may_be_pushed_out_while_others_are_read(
    made: SentenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread's texts fill the table between looking and answering."""
    monkeypatch.setattr(encoder_module, "KEPT_SENTENCES", 2)
    fresh = SentenceEncoder(made._weights, made._tokenizer)
    kept = fresh.encode(["pain"])[0]
    inner = fresh._encode

    def meanwhile(texts: Any, on_progress: Any) -> Embeddings:
        monkeypatch.setattr(fresh, "_encode", inner)
        fresh.encode(["my bill", "the call"])
        return inner(texts, on_progress)

    monkeypatch.setattr(fresh, "_encode", meanwhile)
    assert np.array_equal(fresh.encode(["pain", "chest"])[0], kept)


def test_a_row_is_the_callers_own(made: SentenceEncoder) -> None:
    """What is done to an answer does not reach the next one."""
    before = made.encode(["pain in my chest"])
    before *= 0
    assert made.encode(["pain in my chest"]).any()


def test_known_vectors_are_not_made_again(made: SentenceEncoder) -> None:
    """What is given with the encoder stands for its texts, and only for those."""
    known = np.full(HIDDEN, HIDDEN**-0.5, np.float32)
    knowing = SentenceEncoder(made._weights, made._tokenizer, {"bill": known})
    found = knowing.encode(["pain", "bill"])
    assert np.array_equal(found[1], known)
    assert np.abs(found[0] - made.encode(["pain"])[0]).max() < CLOSE


def test_a_long_text_is_read_to_its_end(made: SentenceEncoder, shipped: SentenceEncoder) -> None:
    """What is past the 256 tokens of a piece counts, however far: none is cut off."""
    for encoder in (made, shipped):
        for words in (LONGEST_TOKENS, 3 * LONGEST_TOKENS):
            said = "pain in my chest " * (words // 4)
            one, other = encoder.encode([said + "the bill", said + "the call"])
            assert np.abs(one - other).max() > 100 * CLOSE
            assert np.linalg.norm(one) == pytest.approx(1.0, abs=CLOSE)
    pieces, owners = made._pieces(["pain " * (LONGEST_TOKENS - 2), "pain " * (LONGEST_TOKENS - 1)])
    assert [len(piece) for piece in pieces] == [LONGEST_TOKENS, LONGEST_TOKENS, 3]
    assert owners == [0, 1, 1]


def test_a_text_without_words_is_zeros(made: SentenceEncoder, shipped: SentenceEncoder) -> None:
    """Finite, and like nothing; no texts are no rows."""
    for encoder in (made, shipped):
        found = encoder.encode(["", "  \n", "pain"])
        assert not found[:2].any()
        assert np.linalg.norm(found[2]) == pytest.approx(1.0, abs=CLOSE)
        assert encoder.encode([]).shape == (0, encoder.size)


def test_sentences_that_mean_alike_are_near(shipped: SentenceEncoder) -> None:
    """The weights are those that were trained for it."""
    sentences = ["My chest hurts.", "I feel a pain in the heart.", "You have charged me twice."]
    ache, pain, bill = shipped.encode(sentences)
    assert ache @ pain > 0.5 > ache @ bill
