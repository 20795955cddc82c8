"""Alerts: the decision, made once, that a chat is told a story at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Index,
    String,
    UniqueConstraint,
    case,
    cast,
    literal,
    update,
)
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article, is_at
from storage.columns import NUMBERED, ROW_ID
from storage.engine import Unit
from storage.insert import insert_new
from storage.leases import claim
from storage.matches import Match
from storage.words import Medium, Stage


class Alert(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("chat_id", "story_id"),
        Index("ix_alert_recent", "chat_id", "made_at"),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID)
    story_id: int = Field(foreign_key="story.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    chapter: int = 1  # which of the chain's alerts it is for this chat
    article_id: int = Field(
        foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    topic_ids: list[int] = Field(default_factory=list, sa_type=JSON)
    made_at: datetime
    bundle_id: int | None = Field(  # None: it was told at once
        default=None, foreign_key="bundle.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    pressed_at: datetime | None = None  # None: its message shows its usual buttons


@dataclass(frozen=True, slots=True)
class Listener:
    """A chat that wants an article at once, for one of its topics; it may come several times."""

    chat_id: int
    zone: str
    topic_id: int
    topic: str
    query: str
    by_telegram: bool = True  # False: that way is shut for now
    language: str = ""  # the tag of what the chat is spoken to in


async def claim_matched(unit: Unit, *, limit: int, owner: str, lease: timedelta) -> list[Article]:
    """Lease the oldest articles that are matched and not yet published."""
    due = is_at(Stage.MATCHED)
    order = (col(Article.id),)
    rows = await claim(unit, Article, due, order=order, limit=limit, owner=owner, lease=lease)
    return sorted(rows, key=lambda article: article.id)


async def keep_article(unit: Unit, article_id: int | None, owner: str, lease: timedelta) -> bool:
    """Renew the lease; False if another has taken the article over."""
    kept = (
        update(Article)
        .where(col(Article.id) == article_id, col(Article.owner) == owner)
        .values(lease_until=unit.now + lease)
    )
    return bool((await unit.session.exec(kept)).rowcount)


async def finish_articles(unit: Unit, article_ids: Sequence[int | None], owner: str) -> None:
    await unit.session.exec(
        update(Article)
        .where(col(Article.id).in_(article_ids), col(Article.owner) == owner)
        .values(stage=Stage.PUBLISHED, owner=None, lease_until=None)
    )


async def matched_by_any(unit: Unit, article_ids: Sequence[int | None]) -> set[int]:
    """Return those of the articles that any query matched."""
    rows = select(Match.article_id).where(col(Match.article_id).in_(article_ids)).distinct()
    return set(await unit.session.exec(rows))


async def make_alerts(unit: Unit, rows: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Return the alerts that are new, by chat; those decided before stay as they were."""
    ids = await insert_new(unit, Alert, rows, returning=Alert.id)
    made = select(Alert.chat_id, Alert.id).where(col(Alert.id).in_(ids))
    return {chat_id: alert_id for chat_id, alert_id in await unit.session.exec(made) if alert_id}


def message_key(medium: Medium = Medium.TELEGRAM) -> ColumnElement[str]:
    """Return the key of the delivery that told an `Alert` in the query by *medium*.

    Of a bundle the first part speaks for all.
    """
    alone = literal("alert:") + cast(col(Alert.id), String) + literal(f":{medium}")
    bundle = literal("bundle:") + cast(col(Alert.bundle_id), String)
    together = bundle + literal(f":{medium}:1")
    return case((col(Alert.bundle_id).is_(None), alone), else_=together)
