"""Running the bot: find its place, open what it stands on, run its roles."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import structlog

from bot.app.databases import database_of
from bot.app.places import place_of
from bot.app.stops import StopError, set_by_signals, stop_error_in
from bot.app.tools import SourceTools, alone_on, make_fetcher, make_links, open_storage
from bot.loops import leaves
from bot.ops.logs import LastErrors
from bot.settings import Role
from storage.db.engine import SQLITE, DatabaseError, is_unavailable

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from bot.app.surroundings import Surroundings
    from bot.settings import Settings


log = structlog.get_logger(__name__)


async def run_bot(
    settings: Settings, announce: Callable[[str], None], errors: LastErrors | None = None
) -> None:
    """Run until SIGINT or SIGTERM; StopError where it cannot.

    *announce* says what a person should know first; *errors* are those that the log tells.
    """
    stopping = set_by_signals()
    try:
        await _run(settings, announce, errors or LastErrors(), stopping)
    except ExceptionGroup as group:
        if reason := stop_error_in(group) or database_away(group):
            raise reason from group
        raise


def database_away(group: ExceptionGroup[Exception]) -> StopError | None:
    """Return why to stop where nothing has failed but the way to the database."""
    reasons = leaves(group)
    if not all(isinstance(each, DatabaseError) and is_unavailable(each) for each in reasons):
        return None
    line = str(getattr(reasons[0], "orig", reasons[0])).partition("\n")[0]
    return StopError(f"DATABASE_URL: the database cannot be used: {line}")


async def _run(
    settings: Settings,
    announce: Callable[[str], None],
    errors: LastErrors,
    stopping: asyncio.Event,
) -> None:
    from bot.app.roles import run_roles
    from bot.app.surroundings import Surroundings
    from bot.ops.tracing import tracing
    from bot.sources.parser_pool import DocumentReader

    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(place_of(settings, announce))
        stack.enter_context(alone_on(place.database, anew=place.is_forgetful))
        tools = SourceTools(
            storage=await stack.enter_async_context(
                open_storage(database_of(settings, place.database))
            ),
            fetcher=await stack.enter_async_context(make_fetcher(settings, place.newsroom)),
            reader=await stack.enter_async_context(DocumentReader()),
        )
        links = await make_links(tools.storage, place.public_url)
        around = Surroundings(
            settings=settings,
            place=place,
            tools=tools,
            links=links,
            announce=announce,
            errors=errors,
        )
        stack.push_async_callback(around.mail_readers.close)
        await stack.enter_async_context(tracing(around))
        _warn_if_work_is_left(around)
        await run_roles(around, stopping)


def _warn_if_work_is_left(around: Surroundings) -> None:
    """An SQLite file has one process, so what that one does not do is done by nobody."""
    if around.storage.dialect == SQLITE and (left := frozenset(Role) - around.roles):
        log.warning("nobody does the other roles; only on PostgreSQL can others", left=sorted(left))
