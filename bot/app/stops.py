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
def needing_the_database(then: str = "") -> Iterator[None]:
    """For what must be done before anything else can be: StopError if the database fails.

    *then* is what to do about it.
    """
    from storage.db.engine import DatabaseError

    try:
        yield
    except (DatabaseError, OSError) as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        raise StopError(f"DATABASE_URL: the database cannot be used: {reason}{then}") from error


@contextmanager
def needing_the_port(setting: str, host: str, port: int) -> Iterator[None]:
    """For a block that listens at *host*:*port*: StopError, which names *setting*, if it cannot."""
    try:
        yield
    except OSError as error:
        raise StopError(
            f"{setting} is wrong: {host}:{port} is not available ({error.strerror})."
        ) from error


def set_by_signals() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set, until the process ends."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stopping.set)
    return stopping


def stop_error_in(group: ExceptionGroup[Exception]) -> StopError | None:
    """Return why to stop: a StopError of some task, or that nothing but the database failed."""
    from bot.stopping import flat_errors
    from storage.db.engine import DatabaseError, is_unavailable

    errors = flat_errors(group)
    for error in errors:
        if isinstance(error, StopError):
            return error
    if all(isinstance(each, DatabaseError) and is_unavailable(each) for each in errors):
        line = str(getattr(errors[0], "orig", errors[0])).partition("\n")[0]
        return StopError(f"DATABASE_URL: the database cannot be used: {line}")
    return None
