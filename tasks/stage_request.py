"""A stage in the hands of its worker, which outlives the child that works on it and sees it die."""

from __future__ import annotations

import contextlib
from typing import Any

from billiard.einfo import ExceptionInfo
from celery.exceptions import WorkerLostError
from celery.worker.request import Request
from kombu.exceptions import OperationalError
from redis import RedisError

from conversations.dispatch import say_stage_lost


class StageRequest(Request):
    def on_failure(self, exc_info: ExceptionInfo, *args: Any, **kwargs: Any) -> Any:
        """A child that was killed (the kernel does so when memory is short) is reported at once."""
        error = exc_info.exception
        if isinstance(getattr(error, "exc", error), WorkerLostError):
            with contextlib.suppress(OperationalError, RedisError):  # then its lease runs out
                say_stage_lost(self.args[0], self.id)
        return super().on_failure(exc_info, *args, **kwargs)
