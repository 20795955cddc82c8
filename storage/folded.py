"""The folded text of each article, stored once and indexed for previews and search.

SQLite: the FTS5 table `folded_index` follows this one by triggers. PostgreSQL: `tokens`, a
tsvector of the distinct tokens made by `array_to_tsvector`, never by its parser, which splits
`c++` and `at&t`.
"""

from typing import Any

from sqlalchemy import Column, Index, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from storage.columns import ROW_ID


class Folded(SQLModel, table=True):
    __table_args__ = (Index("ix_folded_tokens", "tokens", postgresql_using="gin"),)

    article_id: int = Field(
        primary_key=True, foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    title: str  # tokens between single spaces
    text: str
    # On SQLite always null: the index stands beside the table there.
    tokens: Any = Field(default=None, sa_column=Column(TSVECTOR().with_variant(Text, "sqlite")))
