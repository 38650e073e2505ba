"""Who gets in: the contract's table of refusals, in the order in which they are looked at."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace

from django.conf import settings
from django.db import DatabaseError

from conversations.access import Access
from conversations.models import ApiKey
from sessions import store
from sessions.attachment import Attachment
from sessions.credentials import Handshake, identify
from sessions.hub import Hub
from sessions.journal import SESSION_ID, keeps_in_memory
from sessions.parameters import InvalidParameters, StreamParameters, parse_parameters
from sessions.recorder import storage_error_code
from sessions.services.opening import AlreadyFinished, HeldElsewhere, NoCapacity, OtherOwner
from transcription.errors import EngineUnavailable

logger = logging.getLogger(__name__)


class Refused(Exception):
    """A socket that is told why and closed."""

    def __init__(self, close_code: int, error: str, message: str) -> None:
        super().__init__(message)
        self.close_code = close_code
        self.error = error
        self.message = message


async def admit(
    hub: Hub,
    handshake: Handshake,
    *,
    session_id: str | None,
    protocol: str,
    defaults: StreamParameters,
    must_exist: bool = False,
) -> Attachment:
    """`must_exist`: no session is begun. Raises Refused."""
    access = await check_access(hub, handshake)
    if session_id is not None and not SESSION_ID.fullmatch(session_id):
        raise Refused(1008, "invalid_session_id", "A session id is 1 to 64 of A-Z, a-z, 0-9, _ and -.")
    parameters, model = read_parameters(handshake, defaults)
    try:
        return await hub.open(
            session_id=session_id or uuid.uuid4().hex,
            access=access,
            parameters=parameters,
            model=model,
            protocol=protocol,
            must_exist=must_exist,
        )
    except OtherOwner:
        raise Refused(4403, "forbidden", "This session belongs to somebody else.") from None
    except AlreadyFinished:
        raise Refused(4410, "session_finished", "This session has ended.") from None
    except NoCapacity as error:
        raise Refused(1013, "no_capacity", f"No room: {error}.") from None
    except HeldElsewhere:
        raise Refused(1013, "no_capacity", "Another server holds this session; try again.") from None
    except EngineUnavailable as error:
        logger.error("a session cannot be opened: %s", error)
        raise Refused(1011, "internal_error", "The server is not installed completely.") from None
    except DatabaseError as error:
        logger.error("a session cannot be opened: %s", type(error).__name__)
        raise Refused(1013, "internal_error", "The database does not answer; try again.") from None
    except OSError as error:
        logger.error("a session's journal cannot be opened: %s", error)
        raise Refused(
            1013, storage_error_code(error), "Audio cannot be stored now; try again later."
        ) from None


async def check_access(hub: Hub, handshake: Handshake, *, scope: str = ApiKey.Scope.LIVE) -> Access:
    """Who it is, if they may. Raises Refused."""
    if await hub.wrong_keys.is_refused(handshake.address):
        raise Refused(4401, "rate_limit", "Too many wrong keys from this address; wait a minute.")
    try:
        access = await store.run(identify, handshake)
    except DatabaseError as error:
        logger.error("credentials cannot be checked: %s", type(error).__name__)
        raise Refused(1013, "internal_error", "The database does not answer; try again.") from None
    if access is None:
        await hub.wrong_keys.note(handshake.address)
        raise Refused(4401, "unauthorized", "No API key, or one that is not known.")
    if not access.may(scope):
        raise Refused(4403, "forbidden", f"This key does not have the scope {scope}.")
    return access


def read_parameters(handshake: Handshake, defaults: StreamParameters) -> tuple[StreamParameters, str]:
    """The parameters and the model that the name in them stands for. Raises Refused."""
    try:
        parameters = parse_parameters(handshake.query, defaults)
    except InvalidParameters as error:
        raise Refused(4400, "invalid_parameters", str(error)) from None
    model = settings.AMBIENT.model_for(parameters.model, default=settings.AMBIENT.live.whisper_model)
    if model is None:
        raise Refused(4400, "invalid_parameters", "model: this installation does not offer that one")
    if keeps_in_memory():  # what may not be written down cannot be kept, whatever a client asks
        parameters = replace(parameters, store_audio=False)
    return parameters, model
