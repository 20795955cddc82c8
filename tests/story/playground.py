"""A playground in a process of its own, and its control API."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.story.processes import PATIENCE, forked

TOKEN = "1:playground"


@dataclass(frozen=True)
class RemotePlayground:
    base_url: str
    session: aiohttp.ClientSession

    async def post(self, path: str, **facts: Any) -> Any:
        return await self._call(self.session.post(f"/control/{path}", json=facts))

    async def get(self, path: str, **query: Any) -> Any:
        return await self._call(self.session.get(f"/control/{path}", params=query))

    async def _call(self, request: Any) -> Any:
        async with request as response:
            body = await response.json()
        assert response.status == 200, body
        return body

    def settings(self, **others: object) -> dict[str, object]:
        """Return the settings of a bot for everybody that may read feeds on this machine."""
        return {
            "bot_token": TOKEN,
            "bot_api_url": self.base_url,
            "allowed_networks": "127.0.0.0/8",
            "access": "open",
            **others,
        }

    async def messages_sent(self) -> list[dict[str, Any]]:
        """Return the calls that sent a message, with or without a response."""
        return await self.calls("sendMessage")

    async def calls(self, method: str) -> list[dict[str, Any]]:
        journal = await self.get("journal")
        return [call for call in journal if call["method"] == method and call["applied"]]

    async def until_called(self, method: str, times: int = 1) -> None:
        async def is_called() -> bool:
            return len(await self.calls(method)) >= times

        await self.until(is_called)

    async def until(self, check: Callable[[], Awaitable[bool]]) -> None:
        """Wait until *check* holds; it runs after each event of the playground."""
        async with asyncio.timeout(PATIENCE):
            last = (await self.get("events"))["last"]
            while not await check():
                # The bot stores a response only after it was sent, so a check may be a bit early.
                last = (await self.get("events", after=last, timeout=1))["last"]


@asynccontextmanager
async def remote_playground(
    folder: Path, *, latency: float = 0, longest_pause: float = 60
) -> AsyncIterator[RemotePlayground]:
    """Each call takes *latency* seconds; a webhook is retried within *longest_pause* seconds."""
    options = ("--latency", str(latency), "--longest-pause", str(longest_pause))
    arguments = ("bot", "playground", "--port", "0", "--every", "0", *options)
    async with forked(*arguments, folder=folder) as process:
        base = (await process.wait_for("The chat page:")).split()[-1]
        async with aiohttp.ClientSession(base) as session:
            yield RemotePlayground(base, session)
