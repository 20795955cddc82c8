"""Whose source: what reaches a chat comes from a public source or from one that it follows."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import col, select

from storage.entries import Entry
from storage.sources import Follow, Source


def reaches(chat_id: int | None) -> ColumnElement[bool]:
    """Say of a `Source` in the query whether what it holds reaches the chat (None: anybody)."""
    followed = exists().where(col(Follow.chat_id) == chat_id, col(Follow.source_id) == Source.id)
    return or_(col(Source.public), followed)


def carried_to(chat_id: Any, article_id: Any) -> ColumnElement[bool]:
    """Say whether any source that carried the article reaches the chat; both may be columns."""
    # A join and no second EXISTS: inside that one an outer column would stand for its whole table.
    followed = and_(col(Follow.source_id) == Source.id, col(Follow.chat_id) == chat_id)
    carrying = (
        select(Entry.source_id)
        .join(Source, col(Source.id) == Entry.source_id)
        .outerjoin(Follow, followed)
        .where(
            col(Entry.article_id) == article_id,
            or_(col(Source.public), col(Follow.chat_id).is_not(None)),
        )
    )
    return carrying.exists()
