"""How fast messages came, by the playground's journal: of all processes together."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

# Slots are 28 at most; the way there may bring one more over the border of a second. Telegram lets
# 30 through.
TOKEN_IN_A_SECOND = 29
PRIVATE_IN_A_SECOND = 1
GROUP_IN_A_MINUTE = 20


@dataclass(frozen=True)
class Fastest:
    """The most messages in any second or minute, wherever that begins, and what was refused."""

    token_in_a_second: int
    private_in_a_second: int
    group_in_a_minute: int
    refused_as_too_many: int

    @property
    def is_kept(self) -> bool:
        return (
            self.token_in_a_second <= TOKEN_IN_A_SECOND
            and self.private_in_a_second <= PRIVATE_IN_A_SECOND
            and self.group_in_a_minute <= GROUP_IN_A_MINUTE
            and self.refused_as_too_many == 0
        )


def fastest(journal: Iterable[dict[str, Any]]) -> Fastest:
    calls = [each for each in journal if counts(each)]
    chats: defaultdict[int, list[float]] = defaultdict(list)
    for call in calls:
        chats[call["chat_id"]].append(call["at"])
    return Fastest(
        token_in_a_second=most([call["at"] for call in calls], 1),
        private_in_a_second=max((most(at, 1) for who, at in chats.items() if who > 0), default=0),
        group_in_a_minute=max((most(at, 60) for who, at in chats.items() if who < 0), default=0),
        refused_as_too_many=sum(call["status"] == HTTPStatus.TOO_MANY_REQUESTS for call in calls),
    )


def counts(call: dict[str, Any]) -> bool:
    """Whether it is a message that was asked for, let through or not."""
    return call["method"].startswith("send") and call["chat_id"] is not None


def most(moments: Sequence[float], seconds: float) -> int:
    """Return the most of *moments* that lie within so many *seconds*, the end not included."""
    window: deque[float] = deque()
    found = 0
    for moment in sorted(moments):
        window.append(moment)
        while window[0] <= moment - seconds:
            window.popleft()
        found = max(found, len(window))
    return found
