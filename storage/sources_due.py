"""Whose turn it is: which sources are read now, and what reading them brought."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Update, bindparam, exists, false, inspect, update
from sqlmodel import col, select

from storage.engine import POSTGRESQL, Unit
from storage.hosts import is_paused, pause_host
from storage.leases import claim, claim_alone
from storage.pages import AwaitedPage
from storage.sources import Source
from storage.words import SourceState

# Put together once: to do it for each claim takes longer than the claim.
_OTHER = inspect(Source).local_table.alias("other")
_PAGE = inspect(AwaitedPage).local_table.alias("page")


async def claim_due_sources(
    unit: Unit, *, owner: str, limit: int, lease: timedelta
) -> list[Source]:
    """Claim sources that are due, and none of a host that somebody is asking.

    The operator's own hosts may be asked at any time.
    """
    await claim_alone(unit, Source)
    due = (col(Source.state) == SourceState.ACTIVE) & (col(Source.next_fetch_at) <= unit.now)
    free = ~_is_read(unit) & ~_has_page_read(unit, owner)
    return await claim(
        unit,
        Source,
        due & ~is_paused(col(Source.host), unit.now) & (col(Source.own_network) | free),
        order=(col(Source.next_fetch_at), col(Source.id)),
        limit=limit,
        owner=owner,
        lease=lease,
    )


async def keep_sources(
    unit: Unit, source_ids: Collection[int], owner: str, lease: timedelta
) -> None:
    """Renew the leases of those that *owner* still has."""
    theirs = (col(Source.id).in_(source_ids), col(Source.owner) == owner)
    connection = await unit.session.connection()
    await connection.execute(update(Source).where(*theirs).values(lease_until=unit.now + lease))


async def let_go_of_sources(unit: Unit, source_ids: Collection[int], owner: str) -> None:
    """Let others read at once those that *owner* still has: what it read could not be stored."""
    theirs = (col(Source.id).in_(source_ids), col(Source.owner) == owner)
    connection = await unit.session.connection()
    await connection.execute(update(Source).where(*theirs).values(owner=None, lease_until=None))


def _is_read(unit: Unit) -> ColumnElement[bool]:
    """Whether another source of the host is being read, or was until a moment ago."""
    return exists().where(
        _OTHER.c.host == col(Source.host),
        _OTHER.c.lease_until > unit.now,
        _OTHER.c.own_network.is_(False),
    )


def _has_page_read(unit: Unit, owner: str) -> ColumnElement[bool]:
    """Whether another process reads a page of the host. One process sees to that by itself."""
    if unit.dialect != POSTGRESQL:
        return false()
    return exists().where(
        _PAGE.c.host == col(Source.host),
        _PAGE.c.lease_until > unit.now,
        _PAGE.c.owner != owner,
    )


async def still_leased(unit: Unit, owner: str, source_ids: Collection[int]) -> set[int]:
    """Return those that *owner* still has; nobody takes them over before this unit ends."""
    had = select(Source.id).where(col(Source.id).in_(source_ids), col(Source.owner) == owner)
    connection = await unit.session.connection()
    return {each for each in (await connection.scalars(had.with_for_update())) if each}


async def finish_fetches(
    unit: Unit, owner: str, fetches: Mapping[int, Mapping[str, Any]]
) -> set[int]:
    """Store what fetches brought, by the source's id, and let go of the sources.

    A `lease_until` among it is how long their host rests. Return those that *owner* still had;
    nothing is stored of the others.
    """
    if not fetches:
        return set()
    connection = await unit.session.connection()
    ours = await still_leased(unit, owner, fetches)
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for source_id in sorted(ours):
        values = fetches[source_id]
        row = {"_id": source_id, **values}
        alike.setdefault(tuple(sorted(values)), []).append(row)
    for columns, rows in alike.items():
        await connection.execute(_finishing(columns), rows)
    return ours


@lru_cache(maxsize=32)
def _finishing(columns: tuple[str, ...]) -> Update:
    """To put this together takes longer than to run it; there are a few kinds."""
    free: dict[str, Any] = {"owner": None, "lease_until": None}
    told: dict[str, Any] = {column: bindparam(column) for column in columns}
    return update(Source).values(free | told).where(col(Source.id) == bindparam("_id"))


async def wait_for_host(unit: Unit, host: str, until: datetime) -> None:
    """Ask none of *host*'s sources before *until*, those included that it gets meanwhile."""
    await pause_host(unit, host, until)
    sooner = (col(Source.host) == host, col(Source.next_fetch_at) < until)
    await unit.session.exec(update(Source).where(*sooner).values(next_fetch_at=until))
