"""Matches: a query and an article, with the words that matched."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from storage.columns import ROW_ID
from storage.engine import Unit
from storage.insert import add_new


class Match(SQLModel, table=True):
    __table_args__ = (Index("ix_match_query_news", "query_id", "news_at"),)

    article_id: int = Field(
        primary_key=True, foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    query_id: int = Field(
        primary_key=True, foreign_key="query.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    words: list[str] = Field(default_factory=list, sa_type=JSON)
    in_title: bool = False
    news_at: datetime  # the article's, so that a digest's range needs no join
    found_at: datetime


class MatchFound(NamedTuple):
    article_id: int
    query_id: int
    words: list[str]
    in_title: bool
    news_at: datetime


async def store_matches(unit: Unit, found: Sequence[MatchFound]) -> None:
    """Store those not known yet."""
    await add_new(unit, Match, [match._asdict() | {"found_at": unit.now} for match in found])
