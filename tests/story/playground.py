"""A playground in a process of its own, and who talks to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.story.processes import PATIENCE, running

TOKEN = "1:playground"


@dataclass(frozen=True)
class FarPlayground:
    base_url: str
    session: aiohttp.ClientSession

    async def post(self, path: str, **facts: Any) -> Any:
        return await self._answer(self.session.post(f"/control/{path}", json=facts))

    async def get(self, path: str, **query: Any) -> Any:
        return await self._answer(self.session.get(f"/control/{path}", params=query))

    async def _answer(self, asked: Any) -> Any:
        async with asked as response:
            answer = await response.json()
        assert response.status == 200, answer
        return answer

    async def messages_sent(self) -> list[dict[str, Any]]:
        """Return the calls that put a message into a chat, whether or not they were answered."""
        return await self.calls("sendMessage")

    async def calls(self, method: str) -> list[dict[str, Any]]:
        journal = await self.get("journal")
        return [each for each in journal if each["method"] == method and each["applied"]]

    async def until_called(self, method: str, times: int = 1) -> None:
        async def is_called() -> bool:
            return len(await self.calls(method)) >= times

        await self.until(is_called)

    async def until(self, check: Callable[[], Awaitable[bool]]) -> None:
        """Wait until *check* says yes; it is asked after each thing that happens here."""
        async with asyncio.timeout(PATIENCE):
            last = (await self.get("events"))["last"]
            while not await check():
                # The bot writes an answer down after it got it, so some checks come a bit early.
                last = (await self.get("events", after=last, timeout=1))["last"]


@asynccontextmanager
async def far_playground(
    folder: Path, *, latency: float = 0, longest_pause: float = 60
) -> AsyncIterator[FarPlayground]:
    """*latency*: seconds that each call takes; *longest_pause*: until a webhook is tried again."""
    knobs = ("--latency", str(latency), "--longest-pause", str(longest_pause))
    arguments = ("bot", "playground", "--port", "0", "--every", "0", *knobs)
    async with running(*arguments, folder=folder) as process:
        base = (await process.said("The chat page:")).split()[-1]
        async with aiohttp.ClientSession(base) as session:
            yield FarPlayground(base, session)
