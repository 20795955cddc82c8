"""Notices a clock that was wrong for a while, and mends the times that it left in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from storage.clocks import TOLERANCE, mend_times, poisoned_times
from storage.pace import TOO_FAR_AHEAD

if TYPE_CHECKING:
    from storage.db.engine import Storage

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class ClockWatch:
    """A stage. It looks through the tables once at the start, and whenever the time went back."""

    storage: Storage
    _has_looked: bool = False

    async def run_once(self) -> int:
        async with self.storage.reading() as tx:
            is_set_back = self.storage.latest > tx.now + TOLERANCE
            if self._has_looked and not is_set_back:
                return 0
            found = await poisoned_times(tx)
        if is_set_back:
            seconds = int((self.storage.latest - tx.now).total_seconds())
            log.warning("the database's clock was set back", seconds=seconds)
        if found:
            async with self.storage.writing() as tx:
                await mend_times(tx, found)
        for each in found:
            table, _, column = each.column.partition(".")
            latest = each.latest.isoformat()
            log.warning(TOO_FAR_AHEAD, table=table, column=column, rows=each.rows, latest=latest)
        self._has_looked, self.storage.latest = True, tx.now
        return 0
