"""Why a bot ends: a signal asked for it, or it cannot start or go on."""

from __future__ import annotations

import asyncio
import signal


class StopError(RuntimeError):
    """The bot cannot start or go on; the message is one sentence that says what to do."""


def set_by_signals() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set, until the process ends."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stopping.set)
    return stopping


def stop_error_in(group: BaseExceptionGroup[BaseException]) -> StopError | None:
    """Return the reason to stop among the errors of several tasks, if there is one."""
    for error in group.exceptions:
        if isinstance(error, StopError):
            return error
        if isinstance(error, BaseExceptionGroup) and (inner := stop_error_in(error)):
            return inner
    return None
