"""The public catalogue as those who run the bot change it; what they changed no release undoes."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Field, SQLModel, col, select

from storage.engine import Unit
from storage.insert import insert_new
from storage.subscriptions import Subscription
from storage.topics import Topic


class CatalogueEdit(SQLModel, table=True):
    """A topic of the catalogue that an admin made, changed or retired."""

    slug: str = Field(primary_key=True, max_length=64)
    at: datetime


class TopicListed(NamedTuple):
    id: int
    slug: str
    name: str
    typed: str
    subscribers: int
    place: int  # from 1


async def catalogue_listed(unit: Unit, *, offset: int = 0, limit: int = 1000) -> list[TopicListed]:
    counted = select(func.count()).where(col(Subscription.topic_id) == Topic.id)
    wanted = (
        select(  # type: ignore[call-overload]
            Topic.id,
            Topic.slug,
            Topic.name,
            Topic.typed,
            counted.correlate(Topic).scalar_subquery(),
        )
        .where(col(Topic.slug).is_not(None))
        .order_by(col(Topic.position), col(Topic.id))
    )
    rows = await unit.session.exec(wanted.offset(offset).limit(limit))
    return [
        TopicListed(topic_id, slug, name, typed, subscribers, place)
        for place, (topic_id, slug, name, typed, subscribers) in enumerate(rows, offset + 1)
    ]


async def public_topic(unit: Unit, topic_id: int) -> Topic | None:
    """Return a topic of the catalogue, locked till the unit ends."""
    wanted = select(Topic).where(col(Topic.id) == topic_id, col(Topic.slug).is_not(None))
    fresh = wanted.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.exec(fresh)).one_or_none()


async def whole_catalogue(unit: Unit) -> list[Topic]:
    """Return it in its order, locked till the unit ends."""
    wanted = select(Topic).where(col(Topic.slug).is_not(None)).order_by(col(Topic.id))
    found = list(await unit.session.exec(wanted.with_for_update()))
    return sorted(found, key=lambda topic: (topic.position, topic.id))


async def note_edit(unit: Unit, slug: str) -> None:
    row = {"slug": slug, "at": unit.now}
    await insert_new(unit, CatalogueEdit, [row], returning=CatalogueEdit.slug)


async def edited_slugs(unit: Unit) -> set[str]:
    return set(await unit.session.exec(select(CatalogueEdit.slug)))


async def leaving_topics(unit: Unit) -> list[int]:
    """Return those that were retired, and that some chat may still have to take over."""
    neither = (col(Topic.slug).is_(None), col(Topic.chat_id).is_(None))
    return [row for row in await unit.session.exec(select(Topic.id).where(*neither)) if row]


async def watchers(unit: Unit, topic_id: int, limit: int) -> list[int]:
    """Return chats that watch it, in the order of their rows."""
    wanted = select(Subscription.chat_id).where(col(Subscription.topic_id) == topic_id)
    rows = await unit.session.exec(wanted.order_by(col(Subscription.chat_id)).limit(limit))
    return list(rows)
