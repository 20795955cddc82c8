"""A site with invented news, for tests in browsers and for a look by eye.

`python -m tests.web.showing DIR` writes pictures of its pages there.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from unittest.mock import patch

from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.mail.codes import hash_secret
from bot.ops.health import make_web
from bot.publishing.pages import EditionPage
from bot.publishing.samples import NOW, sample_edition
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderers
from bot.web import publications
from bot.web.routes import make_routes
from bot.web.samples import sample_managed
from bot.web.site import Site
from storage.db.engine import Storage
from storage.enums import Mode
from storage.schema import migrate
from storage.suspension import open_mailbox
from tests.browsing import launched
from tests.publishing.newsroom import Newsroom
from tests.resources import make_resources

SIGNER = Signer(bytes(32))
CHAT = 7
DAY = date(2026, 11, 18)
PHONE = {"width": 390, "height": 800}
DESK = {"width": 1280, "height": 900}


@asynccontextmanager
async def showing(language: str = "") -> AsyncIterator[Links]:
    """Serve the site during the block; yield links to its pages in this *language*."""

    async def load_sample(
        _storage: Storage, _chat: int, day: date, schedule_number: int
    ) -> EditionPage:
        return replace(
            sample_edition(), day=day, schedule_number=schedule_number, language=language
        )

    with (
        TemporaryDirectory() as folder,
        patch.object(publications, "load_made_digest", load_sample),
    ):
        url = f"sqlite+aiosqlite:///{folder}/site.db"
        await migrate(url)
        storage = Storage.open(url, clock=_now)
        await _fill(storage)
        renderer = Renderers().of(language)
        links = Links("http://127.0.0.1", SIGNER)
        resources = make_resources(storage, renderer=renderer, links=links)
        site = Site(resources, clock=lambda: NOW)
        async with TestServer(make_web(*make_routes(site)), host="127.0.0.1") as server:
            yield Links(str(server.make_url("")).rstrip("/"), SIGNER)
        await storage.close()


async def _now(_connection: AsyncConnection) -> datetime:
    return NOW


async def _fill(storage: Storage) -> None:
    """Make a chat with topics, and a mailbox that waits for its confirmation."""
    newsroom = Newsroom(storage)
    await newsroom.chat(id=CHAT)
    for topic in next(sample_managed()).topics:
        query = await newsroom.query(topic.typed)
        await newsroom.subscribe(CHAT, query, topic.name, topic.mode or Mode.BOTH)
    async with storage.writing() as tx:
        mailbox = await open_mailbox(tx, CHAT, "ann@example.org")
        mailbox.token_hash = hash_secret("word", CHAT)


@asynccontextmanager
async def opened(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    """Yield the browser of one user; errors and policy breaches fail the test."""
    context = await browser.new_context(locale="en-GB", **options)
    complaints: list[str] = []
    context.on("console", lambda line: complaints.append(line.text))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    await context.close()
    assert complaints == []


def pages(links: Links) -> dict[str, str]:
    """Return the addresses of the pages by the names of their pictures."""
    found = {
        "edition": links.edition(CHAT, DAY, 0, NOW),
        "manage": f"{links.manage(CHAT, NOW)}?done=saved",
        "unsubscribe": links.unsubscribe(1),
        "confirm": links.confirm(1, "word"),
        "unsubscribed": f"{links.manage(CHAT, NOW)}?done=unsubscribed&topic=1&mode=both",
        "not-found": f"{links.base}/nothing",
    }
    return {name: str(link) for name, link in found.items()}


async def take(folder: Path) -> None:
    async with showing() as links, launched() as browser:
        for scheme in ("light", "dark"):
            for place, size in (("phone", PHONE), ("desk", DESK)):
                page = await browser.new_page(
                    viewport=cast("Any", size), color_scheme=cast("Any", scheme), locale="en-GB"
                )
                for name, address in pages(links).items():
                    await page.goto(address)
                    picture = folder / f"{name}-{place}-{scheme}.png"
                    await page.screenshot(path=picture, full_page=True)
                await page.close()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
