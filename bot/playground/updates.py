"""The updates that wait for the bot, and the one poller or webhook that may take them."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from bot.playground.answers import Refusal, conflict, webhook_is_active, webhook_was_set
from bot.playground.hooks import Hook

Update = dict[str, Any]

ONLY_WHEN_ASKED = {"chat_member", "message_reaction", "message_reaction_count"}
LONGEST_WAIT = 50  # seconds, whatever the poller asks


class UpdateQueue:
    """An update goes when a poller confirms it with a higher offset, or the webhook took it.

    The oldest go above *size*. With a *hook* set nobody polls; `changed` is called when an update
    came, and `hooked` when the hook was set or taken away.
    """

    def __init__(self, size: int) -> None:
        self._waiting: dict[int, Update] = {}
        self._size = size
        self._poller: asyncio.Future[None] | None = None
        self._last_id = 100_000
        self.allowed: list[str] = []
        self.hook: Hook | None = None
        self.changed: Callable[[Update], None] = lambda _update: None
        self.hooked: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Update]:
        return iter(tuple(self._waiting.values()))

    def add(self, kind: str, payload: dict[str, Any]) -> int | None:
        """Queue an update; None if the bot did not allow its kind when it came up."""
        if not (kind in self.allowed if self.allowed else kind not in ONLY_WHEN_ASKED):
            return None
        return self.bring({kind: payload})

    def bring(self, told: dict[str, Any]) -> int:
        """Queue an update as it is told: another server may send what this one would not."""
        self._last_id += 1
        update = self._waiting[self._last_id] = {"update_id": self._last_id, **told}
        if len(self._waiting) > self._size:
            del self._waiting[next(iter(self._waiting))]
        self._wake()
        self.changed(update)
        return self._last_id

    def find(self, update_id: int) -> Update | None:
        return self._waiting.get(update_id)

    def forget(self, update_id: int) -> None:
        self._waiting.pop(update_id, None)

    def drop_all(self) -> None:
        self._waiting.clear()

    def set_hook(self, hook: Hook | None) -> None:
        """Let the *hook* take what waits and comes; a poller is sent away. None: polling again."""
        self.hook = hook
        if hook is not None:
            self._wake(webhook_was_set())
        self.hooked()

    async def poll(self, offset: int, limit: int, seconds: int) -> list[Update]:
        """The next updates from *offset* on, after the first came; an older poller gets the 409."""
        if self.hook is not None:
            raise webhook_is_active()
        self._wake(conflict())
        self._confirm(offset)
        if not self._waiting and seconds > 0:
            self._poller = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._poller, min(seconds, LONGEST_WAIT))
        return list(islice(self._waiting.values(), limit))

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
            confirmed = list(self._waiting)[:offset]
        else:
            confirmed = [each for each in self._waiting if each < offset]
        for each in confirmed:
            del self._waiting[each]
