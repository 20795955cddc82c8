"""A playground in the test's own process, with each verb of its control API as a method."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from inspect import signature
from typing import Any, TypeVar

from bot.playground.control import VERBS
from bot.playground.mailroom.letters import Letter
from bot.playground.server import Playground
from bot.playground.state.chats import PlaygroundChat, User
from bot.playground.state.world import Queries
from bot.playground.users import views

PATIENCE = 240.0  # seconds; long enough that only a hang exceeds it on a busy machine

Facts = dict[str, Any]
Value = TypeVar("Value")


class LocalPlayground(Playground):
    """Every verb is a method: `playground.send(ann, "/start")`; see `VERBS` for the facts.

    A chat or user may be given as a number, User or PlaygroundChat. A result with a single field is
    that field, so `press` returns the id of the callback query.
    """

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        if verb not in VERBS:
            raise AttributeError(verb)

        def act(*values: Any, **facts: Any) -> Any:
            names = list(signature(VERBS[verb]).parameters)[1:]
            facts |= dict(zip(names, values, strict=False))
            numbers = {name: getattr(value, "id", value) for name, value in facts.items()}
            result = VERBS[verb](self.world, **numbers)
            return next(iter(result.values())) if len(result) == 1 else result

        return act

    def user(self, first_name: str, **facts: Any) -> User:
        """Add a user; their chat has the same number."""
        return self.world.users[self.add_user(first_name, **facts)["id"]]

    def chat(
        self,
        kind: str,
        title: str,
        members: list[User] | None = None,
        bot: str | None = None,
    ) -> PlaygroundChat:
        """Add a group or channel; its first member is its creator, and *bot* the bot's status."""
        numbers = [user.id for user in members or []]
        return self.world.chats[self.add_chat(kind, title, members=numbers, bot=bot)]

    def upload(self, chat: User | PlaygroundChat, name: str, data: bytes, **facts: Any) -> Facts:
        content = b64encode(data).decode()
        return VERBS["upload"](self.world, chat.id, name, content, **facts)

    def chats(self) -> list[Facts]:
        return views.chats(self.world)

    def messages(self, chat: int | User | PlaygroundChat, after: int = 0) -> list[Facts]:
        """Return the messages that changed after version *after*, except deleted ones."""
        changed = views.messages(self.world, chat if isinstance(chat, int) else chat.id, after)
        return [message for message in changed if not message["deleted"]]

    def bot_profile(self, language: str = "", chat_id: int = 0) -> Facts:
        return views.bot_profile(self.world, language, chat_id)

    def journal(self, method: str | None = None, after: int = 0) -> list[Facts]:
        entries = (entry.to_json() for entry in self.world.journal.after(after))
        return [entry for entry in entries if method in {None, entry["method"]}]

    async def wait_for_letter(self, after: int = 0) -> Letter:
        """Return the first letter with a number above *after*."""
        return await self._wait_for(
            lambda: next((letter for letter in self.mailroom.letters if letter.n > after), None)
        )

    async def wait_for_message(
        self,
        chat: int | User | PlaygroundChat,
        predicate: Callable[[Facts], bool] = lambda _message: True,
        after: int = 0,
    ) -> Facts:
        """Return the bot's first message with a version above *after* that fits *predicate*."""

        def fitting() -> Facts | None:
            sent = (message for message in self.messages(chat, after) if message["from"]["is_bot"])
            return next(filter(predicate, sent), None)

        return await self._wait_for(fitting)

    async def wait_for_answer(self, query_id: str) -> Facts:
        """Return the bot's answer to a pressed button: text, show_alert, url."""
        return await self._wait_for_answer(self.world.callbacks, query_id)

    async def wait_for_inline_answer(self, query_id: str) -> Facts:
        """Return the bot's answer to an inline query: results, button, next_offset, cache_time."""
        return await self._wait_for_answer(self.world.inline, query_id)

    async def _wait_for_answer(self, queries: Queries, query_id: str) -> Facts:
        query = queries.find(query_id)
        assert query is not None
        return await self._wait_for(lambda: query.answer)

    async def _wait_for(self, find: Callable[[], Value | None]) -> Value:
        while (value := find()) is None:
            await self.wait_for_event(self.world.events.last)
        return value

    async def wait_for_event(self, after: int) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.world.events.wait(after)
