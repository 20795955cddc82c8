"""Stories that a chat was sent, and those of them that its users saved for later.

A saved story copies its title and address, because retention deletes the article.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import UniqueConstraint, delete, func
from sqlmodel import Field, SQLModel, col, select

from storage.alerts import Alert
from storage.articles import Article
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, among, insert_new
from storage.editions import Edition, EditionStory
from storage.stories import Story, chain_of_story


class SavedStory(SQLModel, table=True):
    """*story_id* and *article_id* are no foreign keys, because the row outlives both.

    They are 0 if the story was imported.
    """

    __tablename__ = "saved_story"
    __table_args__ = (UniqueConstraint("chat_id", "url_hash"), NUMBERED)

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    story_id: int = Field(default=0, sa_type=ROW_ID)
    article_id: int = Field(default=0, sa_type=ROW_ID)
    title: str
    url: str
    url_hash: str = Field(max_length=32)  # because an index cannot hold a long address
    publisher: str = ""
    saved_at: datetime


class SentStory(NamedTuple):
    """A story that a chat was sent. *chain*: the first story of its chain."""

    chain: int
    article_id: int
    topic_ids: Sequence[int]
    title: str
    text: str
    url: str
    url_hash: str


async def sent_story(tx: Transaction, chat_id: int, story_id: int) -> SentStory | None:
    """Return the story as an alert or an edition sent it; None if the chat was not sent it."""
    for table in (Alert, EditionStory):
        row = await tx.first(
            select(
                chain_of_story(Story),
                table.article_id,
                table.topic_ids,
                Article.title,
                func.coalesce(func.nullif(Article.text, ""), Article.summary),
                Article.url,
                Article.url_hash,
            )  # type: ignore[call-overload]
            .join(Story, col(Story.id) == table.story_id)
            .join(Article, col(Article.id) == table.article_id)
            .where(col(table.chat_id) == chat_id, col(table.story_id) == story_id)
        )
        if row:
            return SentStory(*row)
    return await _covered_story(tx, chat_id, story_id)


async def _covered_story(tx: Transaction, chat_id: int, story_id: int) -> SentStory | None:
    """Return the story if an edition of the most covered stories listed it."""
    editions = await tx.rows(
        select(Edition.covered).where(
            col(Edition.chat_id) == chat_id, col(Edition.covered).is_not(None)
        )
    )
    found = [each for covered in editions for each in covered if each[0] == story_id]
    for _, article_id, topic_ids in found:
        row = await tx.first(
            select(
                chain_of_story(Story),
                Article.title,
                func.coalesce(func.nullif(Article.text, ""), Article.summary),
                Article.url,
                Article.url_hash,
            )  # type: ignore[call-overload]
            .join(Article, col(Article.id) == article_id)
            .where(col(Story.id) == story_id)
        )
        if row:
            chain, *texts = row
            return SentStory(chain, article_id, topic_ids, *texts)
    return None


async def save_stories(tx: Transaction, rows: Collection[Mapping[str, Any]]) -> int:
    """Store *rows*, the columns of `SavedStory`, unless the chat has them; return how many."""
    stored = await insert_new(
        tx, SavedStory, [{"saved_at": tx.now, **row} for row in rows], returning=SavedStory.id
    )
    return len(stored)


async def unsave(tx: Transaction, chat_id: int, saved_id: int) -> None:
    """Delete the saved story if it exists and belongs to the chat."""
    own = (col(SavedStory.chat_id) == chat_id, col(SavedStory.id) == saved_id)
    await tx.change(delete(SavedStory).where(*own))


async def saved_at(tx: Transaction, chat_id: int, url_hash: str) -> SavedStory | None:
    """Return the chat's saved story with the address of this hash."""
    own = (col(SavedStory.chat_id) == chat_id, col(SavedStory.url_hash) == url_hash)
    saved: SavedStory | None = await tx.first(select(SavedStory).where(*own))
    return saved


async def count_saved(tx: Transaction, chat_id: int) -> int:
    saved = select(func.count()).select_from(SavedStory).where(col(SavedStory.chat_id) == chat_id)
    return await tx.one(saved)


async def saved_between(
    tx: Transaction, chat_ids: Collection[int], since: datetime, until: datetime, *, most: int
) -> Mapping[int, Sequence[SavedStory]]:
    """Return the last *most* stories that each chat saved after *since*, the first saved first."""
    newest_first = col(SavedStory.id).desc()
    place = func.row_number().over(partition_by=col(SavedStory.chat_id), order_by=newest_first)
    saved = (
        select(SavedStory.id, place.label("place"))
        .where(
            among(col(SavedStory.chat_id), chat_ids),
            col(SavedStory.saved_at) > since,
            col(SavedStory.saved_at) <= until,
        )
        .subquery()
    )
    rows = await tx.rows(
        select(SavedStory)
        .join(saved, col(SavedStory.id) == saved.c.id)
        .where(saved.c.place <= most)
        .order_by(col(SavedStory.id))
    )
    stories: defaultdict[int, list[SavedStory]] = defaultdict(list)
    for row in rows:
        stories[row.chat_id].append(row)
    return stories


async def saved_stories(
    tx: Transaction, chat_id: int, *, offset: int = 0, limit: int
) -> Sequence[SavedStory]:
    """Return the chat's saved stories, the last saved first."""
    return await tx.rows(
        select(SavedStory)
        .where(col(SavedStory.chat_id) == chat_id)
        .order_by(col(SavedStory.id).desc())
        .offset(offset)
        .limit(limit)
    )
