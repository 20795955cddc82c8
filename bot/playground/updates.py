"""The updates that wait for the bot, and the one poller that may take them."""

import asyncio
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import Any

from bot.playground.answers import Refusal, conflict

Update = dict[str, Any]

ONLY_WHEN_ASKED = {"chat_member", "message_reaction", "message_reaction_count"}
LONGEST_WAIT = 50  # seconds, whatever the poller asks


class UpdateQueue:
    """An update goes when a poller confirms it with a higher offset; the oldest go above *size*."""

    def __init__(self, size: int) -> None:
        self._waiting: deque[Update] = deque(maxlen=size)
        self._poller: asyncio.Future[None] | None = None
        self._last_id = 100_000
        self.allowed: list[str] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, kind: str, payload: dict[str, Any]) -> int | None:
        """Queue an update; None if the bot did not allow its kind when it came up."""
        if not (kind in self.allowed if self.allowed else kind not in ONLY_WHEN_ASKED):
            return None
        self._last_id += 1
        self._waiting.append({"update_id": self._last_id, kind: payload})
        self._wake()
        return self._last_id

    def drop_all(self) -> None:
        self._waiting.clear()

    async def poll(self, offset: int, limit: int, seconds: int) -> list[Update]:
        """The next updates from *offset* on, after the first came; an older poller gets the 409."""
        self._wake(conflict())
        self._confirm(offset)
        if not self._waiting and seconds > 0:
            self._poller = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._poller, min(seconds, LONGEST_WAIT))
        return list(islice(self._waiting, limit))

    def _wake(self, refusal: Refusal | None = None) -> None:
        """End the wait of the poller, if there is one: with what has come, or refused."""
        poller, self._poller = self._poller, None
        if poller is None or poller.done():
            return
        if refusal is None:
            poller.set_result(None)
        else:
            poller.set_exception(refusal)

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            kept = list(self._waiting)[offset:]
            self._waiting.clear()
            self._waiting.extend(kept)
        while self._waiting and self._waiting[0]["update_id"] < offset:
            self._waiting.popleft()
