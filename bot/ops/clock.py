"""The clock watch corrects times that a wrong clock has left in the database."""

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
    """A stage that checks the stored times at the start, and whenever the clock was set back."""

    storage: Storage
    _has_checked: bool = False

    async def run_once(self) -> int:
        async with self.storage.reading() as tx:
            is_set_back = self.storage.latest > tx.now + TOLERANCE
            if self._has_checked and not is_set_back:
                return 0
            columns = await poisoned_times(tx)
        if is_set_back:
            seconds = int((self.storage.latest - tx.now).total_seconds())
            log.warning("the database's clock was set back", seconds=seconds)
        if columns:
            async with self.storage.writing() as tx:
                await mend_times(tx, columns)
        for poisoned in columns:
            table, _, column = poisoned.column.partition(".")
            latest = poisoned.latest.isoformat()
            log.warning(
                TOO_FAR_AHEAD, table=table, column=column, rows=poisoned.rows, latest=latest
            )
        self._has_checked, self.storage.latest = True, tx.now
        return 0
