"""The question sets and taxonomies that ship: a nurse's intake and a clinic (the defaults), a helpline each."""

from django.db import migrations

from transcription.analysis.answers.question_sets import helpline_intake, nurse_intake
from transcription.analysis.classification.taxonomies import read_taxonomy


def add_examples(apps, schema_editor):
    add_question_set(
        apps, "Nurse intake", "What a nurse asks of every patient.", nurse_intake(), is_default=True
    )
    add_question_set(
        apps, "Helpline intake", "What a child helpline asks of every call.", helpline_intake(), is_default=False
    )
    add_taxonomy(apps, read_taxonomy("clinic.json"), is_default=True)
    add_taxonomy(apps, read_taxonomy("child_helpline.json"), is_default=False)


def add_question_set(apps, name, description, questions, *, is_default):
    question_set = apps.get_model("conversations", "QuestionSet").objects.create(
        name=name, description=description, is_default=is_default
    )
    Question = apps.get_model("conversations", "Question")
    Question.objects.bulk_create(
        Question(
            question_set=question_set,
            key=question.id,
            text=question.text,
            hints=list(question.hints),
            answer_type=question.answer_type,
            position=position,
        )
        for position, question in enumerate(questions)
    )


def add_taxonomy(apps, shipped, *, is_default):
    taxonomy = apps.get_model("conversations", "Taxonomy").objects.create(
        name=shipped.name, description=shipped.description, is_default=is_default
    )
    rows = {}
    for position, label in enumerate(shipped.labels):  # parents come before their children
        rows[label.kind, label.name] = apps.get_model("conversations", "TaxonomyLabel").objects.create(
            taxonomy=taxonomy,
            kind=label.kind,
            name=label.name,
            description=label.description,
            parent=rows[label.kind, label.parent] if label.parent else None,
            position=position,
        )


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial")]

    operations = [migrations.RunPython(add_examples, migrations.RunPython.noop)]
