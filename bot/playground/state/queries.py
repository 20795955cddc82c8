"""The callback and inline queries of users, and the bot's answers."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.playground.errors import query_too_old

CALLBACK_LIFETIME = 60.0  # seconds in which the bot may answer
INLINE_LIFETIME = 30.0
KEPT = 10_000


@dataclass(slots=True)
class PendingQuery:
    """*asked_at*: Unix seconds; *chat_id*: the chat of the message whose button was pressed."""

    id: str
    asked_at: float
    user_id: int
    chat_id: int | None = None
    answer: dict[str, Any] | None = None


class Queries:
    """The newest `KEPT` queries of one kind; *lifetime* is how long the bot may answer one."""

    def __init__(self, clock: Callable[[], float], lifetime: float, first_id: int) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._queries: OrderedDict[str, PendingQuery] = OrderedDict()
        self._last_id = first_id

    def ask(self, user_id: int, chat_id: int | None = None) -> PendingQuery:
        self._last_id += 1
        query = PendingQuery(str(self._last_id), self._clock(), user_id, chat_id)
        self._queries[query.id] = query
        if len(self._queries) > KEPT:
            self._queries.popitem(last=False)
        return query

    def find(self, query_id: str) -> PendingQuery | None:
        return self._queries.get(query_id)

    def find_unanswered(self, query_id: str) -> PendingQuery:
        """Return the query to answer; raise if it is too old, unknown or answered already."""
        query = self._queries.get(query_id)
        if (
            query is None
            or query.answer is not None
            or self._clock() - query.asked_at > self._lifetime
        ):
            raise query_too_old()
        return query
