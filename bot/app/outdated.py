"""A process finds out that a newer version has changed the schema, and stops by itself.

On PostgreSQL another process may do so at any time. For a minute this one goes on with a schema
that it does not know, which migrations must allow: docs/how-to/upgrade.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.app.stops import StopError
from bot.loops import nap

if TYPE_CHECKING:
    import asyncio

    from storage.db.engine import Storage

log = structlog.get_logger(__name__)

LOOKS_EVERY_SECONDS = 60.0


@dataclass(slots=True)
class Outdated:
    storage: Storage
    every_seconds: float = LOOKS_EVERY_SECONDS
    reason: str = ""

    async def watch(self, stopping: asyncio.Event) -> None:
        """Set *stopping* once the schema is not this version's, so that all ends in order."""
        while not stopping.is_set():
            await nap(stopping, self.every_seconds)
            if not stopping.is_set() and await self._is_so():
                log.error("this version is outdated and stops", reason=self.reason)
                stopping.set()

    async def _is_so(self) -> bool:
        from storage.db.engine import DatabaseError
        from storage.schema import SchemaError, is_still_current

        try:
            async with self.storage.reading() as tx:
                # An older one is a newer version's on its way back, which says so itself.
                await is_still_current(tx)
        except SchemaError as error:
            self.reason = str(error)
        except (DatabaseError, OSError):
            return False  # away, which others say
        return bool(self.reason)

    def tell(self) -> None:
        """Raise `StopError` if that was why all ended."""
        if self.reason:
            raise StopError(self.reason)
