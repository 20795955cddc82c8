"""A newspaper on this machine: a feed with everything printed so far."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from aiohttp import web

from tests.fake_web import FakeWeb


@dataclass(eq=False)
class Newspaper:
    name: str = "Town Paper"
    url: str = ""
    titles: list[str] = field(default_factory=lambda: ["Yesterday's weather"])

    def print(self, *titles: str) -> None:
        self.titles += titles

    async def serve(self, _request: web.Request) -> web.Response:
        printed = format_datetime(datetime.now(UTC))
        items = "".join(
            f"<item><title>{escape(title)}</title><link>{self.url}/{n}</link>"
            f"<guid>{n}</guid><pubDate>{printed}</pubDate>"
            f"<description>{escape(title)}, the town hall said.</description></item>"
            for n, title in enumerate(self.titles)
        )
        body = f'<rss version="2.0"><channel><title>{self.name}</title>{items}</channel></rss>'
        return web.Response(text=body, content_type="application/rss+xml")


@asynccontextmanager
async def newspaper(name: str = "Town Paper") -> AsyncIterator[Newspaper]:
    paper = Newspaper(name)
    async with FakeWeb({"/feed": paper.serve}) as served:
        paper.url = served.url("/feed")
        yield paper
