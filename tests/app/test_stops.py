import pytest
from sqlalchemy.exc import DBAPIError

from bot.app.stops import StopError, stop_error_in


def lost() -> DBAPIError:
    driver_said = ConnectionResetError("closed in the middle\nand more")
    return DBAPIError("SELECT 1", {}, driver_said, connection_invalidated=True)


def test_a_lost_database_ends_a_process_with_one_sentence():
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


def test_the_reason_of_one_task_ends_the_others_whatever_they_say():
    reason = StopError("BOT_TOKEN is wrong.")

    assert stop_error_in(ExceptionGroup("tasks", [lost(), ExceptionGroup("", [reason])])) is reason
