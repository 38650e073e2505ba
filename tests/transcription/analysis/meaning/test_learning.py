"""What is learnt from examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.analysis.examples import read_examples, shipped_vectors
from transcription.analysis.examples.files import SUBJECTS
from transcription.analysis.examples.vectors import texts
from transcription.analysis.meaning.encoder import load_encoder, sentence_encoder, unit_length
from transcription.analysis.meaning.learning import BACKGROUND, Learnt, learn
from transcription.analysis.meaning.spoken import telling, windows

ENCODER = sentence_encoder()
PETS = [
    ("the cat sleeps on the sofa", "cats"),
    ("my kitten chases mice", "cats"),
    ("the dog barks at the postman", "dogs"),
    ("our puppy fetches sticks", "dogs"),
    ("the train was late again", BACKGROUND),
    ("please shut the window", BACKGROUND),
]


def test_sentences_go_to_the_class_of_their_likes() -> None:
    """In words of none of the examples; what is like nothing goes to no class."""
    learnt = learn(ENCODER.encode, PETS, ["cats", "dogs"])
    said = ["these cats purr all night", "a hound growls and wags its tail", "pass me the salt"]
    scores = learnt.scores(ENCODER.encode(said))
    assert scores[0].argmax() == 0
    assert scores[1].argmax() == 1
    assert scores[2].max() < min(scores[0].max(), scores[1].max())


def test_an_example_of_kin_says_nothing_against() -> None:
    """Between classes that one sentence may belong to at once the examples of the one lower the other
    less."""
    apart = learn(ENCODER.encode, PETS, ["cats", "dogs"])
    kin = learn(ENCODER.encode, PETS, ["cats", "dogs"], kin=[frozenset({"cats", "dogs"})])
    of_dogs = ENCODER.encode(["the dog barks at the postman"])
    assert kin.scores(of_dogs)[0, 0] > apart.scores(of_dogs)[0, 0]


@given(
    st.lists(st.sampled_from(["a", "b", BACKGROUND]), min_size=2, max_size=12),
    st.randoms(use_true_random=False),
)
def test_the_order_of_examples_changes_nothing(owners: list[str], random: object) -> None:
    """However the examples are ordered and however many a class has, scores are finite and the same."""
    generator = np.random.default_rng(len(owners))
    vectors = unit_length(generator.standard_normal((len(owners), 8)).astype(np.float32))
    turned = [*range(len(owners))][::-1]
    one, other = (
        Learnt(vectors, owners, ["a", "b"]),
        Learnt(vectors[turned], [owners[i] for i in turned], ["a", "b"]),
    )
    assert np.isfinite(one.scores(vectors)).all()
    np.testing.assert_allclose(one.scores(vectors), other.scores(vectors), atol=1e-3)
    np.testing.assert_allclose(one.nearest(vectors), 1, atol=1e-3)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_examples_are_whole(subject: str) -> None:
    """Each is a sentence with its labels, said once in a file."""
    examples = read_examples(subject)
    assert (
        len({(example.text, *sorted(example.labels.items())) for example in examples}) == len(examples) > 100
    )
    assert all(example.text.strip() == example.text and example.labels for example in examples)


def test_every_example_ships_with_its_vector() -> None:
    """They are those that the encoder makes: after a change of the texts they have to be made anew."""
    shipped = shipped_vectors()
    assert list(shipped) == texts()
    some = texts()[::400]
    np.testing.assert_allclose(
        load_encoder().encode(some), np.stack([shipped[text] for text in some]), atol=0.004
    )


@given(
    st.lists(st.text(st.characters(categories=["Ll"]), min_size=1, max_size=6), min_size=1, max_size=60),
    st.integers(4, 20),
)
def test_windows_leave_no_word_out(words: list[str], length: int) -> None:
    """Every word is in a window, in its order, and no window is much longer than asked for."""
    found = windows(words, length)
    assert all(len(text.split()) <= length + length // 4 for text in found)
    assert found[0].split()[0] == words[0]
    assert found[-1].split()[-1] == words[-1]
    assert set(" ".join(found).split()) == set(words)


def test_what_tells_nothing_is_left_out() -> None:
    """Greetings ahead and fillers go; a text of nothing else stays."""
    assert telling("um good morning yes hello i have um a cough") == "i have a cough"
    assert telling("hello") == "hello"
    assert telling("um") == "um"
