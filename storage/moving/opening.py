"""Opening both ends of a move."""

from __future__ import annotations

from contextlib import AsyncExitStack, aclosing, asynccontextmanager, closing, suppress
from typing import TYPE_CHECKING

from storage.moving.move import Move
from storage.moving.origins import PostgresqlOrigin, SqliteOrigin
from storage.moving.postgresql import PostgresqlTarget
from storage.moving.servers import alone_on_server
from storage.moving.shapes import CannotMoveError
from storage.moving.sqlite import SqliteTarget
from storage.schema import HalfMovedError, database_file, migrate, version_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.moving.move import Told
    from storage.moving.origins import Origin
    from storage.moving.targets import Target


@asynccontextmanager
async def opened(origin: str, target: str, told: Told) -> AsyncIterator[Move]:
    """Yield the move between two URLs, one of them a file's; both are brought up to date first.

    `CannotMoveError`, `SchemaError`, or what the drivers say. Whoever opens a file holds the lock
    of who runs the bot on it.
    """
    refuse_what_cannot_be(origin, target)
    if await version_of(origin) is None:
        raise CannotMoveError("The origin holds no database of Dateline.")
    await migrate(origin)
    with suppress(HalfMovedError):  # then it goes on
        await migrate(target)
    async with AsyncExitStack() as stack:
        start = await _origin(stack, origin, database_file(origin))
        yield Move(start, await _target(stack, target, database_file(target)), told)


def refuse_what_cannot_be(origin: str, target: str) -> None:
    """`CannotMoveError` for a pair of URLs that cannot be moved between; nothing is made yet."""
    source, goal = database_file(origin), database_file(target)
    if (source is None) == (goal is None):
        raise CannotMoveError(
            "One of the two is an SQLite file, the other PostgreSQL; between two of a kind "
            "use dateline backup and dateline restore."
        )
    if source and not source.is_file():
        raise CannotMoveError(f"There is no database at {source}.")


async def _origin(stack: AsyncExitStack, url: str, path: Path | None) -> Origin:
    if path:
        file = await stack.enter_async_context(aclosing(SqliteOrigin(path)))
        file.begin()
        return file
    driver = await stack.enter_async_context(alone_on_server(url))
    snapshot = driver.transaction(isolation="repeatable_read", readonly=True)
    await stack.enter_async_context(snapshot)
    return PostgresqlOrigin(driver)


async def _target(stack: AsyncExitStack, url: str, path: Path | None) -> Target:
    if path:
        return stack.enter_context(closing(SqliteTarget(path)))
    return PostgresqlTarget(await stack.enter_async_context(alone_on_server(url)))
