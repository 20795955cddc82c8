"""The pace of the messages of all processes together, by the playground's journal."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

# The bot allows 28 in a second, and latency may move one more into it. Telegram allows 30.
TOKEN_IN_A_SECOND = 29
PRIVATE_IN_A_SECOND = 1
GROUP_IN_A_MINUTE = 20


@dataclass(frozen=True)
class Pace:
    """The most messages in any second or minute, and the number of 429 responses."""

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


def pace_of(journal: Iterable[dict[str, Any]]) -> Pace:
    calls = [call for call in journal if is_message(call)]
    times: defaultdict[int, list[float]] = defaultdict(list)
    for call in calls:
        times[call["chat_id"]].append(call["at"])
    return Pace(
        token_in_a_second=most_within([call["at"] for call in calls], 1),
        private_in_a_second=max((most_within(t, 1) for c, t in times.items() if c > 0), default=0),
        group_in_a_minute=max((most_within(t, 60) for c, t in times.items() if c < 0), default=0),
        refused_as_too_many=sum(call["status"] == HTTPStatus.TOO_MANY_REQUESTS for call in calls),
    )


def is_message(call: dict[str, Any]) -> bool:
    """Return whether the call is to send a message, successful or not."""
    return call["method"].startswith("send") and call["chat_id"] is not None


def most_within(times: Iterable[float], seconds: float) -> int:
    """Return the most of *times* within an interval of *seconds*, its end excluded."""
    window: deque[float] = deque()
    most = 0
    for time in sorted(times):
        window.append(time)
        while window[0] <= time - seconds:
            window.popleft()
        most = max(most, len(window))
    return most
