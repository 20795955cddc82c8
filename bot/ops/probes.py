"""What the probes of one process go by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ops.health import Database, Health, Wait
from bot.settings import Role
from storage.queries import latest_change

if TYPE_CHECKING:
    import asyncio

    from bot.app.resources import ProcessContext


def make_health(around: ProcessContext, stopping: asyncio.Event) -> Health:
    """Return the health of a process that starts; it watches the steps."""
    waits = {Wait.START}
    if Role.CHAT in around.roles:
        waits.add(Wait.TELEGRAM)
    if Role.MATCH in around.roles:
        waits.add(Wait.INDEX)

    async def ask() -> None:
        async with around.storage.reading() as tx:
            await latest_change(tx)

    health = Health(waits, Database(ask), stopping)
    around.watch.join(health)
    return health
