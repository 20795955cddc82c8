from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from bot.app.run import database_away


def lost() -> DBAPIError:
    driver_said = ConnectionResetError("closed in the middle\nand more")
    return DBAPIError("SELECT 1", {}, driver_said, connection_invalidated=True)


def test_a_lost_database_ends_a_process_with_one_sentence():
    group = ExceptionGroup("tasks", [ExceptionGroup("calls", [lost()]), lost()])

    reason = database_away(group)

    assert str(reason) == "DATABASE_URL: the database cannot be used: closed in the middle"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ZeroDivisionError(), id="a mistake of ours"),
        pytest.param(ConnectionResetError(), id="another connection"),
        pytest.param(DBAPIError("SELECT", {}, ValueError()), id="a statement that is wrong"),
    ],
)
def test_what_else_fails_is_told_with_its_place(error):
    assert database_away(ExceptionGroup("tasks", [lost(), error])) is None
