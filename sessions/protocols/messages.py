"""Text frames of the protocols: one JSON object each, with a `type`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sessions.protocols.base import InvalidMessage


def read_message(frame: str) -> dict[str, Any]:
    """The object of a text frame. Raises InvalidMessage."""
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError):
        raise InvalidMessage("a text frame is one JSON object") from None
    if not isinstance(message, dict):
        raise InvalidMessage("a text frame is one JSON object")
    return message


def write_message(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
