"""The folded text of each article, stored once and indexed for previews and search.

SQLite: the FTS5 table `folded_index` follows this one by triggers. PostgreSQL: `tokens`, a
tsvector of the distinct tokens and the language. It is made by `array_to_tsvector`, never by the
parser, which splits `c++` and `at&t`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Column, Index, Text, text
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


@dataclass(frozen=True, slots=True)
class FoldedRow:
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
    values = [asdict(row) for row in rows]
    on_postgresql = unit.dialect == POSTGRESQL
    for value, row in zip(values, rows, strict=True) if on_postgresql else ():
        value["tokens"] = _tokens([language_token(row.language), *_words(row)])
    tokens = "array_to_tsvector(CAST(:tokens AS text[]))" if on_postgresql else "NULL"
    connection = await unit.session.connection()
    await connection.execute(text(_STORE.format(tokens=tokens)), values)


_STORE = """
    INSERT INTO folded (article_id, title, text, tokens)
    VALUES (:article_id, :title, :text, {tokens})
    ON CONFLICT (article_id) DO UPDATE
    SET title = excluded.title, text = excluded.text, tokens = excluded.tokens
"""


def _words(row: FoldedRow) -> list[str]:
    return f"{row.title} {row.text}".split(" ")


def _tokens(words: Iterable[str]) -> list[str]:
    """The distinct words that the index holds, as long as there is room."""
    held: list[str] = []
    size = 0
    for word in dict.fromkeys(words):
        length = len(word.encode())
        if 0 < length < LONGEST_TOKEN and size + length <= MOST_TOKENS:
            held.append(word)
            size += length
    return held
