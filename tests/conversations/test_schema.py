"""The OpenAPI document."""

from __future__ import annotations

from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from conversations.urls import api_patterns, audio_patterns, transcription_patterns


def test_the_schema_is_valid_complete_and_without_warnings() -> None:
    """Every address of this room is in it, and the generator had nothing to complain about."""
    GENERATOR_STATS.reset()
    generator = SchemaGenerator(urlconf="conversations.urls")  # type: ignore[no-untyped-call]
    schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    assert not GENERATOR_STATS
    validate_schema(schema)  # type: ignore[no-untyped-call]
    assert len(schema["paths"]) == sum(map(len, (api_patterns, transcription_patterns, audio_patterns)))
    assert all(
        operation.get("description") or "_read" in operation["operationId"]
        for methods in schema["paths"].values()
        for operation in methods.values()
    )
