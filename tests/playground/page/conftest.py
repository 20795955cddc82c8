"""The chat page in a real browser, on a real playground; the test plays the bot."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browsing import strict_page
from tests.local_playground import LocalPlayground


@dataclass
class Bot:
    """Calls the Bot API for the one chat that the page shows."""

    playground: LocalPlayground
    session: aiohttp.ClientSession
    chat_id: int = 0

    async def call(self, method: str, **params: Any) -> Any:
        url = f"{self.playground.base_url}/bot1:playground/{method}"
        async with self.session.post(url, json=params) as response:
            answer = await response.json()
        assert answer["ok"], answer
        return answer["result"]

    async def send(self, text: str, **params: Any) -> int:
        sent = await self.call("sendMessage", chat_id=self.chat_id, text=text, **params)
        return int(sent["message_id"])

    async def callback(self) -> Any:
        """Wait for a callback query and return it."""
        params: dict[str, Any] = {"timeout": 10, "allowed_updates": ["callback_query"]}
        updates = await self.call("getUpdates", **params)
        while not any("callback_query" in update for update in updates):
            params["offset"] = updates[-1]["update_id"] + 1 if updates else 0
            updates = await self.call("getUpdates", **params)
        return next(u["callback_query"] for u in updates if "callback_query" in u)


def keyboard(*buttons: dict[str, str]) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


@pytest_asyncio.fixture(loop_scope="session")
async def playground() -> AsyncIterator[LocalPlayground]:
    async with LocalPlayground(flood="off") as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, playground: LocalPlayground) -> AsyncIterator[Page]:
    """Yield the page with Ann's chat open."""
    async with strict_page(browser, timezone_id="Asia/Tokyo") as page:
        await page.goto(playground.base_url)
        await page.wait_for_selector("body[data-ready]")
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def bot(page: Page, playground: LocalPlayground) -> AsyncIterator[Bot]:
    async with aiohttp.ClientSession() as session:
        await page.click("#start")
        await expect(page.locator(".mine")).to_have_count(1)
        yield Bot(playground, session, playground.chats()[0]["id"])
