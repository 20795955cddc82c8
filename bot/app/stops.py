"""The reasons for which a bot ends: a signal, or an error that keeps it from working."""

from __future__ import annotations

import asyncio
import errno
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.get_logger(__name__)

# From sysexits.h. A service manager starts the bot again after TEMPORARY only.
CONFIG: Final = 78  # the operator has to change something first
TEMPORARY: Final = 75  # the problem may go away by itself

# Another program listens there, or the machine does not have the address yet.
_MAY_BE_FREE_LATER: Final = (errno.EADDRINUSE, errno.EADDRNOTAVAIL)


class StopError(RuntimeError):
    """The bot cannot start or go on. The message is one sentence with the remedy."""

    exit_code = CONFIG


class TemporaryStopError(StopError):
    """The same start may succeed later without a change."""

    exit_code = TEMPORARY


RESTART: Final = "restart"  # a newer version has migrated the database


class Stopping(asyncio.Event):
    """The event that tells the process to stop; logs why, and records when it was set."""

    def __init__(self) -> None:
        super().__init__()
        self.reason = ""
        self.since = 0.0

    def set(self, reason: str = RESTART) -> None:
        if not self.is_set():
            self.reason, self.since = reason, time.monotonic()
            log.info("stopping", reason=reason)
        super().set()


@contextmanager
def needing_the_database(then: str = "") -> Iterator[None]:
    """Turn an error of the database into a StopError; *then* is appended to its sentence."""
    from storage.db.problems import DatabaseError

    try:
        yield
    except (DatabaseError, OSError) as error:
        raise _database_stop(error, then) from error


def _database_stop(error: Exception, then: str = "") -> StopError:
    from storage.db.problems import database_problem, message_of

    is_temporary = database_problem(error).may_mend_itself
    sentence = f"DATABASE_URL: the database cannot be used: {message_of(error)}{then}"
    return TemporaryStopError(sentence) if is_temporary else StopError(sentence)


@contextmanager
def needing_the_port(setting: str, host: str, port: int) -> Iterator[None]:
    """Turn an error of listening at *host*:*port* into a StopError that names *setting*."""
    try:
        yield
    except OSError as error:
        is_temporary = error.errno in _MAY_BE_FREE_LATER
        raise (TemporaryStopError if is_temporary else StopError)(
            f"{setting} is wrong: {host}:{port} is not available ({error.strerror})."
        ) from error


@contextmanager
def stopped_by_signals() -> Iterator[Stopping]:
    """Yield an event that SIGINT and SIGTERM set; log why the block ends, and its end."""
    stopping = Stopping()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set, number.name)
    try:
        yield stopping
    except StopError:
        raise  # the start was refused, and the command prints the sentence
    except Exception:
        stopping.set("error")
        raise
    finally:
        if stopping.is_set():
            seconds = round(time.monotonic() - stopping.since, 1)
            log.info("stopped", reason=stopping.reason, seconds=seconds)


def stop_error_in(group: ExceptionGroup[Exception]) -> StopError | None:
    """Return the StopError of a task, or one for the database if all errors are its outages."""
    from bot.tasks import flat_errors
    from storage.db.problems import DatabaseError, is_unavailable

    errors = flat_errors(group)
    for error in errors:
        if isinstance(error, StopError):
            return error
    if all(isinstance(error, DatabaseError) and is_unavailable(error) for error in errors):
        return _database_stop(errors[0])
    return None
