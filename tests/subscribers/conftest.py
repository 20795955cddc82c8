"""Chats on each database, and a past that only notes what it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.subscribers.access import Access
from bot.subscribers.arrivals import Arrivals, Visitor
from bot.subscribers.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.matching.query import Query
    from storage.engine import Storage


class NotedPast:
    def __init__(self) -> None:
        self.asked: list[tuple[str, datetime]] = []

    async def backfill(self, query_id: int, query: Query, since: datetime) -> int:
        self.asked.append((query.canonical, since))
        return query_id


@pytest.fixture
def past() -> NotedPast:
    return NotedPast()


@pytest.fixture
def arrivals(storage: Storage) -> Arrivals:
    return Arrivals(storage, Access(is_open=True))


@pytest.fixture
def watching(storage: Storage, past: NotedPast) -> Watching:
    return Watching(storage, past)


@pytest.fixture
def arrive(arrivals: Arrivals) -> Callable[..., Awaitable[int]]:
    """Return how to get our row of a chat: `await arrive(7)`."""

    async def arrived(person_id: int = 1, language: str = "ja") -> int:
        guest = await arrivals.welcome(Visitor(person_id, person_id, name="A", language=language))
        assert guest
        return guest.chat_id

    return arrived
