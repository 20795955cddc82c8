"""Matches: a query and an article, with the words that matched."""

from datetime import datetime

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from storage.columns import ROW_ID


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
