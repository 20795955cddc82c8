"""Alerts whose buttons are pressed: what they told, of whose chat they are."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, update
from sqlmodel import col, select

from storage.alerts import Alert
from storage.articles import Article
from storage.engine import Unit
from storage.entries import Entry
from storage.sources import Source
from storage.sources_carrying import reaches, told_by
from storage.stories import Story, chain_of
from storage.topics import Topic
from storage.words import SourceKind


class Pressed(NamedTuple):
    """*chain* is the first story of the alert's."""

    chain: int
    article_id: int
    topic_ids: list[int]
    title: str
    text: str


class Outlet(NamedTuple):
    """Who told an article; *outlet* is "" unless a search named it."""

    source_id: int
    outlet: str
    name: str


async def alert_pressed(unit: Unit, chat_id: int, story_id: int) -> Pressed | None:
    """Return the chat's alert to the story, if there is one."""
    rows = await unit.session.exec(
        select(chain_of(Story), Alert.article_id, Alert.topic_ids, Article.title, Article.text)  # type: ignore[call-overload]
        .join(Story, col(Story.id) == Alert.story_id)
        .join(Article, col(Article.id) == Alert.article_id)
        .where(col(Alert.chat_id) == chat_id, col(Alert.story_id) == story_id)
    )
    row = rows.first()
    return Pressed(*row) if row else None


async def set_pressed(unit: Unit, chat_id: int, story_id: int, at: datetime | None) -> None:
    """Write down since when the message shows other buttons than its usual ones, if it does."""
    ours = (col(Alert.chat_id) == chat_id, col(Alert.story_id) == story_id)
    await unit.session.exec(update(Alert).where(*ours).values(pressed_at=at))


async def is_any_pressed(unit: Unit, story_id: int, since: datetime) -> bool:
    """Say whether the buttons of any alert to the story were pressed after *since*."""
    pressed = exists().where(col(Alert.story_id) == story_id, col(Alert.pressed_at) > since)
    return (await unit.session.exec(select(pressed))).one()


async def outlet_of(unit: Unit, chat_id: int, article_id: int) -> Outlet | None:
    """Return who told the chat the article first; none if that is gone."""
    rows = await unit.session.exec(
        select(Source.id, Source.kind, Entry.outlet, told_by())
        .join(Entry, col(Entry.source_id) == Source.id)
        .where(col(Entry.article_id) == article_id, reaches(chat_id))
        .order_by(col(Entry.first_seen_at), col(Source.id))
        .limit(1)
    )
    row = rows.first()
    if row is None:
        return None
    source_id, kind, outlet, name = row
    return Outlet(source_id, outlet if kind is SourceKind.SEARCH else "", name)


async def names_of(unit: Unit, topic_ids: list[int]) -> dict[int, str]:
    """Return the topics that there still are, by row."""
    rows = await unit.session.exec(
        select(Topic.id, Topic.name).where(col(Topic.id).in_(topic_ids)).order_by(col(Topic.id))
    )
    return {topic_id: name for topic_id, name in rows if topic_id}
