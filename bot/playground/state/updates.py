"""The updates queued for the bot, and the one poller or webhook that may take them."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bot.playground.errors import ApiError, conflict, webhook_is_active, webhook_was_set

MOST_CONNECTIONS = 40  # concurrent webhook requests, unless the bot sets another limit
ONLY_ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}
LONGEST_POLL = 50  # seconds, even if the poller asks for more

Update = dict[str, Any]


@dataclass(slots=True)
class WebhookInfo:
    """*most*: concurrent requests; *failed_at*: Unix seconds, 0 if no request has failed."""

    url: str
    token: str
    secret: str = ""
    most: int = MOST_CONNECTIONS
    failed_at: int = 0
    failure: str = ""

    def to_api(self) -> dict[str, Any]:
        info: dict[str, Any] = {"max_connections": self.most, "ip_address": "127.0.0.1"}
        if self.failed_at:
            info |= {"last_error_date": self.failed_at, "last_error_message": self.failure}
        return info


class PendingUpdates:
    """A queue of at most *size* updates; the oldest go first.

    An update leaves the queue when a poller confirms a higher offset, or the webhook accepts it.
    Polling fails while a webhook is set. `on_update` is called for each new update, and
    `on_webhook_change` when the webhook is set or deleted.
    """

    def __init__(self, size: int) -> None:
        self._waiting: dict[int, Update] = {}
        self._size = size
        self._poller: asyncio.Future[None] | None = None
        self._last_id = 100_000
        self.allowed: list[str] = []
        self.webhook: WebhookInfo | None = None
        self.on_update: Callable[[Update], None] = lambda _update: None
        self.on_webhook_change: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Update]:
        return iter(tuple(self._waiting.values()))

    def add(self, kind: str, payload: dict[str, Any]) -> int | None:
        """Queue an update and return its id, or None if `allowed_updates` leaves out its kind."""
        if not (kind in self.allowed if self.allowed else kind not in ONLY_ON_REQUEST):
            return None
        return self.queue({kind: payload})

    def queue(self, event: dict[str, Any]) -> int:
        """Queue *event* unchecked, so that a test can send an update that Telegram never would."""
        self._last_id += 1
        update = self._waiting[self._last_id] = event | {"update_id": self._last_id}
        if len(self._waiting) > self._size:
            del self._waiting[next(iter(self._waiting))]
        self._wake()
        self.on_update(update)
        return self._last_id

    def find(self, update_id: int) -> Update | None:
        return self._waiting.get(update_id)

    def forget(self, update_id: int) -> None:
        self._waiting.pop(update_id, None)

    def drop_all(self) -> None:
        self._waiting.clear()

    def use_webhook(self, webhook: WebhookInfo | None) -> None:
        """Send updates to *webhook* from now on and end the current poll; None allows polling."""
        self.webhook = webhook
        if webhook is not None:
            self._wake(webhook_was_set())
        self.on_webhook_change()

    async def poll(self, offset: int, limit: int, seconds: int) -> list[Update]:
        """Return updates from *offset* on, waiting for the first; an older poll fails with 409."""
        if self.webhook is not None:
            raise webhook_is_active()
        self._wake(conflict())
        self._confirm(offset)
        if not self._waiting and seconds > 0:
            self._poller = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._poller, min(seconds, LONGEST_POLL))
        return list(islice(self._waiting.values(), limit))

    def _wake(self, error: ApiError | None = None) -> None:
        """End the current poll, if any, normally or with *error*."""
        poller, self._poller = self._poller, None
        if poller is None or poller.done():
            return
        if error is None:
            poller.set_result(None)
        else:
            poller.set_exception(error)

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            confirmed = list(self._waiting)[:offset]
        else:
            confirmed = [update_id for update_id in self._waiting if update_id < offset]
        for update_id in confirmed:
            del self._waiting[update_id]
