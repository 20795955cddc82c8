"""The database's clock, and how long a transaction may idle."""

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


class DatabaseClock(Protocol):
    async def __call__(self, connection: AsyncConnection, /) -> datetime: ...


# How long a frozen process, or one on a vanished machine, keeps its locks. It is shorter than any
# lease, so that its transaction cannot commit after another process took over.
IDLE_TRANSACTION_TIMEOUT: Final = timedelta(seconds=10)

# Set once for each session, because setting it in each transaction takes a fifth of the time that
# the server needs for BEGIN, the clock and COMMIT. A session would lose it behind a pooler.
_IDLE_SETTING: Final = "idle_in_transaction_session_timeout"
_IDLE_MS: Final = IDLE_TRANSACTION_TIMEOUT // timedelta(milliseconds=1)
LIMIT_IDLING: Final = f"SET {_IDLE_SETTING} = {_IDLE_MS}"

# Plain SQL, because every transaction runs it and SQLAlchemy would look up its compiled form.
_READ_CLOCK: Final = "SELECT clock_timestamp()"
_READ_CLOCK_AND_LIMIT_IDLING: Final = (
    f"SELECT clock_timestamp(), set_config('{_IDLE_SETTING}', '{_IDLE_MS}', true)"
)

# An execution option of the engine: a pooler may give each transaction another session.
POOLED: Final = "dateline_pooled"


async def database_clock(connection: AsyncConnection) -> datetime:
    """Return the time of the database's own clock, aware UTC, with fractions of a second.

    SQLite has only this machine's clock, so it is not asked. PostgreSQL's `now()` is not used,
    because it is the start of the transaction. Through a pooler, the same statement sets the idle
    time-out of this transaction.
    """
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC)
    is_pooled = connection.engine.get_execution_options().get(POOLED)
    read_clock = _READ_CLOCK_AND_LIMIT_IDLING if is_pooled else _READ_CLOCK
    now: datetime = (await connection.exec_driver_sql(read_clock)).one()[0]
    return now.astimezone(UTC)
