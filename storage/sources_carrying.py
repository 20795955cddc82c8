"""Whose source: what reaches a chat comes from a public source or from one that it follows."""

from typing import Any

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import col

from storage.entries import Entry
from storage.sources import Follow, Source


def reaches(chat_id: Any) -> ColumnElement[bool]:
    """Say of a `Source` in the query whether what it holds reaches the chat."""
    followed = exists().where(col(Follow.chat_id) == chat_id, col(Follow.source_id) == Source.id)
    return or_(col(Source.public), followed)


def carried_to(chat_id: Any, article_id: Any) -> ColumnElement[bool]:
    """Say whether any source that carried the article reaches the chat; both may be columns."""
    return exists().where(
        col(Entry.article_id) == article_id, col(Entry.source_id) == Source.id, reaches(chat_id)
    )
