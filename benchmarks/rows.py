"""Rows for a filled database, complete but for the fields that a program sets."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert
from sqlmodel import SQLModel

from bot.sources.drafts import url_hash
from bot.sources.urls import host_of
from storage.db.engine import Transaction
from storage.queries import query_for
from storage.topics import Topic

_CHUNK = 5_000
Values = dict[str, Any]


async def add(tx: Transaction, table: type[SQLModel], rows: Iterable[Values]) -> None:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        await tx.change(insert(table), chunk)


def source(url: str, now: datetime, **values: Any) -> Values:
    """Return a public source that is due."""
    return {
        "url": url,
        "url_hash": url_hash(url),
        "host": host_of(url),
        "public": True,
        "created_at": now,
        "next_fetch_at": now,
        **values,
    }


def article(url: str, now: datetime, **values: Any) -> Values:
    return {
        "url": url,
        "url_hash": url_hash(url),
        "language": "en",
        "stored_at": now,
        "news_at": now,
        **values,
    }


def entry(source_id: int, article_id: int, now: datetime) -> Values:
    return {
        "source_id": source_id,
        "guid_hash": f"{article_id:032}",
        "article_id": article_id,
        "content_hash": "",
        "first_seen_at": now,
    }


def match(query_id: int, article_id: int, word: str, now: datetime, **values: Any) -> Values:
    return {
        "query_id": query_id,
        "article_id": article_id,
        "words": [word],
        "news_at": now,
        "found_at": now,
        **values,
    }


def chat(telegram_id: int, now: datetime, **values: Any) -> Values:
    return {"telegram_id": telegram_id, "state_since": now, "created_at": now, **values}


async def add_topic(tx: Transaction, keywords: str, age: timedelta = timedelta(days=60)) -> Topic:
    query = await query_for(tx, keywords)
    created_at = tx.now - age
    topic = Topic(name=keywords, typed=keywords, query_id=query.id, created_at=created_at)
    return await tx.add(topic)
