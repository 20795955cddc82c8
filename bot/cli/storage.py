"""The database that the settings name, for commands that need nothing else."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.subscribers.access import Access
    from storage.db.engine import Storage


@asynccontextmanager
async def stored(*, read_only: bool = False) -> AsyncIterator[Storage]:
    """Yield the database as it is, without a migration; *read_only* makes no file either."""
    from bot.app.databases import database_of
    from bot.app.tools import as_it_is
    from bot.settings import load_settings
    from storage.health import open_read_only

    database = database_of(load_settings())
    opened = partial(open_read_only, database.server) if read_only else database.open
    async with as_it_is(opened) as storage:
        yield storage


def access_of_settings() -> Access:
    """Return who may use the bot, as the settings say."""
    from bot.settings import Access as Mode
    from bot.settings import load_settings
    from bot.subscribers.access import Access

    settings = load_settings()
    return Access(
        is_open=settings.access is Mode.OPEN,
        allowed=settings.allowed_ids,
        admins=settings.admin_ids,
        invites=settings.access is Mode.INVITE,
    )
