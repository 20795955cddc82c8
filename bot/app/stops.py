"""Why a bot ends: a signal asked for it, or it cannot start or go on."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class StopError(RuntimeError):
    """The bot cannot start or go on; the message is one sentence that says what to do."""


@contextmanager
def stopped_by_signals() -> Iterator[asyncio.Event]:
    """Yield an event that SIGINT and SIGTERM set."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for each in signals:
        loop.add_signal_handler(each, stopping.set)
    try:
        yield stopping
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


def stop_error_in(group: BaseExceptionGroup[BaseException]) -> StopError | None:
    """Return the reason to stop among the errors of several tasks, if there is one."""
    for error in group.exceptions:
        if isinstance(error, StopError):
            return error
        if isinstance(error, BaseExceptionGroup) and (inner := stop_error_in(error)):
            return inner
    return None
