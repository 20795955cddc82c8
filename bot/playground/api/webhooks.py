"""Delivers updates to the bot's webhook, as a Bot API server does.

1. Each update is one POST, JSON, with the secret in `X-Telegram-Bot-Api-Secret-Token`.
2. Updates are queued: messages by chat, other updates by kind and by chat or user. A queue has one
   request in flight. Queues run concurrently, at most `max_connections` requests at a time.
3. A response other than 2xx, or none in time, is retried at once, then after 2, 4 … seconds, or
   after `Retry-After`. The queue waits meanwhile.
4. A method in the response is applied; its result is discarded.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, web

from bot.playground.state.updates import PendingUpdates, Update, WebhookInfo

LONGEST_WEBHOOK_PAUSE = 60.0  # seconds between two attempts
TIME_OUT = 60.0  # seconds for a response
_LONGEST_RETRY_AFTER = 3600
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
_MESSAGES = {"message", "edited_message", "channel_post", "edited_channel_post"}

QueueKey = tuple[str, int]  # kind of update, id of the chat or user


class WebhookDelivery:
    """*reply* applies a method that a response holds; times are in seconds."""

    def __init__(
        self,
        updates: PendingUpdates,
        clock: Callable[[], float],
        reply: Callable[[str, str, dict[str, Any]], Awaitable[None]],
    ) -> None:
        self.updates = updates
        self.clock = clock
        self.reply = reply
        self.longest_pause = LONGEST_WEBHOOK_PAUSE
        self.time_out = TIME_OUT
        self._session: ClientSession | None = None
        self._slots = asyncio.Semaphore()
        self._queues: dict[QueueKey, deque[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def lifetime(self, _app: web.Application) -> AsyncIterator[None]:
        async with ClientSession() as self._session:
            self.updates.on_update, self.updates.on_webhook_change = self._enqueue, self._restart
            self._restart()
            yield
            tasks = self._cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _restart(self) -> None:
        """Deliver all pending updates to the current webhook, if there is one."""
        self._cancel()
        if self.updates.webhook is None:
            return
        self._slots = asyncio.Semaphore(self.updates.webhook.most)
        for update in self.updates:
            self._enqueue(update)

    def _cancel(self) -> set[asyncio.Task[None]]:
        """Stop delivering; undelivered updates stay pending for another webhook or a poller."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        self._queues = {}
        return tasks

    def _enqueue(self, update: Update) -> None:
        webhook = self.updates.webhook
        if webhook is None:
            return
        key = _queue_key(update)
        queue = self._queues.setdefault(key, deque())
        queue.append(update["update_id"])
        if len(queue) == 1:
            task = asyncio.get_running_loop().create_task(self._drain(webhook, key, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drain(self, webhook: WebhookInfo, key: QueueKey, queue: deque[int]) -> None:
        while queue:
            await self._deliver(webhook, queue[0])
            queue.popleft()
        del self._queues[key]

    async def _deliver(self, webhook: WebhookInfo, update_id: int) -> None:
        """Post the update until the webhook accepts it or it is dropped."""
        failures = 0
        while update := self.updates.find(update_id):
            async with self._slots:
                retry_after = await self._post(webhook, update)
            if retry_after is None:
                self.updates.forget(update_id)
                return
            await asyncio.sleep(retry_after or self._pause(failures))
            failures += 1

    def _pause(self, failures: int) -> float:
        return min(2.0**failures, self.longest_pause) if failures else 0.0

    async def _post(self, webhook: WebhookInfo, update: Update) -> int | None:
        """Post the update once; return None if accepted, else the `Retry-After` seconds or 0."""
        if self._session is None:
            raise RuntimeError("the playground is not open")
        headers = {_SECRET_HEADER: webhook.secret} if webhook.secret else {}
        request = self._session.post(
            webhook.url,
            json=update,
            headers=headers,
            timeout=ClientTimeout(total=self.time_out),
            allow_redirects=False,
        )
        try:
            async with request as response:
                return await self._read(webhook, response)
        except TimeoutError:
            return self._failed(webhook, "Read timeout expired")
        except (ClientError, OSError) as error:
            return self._failed(webhook, f"Connection failed: {error}")

    async def _read(self, webhook: WebhookInfo, response: ClientResponse) -> int | None:
        if response.ok and response.status < 300:  # noqa: PLR2004 - 3xx is a failure
            await self._apply_reply(webhook, response)
            return None
        reason = f"Wrong response from the webhook: {response.status} {response.reason}"
        self._failed(webhook, reason)
        retry_after = response.headers.get("Retry-After", "")
        return min(int(retry_after), _LONGEST_RETRY_AFTER) if retry_after.isdigit() else 0

    async def _apply_reply(self, webhook: WebhookInfo, response: ClientResponse) -> None:
        if response.content_type != "application/json":
            return
        try:
            params = await response.json()
        except ValueError:
            return
        if isinstance(params, dict) and isinstance(params.get("method"), str):
            await self.reply(webhook.token, params.pop("method"), params)

    def _failed(self, webhook: WebhookInfo, reason: str) -> int:
        webhook.failed_at, webhook.failure = int(self.clock()), reason
        return 0


def _queue_key(update: Update) -> QueueKey:
    """Return the queue of an update; unreadable updates have one for each kind."""
    kind = next((key for key in update if key != "update_id"), "")
    event = update.get(kind)
    if kind in _MESSAGES:
        return "message", _id_in(event, "chat")
    return kind, _id_in(event, "chat" if kind == "my_chat_member" else "from")


def _id_in(event: Any, name: str) -> int:
    owner = event.get(name) if isinstance(event, dict) else None
    return int(owner["id"]) if isinstance(owner, dict) and isinstance(owner.get("id"), int) else 0
