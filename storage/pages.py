"""The pages that articles wait for: rows only as long as they are to be read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, case, delete, exists, false, func, update
from sqlalchemy.orm import aliased
from sqlmodel import Field, col, select

from storage.columns import ROW_ID, Leased
from storage.engine import POSTGRESQL, Unit
from storage.hosts import is_paused, pause_host
from storage.insert import insert_new
from storage.leases import claim, claim_alone
from storage.sources import Source
from storage.words import Hint

_BEHIND_ALL: Final = 2**48  # above every article's id


class AwaitedPage(Leased, table=True):
    article_id: int = Field(
        primary_key=True, foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    url: str
    host: str = Field(index=True)
    inside: bool = False  # the source is in the operator's own network
    private: bool = Field(default=False)
    awaited_since: datetime
    due_at: datetime


async def await_pages(unit: Unit, pages: Sequence[AwaitedPage]) -> None:
    if pages:
        rows = [page.model_dump() for page in pages]
        await insert_new(unit, AwaitedPage, rows, returning=AwaitedPage.article_id)
        unit.hints.add(Hint.PAGES)


async def claim_pages(unit: Unit, *, owner: str, limit: int, lease: timedelta) -> list[AwaitedPage]:
    """Lease pages that are due, one of each host, and none of a host that somebody is asking.

    Of a host those of public articles come first: a chat's own feed holds up nobody's news.
    """
    await claim_alone(unit, Source)
    other = aliased(AwaitedPage)
    asked = exists().where(
        col(other.host) == col(AwaitedPage.host), col(other.lease_until) > unit.now
    )
    # The least of each host, also for another process: it finds that one taken, and no other.
    first = select(func.min(_turn(other))).where(col(other.due_at) <= unit.now).group_by(other.host)
    due = _turn(AwaitedPage).in_(first)
    return await claim(
        unit,
        AwaitedPage,
        due & ~asked & ~_is_polled(unit, owner) & ~is_paused(col(AwaitedPage.host), unit.now),
        order=(col(AwaitedPage.article_id),),
        limit=limit,
        owner=owner,
        lease=lease,
    )


def _turn(page: type[AwaitedPage]) -> ColumnElement[int]:
    """Return what orders the pages of a host: the private ones behind all others."""
    return col(page.article_id) + case((col(page.private), _BEHIND_ALL), else_=0)


def _is_polled(unit: Unit, owner: str) -> ColumnElement[bool]:
    """Whether another process reads a source of the host. One process sees to that by itself."""
    if unit.dialect != POSTGRESQL:
        return false()
    return exists().where(
        col(Source.host) == col(AwaitedPage.host),
        col(Source.lease_until) > unit.now,
        col(Source.owner).is_distinct_from(owner),
        col(Source.own_network).is_(False),
    )


async def rest(unit: Unit, page: AwaitedPage, pause: timedelta) -> None:
    """Let the host of *page* rest from other processes; the one that read it sees to that."""
    if unit.dialect == POSTGRESQL and not page.inside:
        await pause_host(unit, page.host, unit.now + pause)


async def put_off_page(unit: Unit, article_id: int, owner: str, until: datetime) -> None:
    await unit.session.exec(
        update(AwaitedPage)
        .where(col(AwaitedPage.article_id) == article_id, col(AwaitedPage.owner) == owner)
        .values(owner=None, lease_until=None, due_at=until)
    )


async def finish_page(unit: Unit, article_id: int, owner: str) -> bool:
    """Await the page no longer; False if another reads it by now."""
    done = await unit.session.exec(
        delete(AwaitedPage).where(
            col(AwaitedPage.article_id) == article_id, col(AwaitedPage.owner) == owner
        )
    )
    return bool(done.rowcount)
