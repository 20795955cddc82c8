"""How the bot fares, for whoever runs it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.logs import Failure
from storage.db.engine import Storage
from storage.pace import flood_waits_today
from storage.sources import Source
from storage.stats import Amounts, Lags, amounts, count_unhealthy_sources, lags, unhealthy_sources

MOST_SOURCES, MOST_ERRORS = 3, 3


@dataclass(frozen=True, slots=True)
class Overview:
    """*errors* are those of this process; all else is of all of them."""

    up: timedelta
    amounts: Amounts
    lags: Lags
    floods: int  # flood waits today
    ill: Sequence[Source]
    others_ill: int
    errors: Sequence[Failure]
    now: datetime


async def get_overview(
    storage: Storage, *, started_at: datetime, errors: Callable[[], Sequence[Failure]]
) -> Overview:
    async with storage.reading() as tx:
        ill = await unhealthy_sources(tx, MOST_SOURCES)
        return Overview(
            up=tx.now - started_at,
            amounts=await amounts(tx),
            lags=await lags(tx),
            floods=await flood_waits_today(tx),
            ill=ill,
            others_ill=await count_unhealthy_sources(tx) - len(ill),
            errors=errors()[:MOST_ERRORS],
            now=tx.now,
        )
