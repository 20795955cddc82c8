"""How it all is at one moment: how much there is, how late each step is, what is in trouble."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, text
from sqlmodel import col, select

from storage.articles import Article, is_at
from storage.chats import Chat
from storage.deliveries import NEXT, Delivery
from storage.engine import Unit
from storage.sources import Source
from storage.subscriptions import Subscription
from storage.words import ChatState, DeliveryState, SourceState, Stage

_ACTIVE = col(Source.state) == SourceState.ACTIVE
# One that has been taken down for good waits for whoever runs the bot to remove it.
_LEFT_TO_US = and_(col(Source.state) == SourceState.GONE, col(Source.public))
_ILL = and_(or_(_ACTIVE, _LEFT_TO_US), col(Source.trouble_since).is_not(None))


class Amounts(NamedTuple):
    chats: int  # that something comes to
    topics: int  # that somebody watches
    sources: int
    queue: int  # messages that are due
    held: int


class Lags(NamedTuple):
    """How long the oldest work of each step has waited."""

    read: timedelta
    match: timedelta
    publish: timedelta
    send: timedelta


async def amounts(unit: Unit) -> Amounts:
    watched = func.count(col(Subscription.topic_id).distinct())
    return Amounts(
        chats=await _count(unit, Chat, col(Chat.state) == ChatState.ACTIVE),
        topics=(await unit.session.exec(select(watched))).one(),
        sources=await _count(unit, Source, _ACTIVE),
        queue=await _count(unit, Delivery, text(NEXT), col(Delivery.due_at) <= unit.now),
        held=await _count(unit, Delivery, col(Delivery.state) == DeliveryState.HELD),
    )


async def lags(unit: Unit) -> Lags:
    stored, due = col(Article.stored_at), col(Delivery.due_at)
    unmatched = [
        await _oldest(unit, stored, is_at(stage)) for stage in (Stage.STORED, Stage.GROUPED)
    ]
    return Lags(
        read=_passed(unit, await _oldest(unit, col(Source.next_fetch_at), _ACTIVE)),
        match=max(_passed(unit, moment) for moment in unmatched),
        publish=_passed(unit, await _oldest(unit, stored, is_at(Stage.MATCHED))),
        send=_passed(unit, await _oldest(unit, due, text(NEXT))),
    )


async def sources_in_trouble(unit: Unit, limit: int) -> list[Source]:
    """Return those that fail or are gone for good, the longest trouble first."""
    ill = select(Source).where(_ILL)
    ordered = ill.order_by(col(Source.trouble_since), col(Source.id))
    return list(await unit.session.exec(ordered.limit(limit)))


async def count_sources_in_trouble(unit: Unit) -> int:
    return await _count(unit, Source, _ILL)


async def _count(unit: Unit, table: Any, *which: Any) -> int:
    return (await unit.session.exec(select(func.count()).select_from(table).where(*which))).one()


async def _oldest(unit: Unit, moment: Any, *which: ColumnElement[bool] | Any) -> datetime | None:
    first = select(moment).where(*which).order_by(moment).limit(1)
    return (await unit.session.exec(first)).first()


def _passed(unit: Unit, moment: datetime | None) -> timedelta:
    """Work that will be due some day has not waited."""
    return max(unit.now - moment, timedelta()) if moment else timedelta()


async def last_read(unit: Unit) -> datetime | None:
    """Return when any source was last read well."""
    newest = select(func.max(col(Source.succeeded_at))).where(_ACTIVE)
    return (await unit.session.exec(newest)).one()
