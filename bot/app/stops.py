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
def needing_the_port(setting: str, host: str, port: int) -> Iterator[None]:
    """For a block that listens at *host*:*port*: StopError, which names *setting*, if it cannot."""
    try:
        yield
    except OSError as error:
        raise StopError(
            f"{setting} is wrong: {host}:{port} is not to be had ({error.strerror})."
        ) from error


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
