"""Inline queries: asked in any chat, waiting for their answer, a result of which is chosen."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.playground.answers import query_too_old

LIFETIME = 30.0  # seconds in which the bot may answer
KEPT = 10_000


@dataclass(slots=True)
class Asked:
    """`answer` has results, button, next_offset, cache_time and is_personal."""

    id: str
    at: float
    person_id: int
    answer: dict[str, Any] | None = None


class InlineQueries:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._asked: OrderedDict[str, Asked] = OrderedDict()
        self._last_id = 800_000_000

    def ask(self, person_id: int) -> Asked:
        self._last_id += 1
        asked = Asked(str(self._last_id), self._clock(), person_id)
        self._asked[asked.id] = asked
        if len(self._asked) > KEPT:
            self._asked.popitem(last=False)
        return asked

    def find(self, query_id: str) -> Asked | None:
        return self._asked.get(query_id)

    def waiting(self, query_id: str) -> Asked:
        """The query to answer; raises Telegram's refusal if it is too old, unknown or answered."""
        asked = self._asked.get(query_id)
        if asked is None or asked.answer is not None or self._clock() - asked.at > LIFETIME:
            raise query_too_old()
        return asked
