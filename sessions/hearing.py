"""What a process hears from others over the channel layer: of all sessions, and of those it holds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers
from redis.exceptions import RedisError

from sessions.reach import ANNOUNCEMENTS, session_group

logger = logging.getLogger(__name__)


class Hearing:
    """One channel of the process, in the groups of the sessions that it has (`held` gives their ids).
    `on_message` must not block."""

    def __init__(
        self, on_message: Callable[[dict[str, Any]], None], held: Callable[[], Iterable[str]]
    ) -> None:
        self._on_message = on_message
        self._held = held
        # One of its own: two event loops cannot hear on one.
        self._layer: Any = channel_layers.make_backend(DEFAULT_CHANNEL_LAYER)
        self._channel = ""

    async def listen(self) -> None:
        """Until the layer is lost: RedisError or OSError; called again, it joins all groups again."""
        self._channel = ""
        channel = await self._layer.new_channel("live")
        await self._layer.group_add(ANNOUNCEMENTS, channel)
        for session_id in list(self._held()):
            await self._layer.group_add(session_group(session_id), channel)
        self._channel = channel
        while True:
            self._on_message(await self._layer.receive(channel))

    async def join(self, session_id: str) -> None:
        """From now on, what is said to this session. Without the layer it is joined when that is back."""
        if self._channel:
            try:
                await self._layer.group_add(session_group(session_id), self._channel)
            except (RedisError, OSError):
                logger.warning("session %s cannot be reached by operators yet", session_id)

    async def ask_to_release(self, session_id: str) -> None:
        """Whoever holds the session. A courtesy: nobody may be there to hear it."""
        try:
            await self._layer.group_send(
                session_group(session_id), {"type": "session.release", "session_id": session_id}
            )
        except (RedisError, OSError) as error:
            logger.warning("the holder of session %s cannot be asked: %s", session_id, type(error).__name__)

    async def leave(self, session_id: str) -> None:
        if self._channel:
            try:
                await self._layer.group_discard(session_group(session_id), self._channel)
            except (RedisError, OSError):
                logger.info("a group was not left: it expires")
