"""Forgetting: what grows without end goes when nobody needs it any more, a little at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from storage.db.engine import Storage, Transaction
from storage.db.leases import acquire_lease, release_lease
from storage.retention import (
    Batch,
    forget_alerts,
    forget_articles,
    forget_bundles,
    forget_deliveries,
    forget_editions,
    forget_paces,
    forget_stories,
)

ROLE = "forget"
_LEASE = timedelta(minutes=2)
# Between two transactions, so that what people wait for goes first.
_PAUSE_SECONDS = 0.5
# A link to a digest is good for 90 days; the last day may begin anywhere in the world.
EDITIONS: Final = timedelta(days=91)
# Far beyond what any pause or wait for a slot takes.
PACES: Final = timedelta(days=2)

_Forget = Callable[[Transaction, Any, datetime, int], Awaitable[Batch]]


class _Kind(NamedTuple):
    forget: _Forget
    kept: timedelta
    at_once: int  # rows; what hangs on each goes with it


@dataclass(frozen=True, slots=True)
class Forgetting:
    storage: Storage
    owner: str
    articles: timedelta
    deliveries: timedelta
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def forget_old(self) -> int:
        """Return how many rows went, besides those that hang on them.

        One process does so at a time; another finds nothing to do.
        """
        gone = sum([await self._forget(kind) for kind in self._kinds()])
        async with self.storage.writing() as tx:
            await release_lease(tx, ROLE, self.owner)
        return gone

    def _kinds(self) -> tuple[_Kind, ...]:
        """What hangs on others before those."""
        return (
            _Kind(forget_deliveries, self.deliveries, 1000),
            _Kind(forget_editions, EDITIONS, 50),
            _Kind(forget_alerts, self.articles, 1000),
            _Kind(forget_bundles, self.articles, 1000),
            _Kind(forget_articles, self.articles, 100),
            _Kind(forget_stories, self.articles, 1000),
            _Kind(forget_paces, PACES, 2000),
        )

    async def _forget(self, kind: _Kind) -> int:
        gone = 0
        last: int | str = 0
        while True:
            async with self.storage.writing() as tx:
                if not await acquire_lease(tx, ROLE, self.owner, _LEASE):
                    return gone
                page = await kind.forget(tx, last, tx.now - kind.kept, kind.at_once)
            gone += page.gone
            if page.last is None:
                return gone
            last = page.last
            await self.pause(_PAUSE_SECONDS)
