"""The folded text of each article, stored once and indexed for previews and search.

SQLite: the FTS5 table `folded_index`. What is removed or changed here leaves it by triggers; what
is added is written to both, since for each statement with a trigger FTS5 writes down all that it
has gathered, which takes four times as long. PostgreSQL: `tokens`, a tsvector of the distinct
tokens and the language. It is made by `array_to_tsvector`, never by the parser, which splits
`c++` and `at&t`.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Index, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from storage.columns import ROW_ID
from storage.engine import POSTGRESQL, Unit

# A tsvector holds 1 MB, and no token above 2 KB; what lies beyond ours is matched live only.
LONGEST_TOKEN = 200  # bytes
MOST_TOKENS = 256_000  # bytes


class Folded(SQLModel, table=True):
    __table_args__ = (Index("ix_folded_tokens", "tokens", postgresql_using="gin"),)

    article_id: int = Field(
        primary_key=True, foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    title: str  # tokens between single spaces
    text: str
    # On SQLite always null: the index stands beside the table there.
    tokens: Any = Field(default=None, sa_column=Column(TSVECTOR().with_variant(Text, "sqlite")))


class FoldedRow(NamedTuple):
    article_id: int
    title: str
    text: str
    language: str = ""


def language_token(code: str) -> str:
    """No word has a colon."""
    return f"lang:{code}"


async def store_folded(unit: Unit, rows: Sequence[FoldedRow]) -> None:
    """Store the folded texts and index them; those of an article that has some are replaced."""
    if not rows:
        return
    connection = await unit.session.connection()
    if unit.dialect == POSTGRESQL:
        values = [(*row[:-1], indexed_words(row)) for row in rows]
        await connection.exec_driver_sql(_STORE, values)
    else:
        ids = json.dumps([row.article_id for row in rows])
        texts = [row[:-1] for row in rows]
        await connection.exec_driver_sql(_FORGET, (ids,))
        for table in ("folded(article_id", "folded_index(rowid"):
            await connection.exec_driver_sql(_ADD.format(table=table), texts)


# In the drivers' own words: for many short rows the way through the compiler costs the most.
_STORE = """
    INSERT INTO folded (article_id, title, text, tokens)
    VALUES ($1, $2, $3, array_to_tsvector($4))
    ON CONFLICT (article_id) DO UPDATE
    SET title = excluded.title, text = excluded.text, tokens = excluded.tokens
"""
_FORGET = "DELETE FROM folded WHERE article_id IN (SELECT value FROM json_each(?))"
_ADD = "INSERT INTO {table}, title, text) VALUES (?, ?, ?)"


def indexed_words(row: FoldedRow) -> list[str]:
    """The distinct words that the index on PostgreSQL holds, as long as there is room."""
    words = [language_token(row.language), *f"{row.title} {row.text}".split(" ")]
    held: list[str] = []
    size = 0
    for word in dict.fromkeys(words):
        length = len(word.encode())
        if 0 < length < LONGEST_TOKEN and size + length <= MOST_TOKENS:
            held.append(word)
            size += length
    return held
