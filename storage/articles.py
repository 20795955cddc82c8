"""Articles: one piece of news each, by canonical URL, and how far each has come."""

from datetime import date, datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from storage.columns import ROW_ID, Leased, stored_as
from storage.words import Stage


class Article(Leased, table=True):
    __table_args__ = (
        # Small, because it holds only what is still on its way.
        Index(
            "ix_article_on_its_way",
            "stage",
            "id",
            sqlite_where=text("stage <> 'published'"),
            postgresql_where=text("stage <> 'published'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    url_hash: str = Field(max_length=32, unique=True)  # of the canonical URL, which may be long
    url: str
    title: str
    summary: str = ""
    text: str = ""
    language: str = Field(default="", max_length=8)
    published_at: datetime | None = None
    published_on: date | None = None  # where the source gave a date without a time
    stored_at: datetime
    # The moment from which it counts as news: `stored_at`, or for a quiet one its publication.
    news_at: datetime = Field(index=True)
    quiet: bool = False  # backlog, or old when first seen: alerts nobody
    story_id: int = Field(foreign_key="story.id", sa_type=ROW_ID, index=True)
    stage: Stage = Field(default=Stage.STORED, sa_type=stored_as(Stage))
