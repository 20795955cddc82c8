"""The database that the settings name, for a command that needs nothing else."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.engine import Storage


@asynccontextmanager
async def stored() -> AsyncIterator[Storage]:
    from bot.settings import load_settings
    from storage.engine import Storage

    storage = Storage.open(load_settings().database_url.get_secret_value())
    try:
        yield storage
    finally:
        await storage.close()
