"""What a caller of this room can get wrong, each with the code and status that the API answers.

RequestError                   base: `code`, `status`, a message for the caller
├── PayloadTooLarge            413
├── UnsupportedMedia           415
├── Conflict                   409  the state of the row does not allow it
├── KeyReused                  422  an Idempotency-Key came with another request before
└── NotReady                   404  what was asked for is not there (yet); the message says why
"""

from __future__ import annotations

from typing import Any


class RequestError(Exception):
    """Refused for a reason that the caller can read and mend."""

    code = "refused"
    status = 400

    def __init__(self, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class PayloadTooLarge(RequestError):
    code = "payload_too_large"
    status = 413


class UnsupportedMedia(RequestError):
    code = "unsupported_media_type"
    status = 415


class Conflict(RequestError):
    code = "conflict"
    status = 409


class NotReady(RequestError):
    code = "not_ready"
    status = 404


class KeyReused(RequestError):
    code = "idempotency_key_reused"
    status = 422
