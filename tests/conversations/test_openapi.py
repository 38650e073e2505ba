"""The OpenAPI document against what the server answers, by schemathesis: whatever is sent there is no 500,
and an answer has a content type and a shape that the document promises."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from conversations.access import ALL_SCOPES
from conversations.models import Conversation
from conversations.services.access import create_key
from conversations.services.words import add_live_segment
from tests.conversations.conftest import segment

EXAMPLES = 12
"""Of each operation: some fifty operations are tried in well under a minute."""
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


def operations() -> list[Any]:
    """Of every address that the installation serves."""
    generated = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    schema = schemathesis.openapi.from_dict(generated)
    schema.app = get_wsgi_application()
    found: list[Any] = list(schema.get_all_operations())
    return [one.ok() for one in found]


@pytest.fixture
def headers(transactional_db: None) -> dict[str, str]:
    """A key with every scope, whose owner has a conversation for the calls to find."""
    owner = User.objects.create_user("owner")
    conversation = Conversation.objects.create(owner=owner, source="live", session_id="a-session")
    add_live_segment(conversation_id=conversation.pk, segment=segment(0, "my name is grace"))
    _, key = create_key(owner=owner, name="openapi", scopes=ALL_SCOPES)
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.label)
def test_answers_are_what_the_document_says(operation: Any, headers: dict[str, str]) -> None:
    """Whatever may be sent to it, well-formed or not."""

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    check()
