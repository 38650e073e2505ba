"""The question sets and taxonomies that ship, as the API gives them."""

from __future__ import annotations

from django.contrib.auth.models import User

from conversations.models import QuestionSet, Taxonomy
from tests.conversations.conftest import Caller
from transcription.analysis.answers.question_sets import nurse_intake
from transcription.analysis.classification.taxonomies import clinic


def test_the_examples_are_there_after_migrating(owner: User, caller: Caller) -> None:
    """Two question sets and two taxonomies come with the tables, one of each the default."""
    client = caller(owner)
    sets = client.get("/api/v1/question-sets").json()["results"]
    assert len(sets) == 2
    (default,) = (item for item in sets if item["is_default"])
    assert [q["key"] for q in default["questions"]] == [q.id for q in nurse_intake()]
    taxonomies = client.get("/api/v1/taxonomies").json()["results"]
    assert len(taxonomies) == 2
    (default,) = (item for item in taxonomies if item["is_default"])
    assert {(x["kind"], x["name"], x["parent"]) for x in default["labels"]} == {
        (label.kind, label.name, label.parent) for label in clinic()
    }


def test_one_of_each_can_be_read_by_its_number(owner: User, caller: Caller) -> None:
    """A set and a taxonomy have addresses of their own; numbers that nobody has are not found."""
    client = caller(owner)
    question_set, taxonomy = QuestionSet.objects.all()[0], Taxonomy.objects.all()[0]
    assert client.get(f"/api/v1/question-sets/{question_set.pk}").json()["name"] == question_set.name
    assert client.get(f"/api/v1/taxonomies/{taxonomy.pk}").json()["name"] == taxonomy.name
    assert client.get("/api/v1/taxonomies/999999").json()["error"]["code"] == "not_found"
