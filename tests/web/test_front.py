"""The front page, and the Mini App in a browser: what this is, and where the bot is."""

from dataclasses import replace
from unittest.mock import AsyncMock

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.ops.health import make_web
from bot.web.routes import make_routes
from bot.web.site import MiniApp

BOT = "https://t.me/dateline_bot"
APP = MiniApp("42:secret", renew_menus=AsyncMock())
PATHS = ("/", "/app")


async def page(site, path: str) -> str:
    async with TestClient(TestServer(make_web(*make_routes(site)))) as client:
        answer = await client.get(path)
        assert answer.status == 200
        return await answer.text()


@pytest.mark.parametrize("path", PATHS)
async def test_the_page_describes_and_links_the_bot(site, path):
    async def bot_link() -> str:
        return BOT

    shown = await page(replace(site, app=APP, bot_link=bot_link), path)

    assert "Telegram bot" in shown
    assert f'<a href="{BOT}">Open the bot</a>' in shown


@pytest.mark.parametrize("path", PATHS)
async def test_the_page_has_no_link_while_the_name_of_the_bot_is_unknown(site, path):
    assert "t.me" not in await page(replace(site, app=APP), path)
