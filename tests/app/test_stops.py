"""Why a process ends, and with which exit code."""

import asyncio
import errno
import os
import signal
import sqlite3
from contextlib import suppress

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError
from structlog.testing import capture_logs

from bot.app.stops import (
    CONFIG,
    TEMPORARY,
    StopError,
    needing_the_database,
    needing_the_port,
    stop_error_in,
    stopped_by_signals,
)


def lost() -> DBAPIError:
    driver_said = ConnectionResetError("closed in the middle\nand more")
    return DBAPIError("SELECT 1", {}, driver_said, connection_invalidated=True)


def test_a_lost_database_ends_the_process_with_one_sentence():
    group = ExceptionGroup("tasks", [ExceptionGroup("calls", [lost()]), lost()])

    reason = stop_error_in(group)

    assert str(reason) == "DATABASE_URL: the database cannot be used: closed in the middle"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ZeroDivisionError(), id="a mistake of ours"),
        pytest.param(ConnectionResetError(), id="another connection"),
        pytest.param(DBAPIError("SELECT", {}, ValueError()), id="a statement that is wrong"),
    ],
)
def test_any_other_error_is_shown_with_its_traceback(error):
    assert stop_error_in(ExceptionGroup("tasks", [lost(), error])) is None


def test_the_stop_error_of_one_task_wins_over_other_errors():
    reason = StopError("BOT_TOKEN is wrong.")

    assert stop_error_in(ExceptionGroup("tasks", [lost(), ExceptionGroup("", [reason])])) is reason


def of_sqlite(name: str) -> OperationalError:
    said = sqlite3.OperationalError(name.lower())
    said.sqlite_errorname = name
    return OperationalError("BEGIN", None, said)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(lost(), TEMPORARY, id="the server is away"),
        pytest.param(ConnectionRefusedError(errno.ECONNREFUSED, "refused"), TEMPORARY, id="absent"),
        pytest.param(of_sqlite("SQLITE_BUSY"), TEMPORARY, id="locked"),
        pytest.param(of_sqlite("SQLITE_FULL"), TEMPORARY, id="full disk"),
        pytest.param(of_sqlite("SQLITE_NOTADB"), CONFIG, id="no database"),
        pytest.param(of_sqlite("SQLITE_CORRUPT_INDEX"), CONFIG, id="damaged"),
        pytest.param(PermissionError(errno.EACCES, "denied"), CONFIG, id="forbidden"),
    ],
)
def test_the_exit_code_tells_whether_the_database_may_recover(error, code):
    with pytest.raises(StopError, match="DATABASE_URL") as stop, needing_the_database():
        raise error

    assert stop.value.exit_code == code


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(errno.EADDRINUSE, TEMPORARY, id="taken"),
        pytest.param(errno.EADDRNOTAVAIL, TEMPORARY, id="not ours yet"),
        pytest.param(errno.EACCES, CONFIG, id="forbidden"),
    ],
)
def test_the_exit_code_tells_whether_the_port_may_be_free_later(number, code):
    with (
        pytest.raises(StopError, match="WEB_PORT") as stop,
        needing_the_port("WEB_PORT", "127.0.0.1", 80),
    ):
        raise OSError(number, os.strerror(number))

    assert stop.value.exit_code == code


async def test_a_signal_and_the_end_of_the_block_are_logged():
    with capture_logs() as logged, stopped_by_signals() as stopping:
        os.kill(os.getpid(), signal.SIGTERM)
        await stopping.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)

    assert [(one["event"], one.get("reason")) for one in logged] == [
        ("stopping", "SIGTERM"),
        ("stopped", "SIGTERM"),
    ]
    assert logged[1]["seconds"] >= 0


@pytest.mark.parametrize("reason", ["error", "restart"])
async def test_an_end_without_a_signal_is_logged_with_its_reason(reason):
    with capture_logs() as logged, suppress(OSError), stopped_by_signals() as stopping:
        if reason == "restart":
            stopping.set()
        raise OSError("lost")

    assert [(one["event"], one["reason"]) for one in logged] == [
        ("stopping", reason),
        ("stopped", reason),
    ]


async def test_a_refused_start_logs_no_end():
    with capture_logs() as logged, suppress(StopError), stopped_by_signals():
        raise StopError("WEB_PORT is wrong.")

    assert logged == []
