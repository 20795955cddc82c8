"""Brings updates to the bot's webhook, as a Bot API server does.

1. One POST an update, JSON, with the secret in `X-Telegram-Bot-Api-Secret-Token`.
2. Updates wait in lines: messages in one for each chat, what else a chat or a user does in one
   for each kind of it. Of a line one update is on its way; lines go side by side, at most
   `max_connections` at a time.
3. Anything but 2xx, and no answer in time, is tried again: at once, then after 2, 4 … seconds, or
   after what `Retry-After` says. The line waits meanwhile.
4. A method in the answer is called; its result goes nowhere.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, web

from bot.playground.api.updates import PendingUpdates, Update, WebhookInfo

LONGEST_PAUSE = 60.0  # seconds between two tries
PATIENCE = 60.0  # seconds for an answer
_LONGEST_RETRY_AFTER = 3600
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
_MESSAGES = {"message", "edited_message", "channel_post", "edited_channel_post"}

Line = tuple[str, int]


class WebhookDelivery:
    """*reply* does a method that an answer holds; *longest_pause* and *patience* in seconds."""

    def __init__(
        self,
        updates: PendingUpdates,
        clock: Callable[[], float],
        reply: Callable[[str, str, dict[str, Any]], Awaitable[None]],
    ) -> None:
        self.updates = updates
        self.clock = clock
        self.reply = reply
        self.longest_pause = LONGEST_PAUSE
        self.patience = PATIENCE
        self._session: ClientSession | None = None
        self._slots = asyncio.Semaphore()
        self._lines: dict[Line, deque[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def lifetime(self, _app: web.Application) -> AsyncIterator[None]:
        async with ClientSession() as self._session:
            self.updates.changed, self.updates.webhook_changed = self._take, self._begin
            self._begin()
            yield
            tasks = self._end()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self) -> None:
        """Serve the webhook that is there now, if there is one, with all that waits."""
        self._end()
        if self.updates.webhook is None:
            return
        self._slots = asyncio.Semaphore(self.updates.webhook.most)
        for update in self.updates:
            self._take(update)

    def _end(self) -> set[asyncio.Task[None]]:
        """Leave what has not been taken where it is, for another webhook or a poller."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        self._lines = {}
        return tasks

    def _take(self, update: Update) -> None:
        webhook = self.updates.webhook
        if webhook is None:
            return
        line = line_of(update)
        waiting = self._lines.setdefault(line, deque())
        waiting.append(update["update_id"])
        if len(waiting) == 1:
            task = asyncio.get_running_loop().create_task(self._serve(webhook, line, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, webhook: WebhookInfo, line: Line, waiting: deque[int]) -> None:
        while waiting:
            await self._bring(webhook, waiting[0])
            waiting.popleft()
        del self._lines[line]

    async def _bring(self, webhook: WebhookInfo, update_id: int) -> None:
        """Try until it has been taken, or dropped."""
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
        """Post it once; return None if it was taken, else the `Retry-After` seconds or 0."""
        if self._session is None:
            raise RuntimeError("the playground is not open")
        headers = {_SECRET_HEADER: webhook.secret} if webhook.secret else {}
        asked = self._session.post(
            webhook.url,
            json=update,
            headers=headers,
            timeout=ClientTimeout(total=self.patience),
            allow_redirects=False,
        )
        try:
            async with asked as answer:
                return await self._taken(webhook, answer)
        except TimeoutError:
            return self._failed(webhook, "Read timeout expired")
        except (ClientError, OSError) as error:
            return self._failed(webhook, f"Connection failed: {error}")

    async def _taken(self, webhook: WebhookInfo, answer: ClientResponse) -> int | None:
        if answer.ok and answer.status < 300:  # noqa: PLR2004 - what is no 2xx
            await self._do(webhook, answer)
            return None
        self._failed(webhook, f"Wrong response from the webhook: {answer.status} {answer.reason}")
        said = answer.headers.get("Retry-After", "")
        return min(int(said), _LONGEST_RETRY_AFTER) if said.isdigit() else 0

    async def _do(self, webhook: WebhookInfo, answer: ClientResponse) -> None:
        if answer.content_type != "application/json":
            return
        try:
            params = await answer.json()
        except ValueError:
            return
        if isinstance(params, dict) and isinstance(params.get("method"), str):
            await self.reply(webhook.token, params.pop("method"), params)

    def _failed(self, webhook: WebhookInfo, reason: str) -> int:
        webhook.failed_at, webhook.failure = int(self.clock()), reason
        return 0


def line_of(update: Update) -> Line:
    """The line in which an update waits; what nobody can read has one for each kind."""
    kind = next((key for key in update if key != "update_id"), "")
    event = update.get(kind)
    if kind in _MESSAGES:
        return "message", _id_in(event, "chat")
    return kind, _id_in(event, "chat" if kind == "my_chat_member" else "from")


def _id_in(event: Any, name: str) -> int:
    named = event.get(name) if isinstance(event, dict) else None
    return int(named["id"]) if isinstance(named, dict) and isinstance(named.get("id"), int) else 0
