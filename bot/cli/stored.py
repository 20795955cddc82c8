"""The database that the settings name, for a command that needs nothing else."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.subscribers.access import Access
    from storage.db.engine import Storage


@asynccontextmanager
async def stored() -> AsyncIterator[Storage]:
    from bot.app.databases import database_of
    from bot.app.tools import as_it_is
    from bot.settings import load_settings

    async with as_it_is(database_of(load_settings()).open) as storage:
        yield storage


def who_may() -> Access:
    """Return who may use the bot, as the settings say."""
    from bot.settings import Access as WhoMay
    from bot.settings import load_settings
    from bot.subscribers.access import Access

    settings = load_settings()
    return Access(
        is_open=settings.access is WhoMay.OPEN,
        allowed=settings.allowed_ids,
        admins=settings.admin_ids,
        invites=settings.access is WhoMay.INVITE,
    )
