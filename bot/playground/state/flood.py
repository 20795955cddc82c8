"""Flood control: how many messages a bot may send before it must wait.

The limits are 30 messages a second per token, 20 a minute per group, and one a second per private
chat with a burst of three, as at Telegram. `STRICT` allows no burst, `OFF` has no limits. Rejected
messages do not count. The limits hold for send, copy and forward calls; `setWebhook` may be called
once a second.

A 429, injected or not, bans its chat for `retry_after`. A call about a banned chat is recorded, and
rejected if it sends.
"""

from collections import defaultdict, deque
from collections.abc import Callable
from enum import StrEnum
from math import ceil

from bot.playground.errors import too_many_requests


class FloodMode(StrEnum):
    OFF = "off"
    NORMAL = "normal"
    STRICT = "strict"


TOKEN_PER_SECOND = 30
GROUP_PER_MINUTE = 20
BURST = {FloodMode.NORMAL: 3, FloodMode.STRICT: 1}
_SENDS = ("send", "copy", "forward")
_PRUNE_ABOVE = 10_000  # chats


class Flood:
    """*clock* is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float], mode: FloodMode) -> None:
        self.clock = clock
        self.mode = mode
        self._tokens: dict[str, deque[float]] = defaultdict(deque)
        self._groups: dict[int, deque[float]] = defaultdict(deque)
        self._paid_until: dict[int, float] = {}
        self._next_webhook = 0.0
        self._banned_until: dict[int, float] = {}
        self.inside_bans: list[tuple[float, str, int]] = []
        """Calls about banned chats: time, method, chat id."""

    def charge_webhook(self) -> None:
        """Count one `setWebhook`; raise if it comes too soon."""
        if self.mode is FloodMode.OFF:
            return
        now = self.clock()
        if now < self._next_webhook:
            raise too_many_requests(1)
        self._next_webhook = now + 1

    def charge(self, token: str, chat_id: int, count: int = 1) -> None:
        """Count *count* messages to the chat (a negative id is a group); raise above a limit."""
        if self.mode is FloodMode.OFF:
            return
        now = self.clock()
        wait = _window_wait(self._tokens[token], now, 1.0, TOKEN_PER_SECOND, count)
        if chat_id < 0:
            own = _window_wait(self._groups[chat_id], now, 60.0, GROUP_PER_MINUTE, count)
        else:
            own = self._private_wait(chat_id, now, count)
        if own > 0:
            self.ban(chat_id, ceil(own))
        if max(wait, own) > 0:
            raise too_many_requests(max(1, ceil(max(wait, own))))
        self._record(token, chat_id, now, count)

    def ban(self, chat_id: int, seconds: int) -> None:
        if self.mode is not FloodMode.OFF:
            self._banned_until[chat_id] = self.clock() + seconds

    def check_ban(self, method: str, chat_id: int) -> None:
        """Record a call about a banned chat; raise if it sends."""
        left = self._banned_until.get(chat_id, 0.0) - self.clock()
        if left > 0:
            self.inside_bans.append((self.clock(), method, chat_id))
            if not method.startswith(_SENDS) or method == "sendChatAction":
                return
            raise too_many_requests(max(1, ceil(left)))

    def _private_wait(self, chat_id: int, now: float, count: int) -> float:
        """GCRA: the theoretical arrival time may run ahead of now by at most the burst."""
        arrival = max(self._paid_until.get(chat_id, now), now)
        allowed = max(BURST[self.mode], count)  # an album is one call and must pass at some time
        return arrival + count - allowed - now

    def _record(self, token: str, chat_id: int, now: float, count: int) -> None:
        self._tokens[token].extend([now] * count)
        if chat_id < 0:
            self._groups[chat_id].extend([now] * count)
            return
        self._paid_until[chat_id] = max(self._paid_until.get(chat_id, now), now) + count
        if len(self._paid_until) > _PRUNE_ABOVE:
            self._paid_until = {chat: t for chat, t in self._paid_until.items() if t > now}


def _window_wait(sent: deque[float], now: float, span: float, limit: int, count: int) -> float:
    """Return the seconds until *count* more fit into a window of *span* seconds for *limit*."""
    while sent and sent[0] <= now - span:
        sent.popleft()
    over = len(sent) + count - limit
    return sent[min(over, len(sent)) - 1] + span - now if over > 0 and sent else 0.0
