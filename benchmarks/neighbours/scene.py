"""The scene of an attack: a bot process, a playground, a web server, a publisher, two users."""

import asyncio
import gzip
import itertools
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from sqlmodel import col, select, update

from benchmarks import rows
from benchmarks.databases import database
from bot.playground.state.chats import User
from bot.sources.urls import host_of
from storage.chats import Chat
from storage.db.engine import Storage
from storage.feeds_followed import follow
from storage.schedules import MOST_ALERTS_PER_HOUR
from storage.schema import database_file
from storage.sources import Source, add_source
from tests.fake_web import serving
from tests.local_playground import LocalPlayground
from tests.sources.feeds_made import item, rss
from tests.story.processes import free_port

TOKEN = "1:playground"
PUBLISHER = "http://times.example/feed.xml"
PATIENCE = 60.0  # seconds to wait for an alert
STALL = 60.0  # seconds until a slow host responds


class Web:
    """Responds by host and path; a slow host takes a minute."""

    def __init__(self) -> None:
        self.pages: dict[tuple[str, str], Callable[[], web.Response]] = {}
        self.slow: set[str] = set()

    def serve(self, url: str, body: str | bytes = b"", status: int = 200, **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        host, path = host_of(url), "/" + url.split("/", 3)[3]
        self.pages[host, path] = lambda: web.Response(status=status, body=data, headers=named)

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        host = request.host.partition(":")[0]
        if host in self.slow:
            await asyncio.sleep(STALL)
        page = self.pages.get((host, request.path_qs))
        return page() if page else web.Response(status=404)


@dataclass(eq=False)
class Scene:
    """*victim* subscribes to Taiwan and follows no feed; *mallory* attacks with a user's means."""

    storage: Storage
    playground: LocalPlayground
    web: Web
    process: asyncio.subprocess.Process
    file: Path | None
    web_port: int
    victim: User
    mallory: User
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    async def alert(self) -> float:
        """Publish an article, make its source due, and return the seconds until the alert."""
        number = next(self._numbers)
        title = f"Taiwan {_words(number, 6)}"
        self.web.serve(PUBLISHER, rss([_news(number, title)]), content_type="text/xml")
        before = max((m["version"] for m in self.playground.messages(self.victim)), default=0)
        async with self.storage.writing() as tx:
            due = update(Source).where(col(Source.url) == PUBLISHER)
            await tx.change(due.values(next_fetch_at=tx.now))
        started = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                while not self._has(title, before):
                    await self.playground.world.events.wait(self.playground.world.events.last)
        except TimeoutError:
            return PATIENCE
        return time.perf_counter() - started

    def _has(self, title: str, after: int) -> bool:
        return any(title in str(m) for m in self.playground.messages(self.victim, after))

    async def chat_of(self, user: User) -> int:
        async with self.storage.reading() as tx:
            return await tx.one(select(Chat.id).where(Chat.telegram_id == user.id))

    async def follow_feeds(self, user: User, urls: Iterable[str]) -> list[int]:
        """Let *user* follow the feeds at *urls*, which have been read before and are due."""
        chat_id = await self.chat_of(user)
        ids = []
        async with self.storage.writing() as tx:
            for url in urls:
                values = source_row(url, tx.now)
                source_id = await add_source(tx, values)
                assert source_id is not None
                await follow(tx, chat_id, source_id)
                ids.append(source_id)
        return ids

    def database_mb(self) -> float:
        if self.file is None:
            return 0.0
        files = self.file.parent.glob(f"{self.file.name}*")
        return sum(file.stat().st_size for file in files) / 1e6

    def reset_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", encoding="utf-8")


def source_row(url: str, now: datetime, *, public: bool = False) -> rows.Values:
    return rows.source(url, now, title=url, public=public, first_read_at=now)


def _news(number: int, title: str) -> str:
    link, text = f"http://times.example/{number}", _words(number, 120)
    made = item(number, datetime.now(UTC), link=link, text=text)
    return made.replace(f"Sample news {number}", title)


def _words(number: int, count: int) -> str:
    """Return words that no other number has, so that each article is a story of its own."""
    chosen = random.Random(number)
    return " ".join("".join(chosen.choices("bdfgklmnprstaeiou", k=7)) for _ in range(count))


def zip_bomb(megabytes: int) -> bytes:
    """Return a compressed feed that unpacks to so many megabytes."""
    return gzip.compress(b"<rss><channel>" + b" " * (megabytes * 1_000_000) + b"</channel></rss>")


@asynccontextmanager
async def attack_scene(server: str | None = None) -> AsyncIterator[Scene]:
    """Yield a scene in which both users subscribe and the publisher has been read once."""
    hosts = Web()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with (
            serving(hosts.respond) as port,
            LocalPlayground(flood="off", token=TOKEN) as playground,
            database(server) as url,
        ):
            storage = Storage.open(url)
            async with storage.writing() as tx:
                await add_source(tx, source_row(PUBLISHER, tx.now, public=True))
            hosts.serve(PUBLISHER, rss([]), content_type="text/xml")
            web_port = free_port()
            process = await _start(folder, url, playground.base_url, port, web_port)
            try:
                victim, mallory = playground.user("Ann"), playground.user("Mallory")
                scene = Scene(
                    storage,
                    playground,
                    hosts,
                    process,
                    database_file(url),
                    web_port,
                    victim,
                    mallory,
                )
                for user, keywords in ((victim, "Taiwan"), (mallory, "harbour")):
                    await subscribe(playground, user, keywords)
                async with storage.writing() as tx:
                    unlimited = update(Chat).values(alerts_an_hour=MOST_ALERTS_PER_HOUR)
                    await tx.change(unlimited)
                yield scene
            finally:
                await storage.close()
                if process.returncode is None:
                    process.terminate()
                await process.wait()


async def subscribe(playground: LocalPlayground, user: User, keywords: str) -> None:
    playground.send(user, keywords)
    card = await playground.wait_for_message(user, lambda m: bool(m.get("reply_markup")))
    rows = card["reply_markup"]["inline_keyboard"]
    button = next(b for row in rows for b in row if "Alert" in b["text"])
    playground.press(user, card["message_id"], button["callback_data"])
    await playground.wait_for_message(user, lambda m: "Subscribed" in str(m))


async def _start(
    folder: Path, url: str, telegram: str, port: int, web_port: int
) -> asyncio.subprocess.Process:
    settings = {
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": telegram,
        "DATABASE_URL": url,
        "ACCESS": "open",
        "WEB_PORT": str(web_port),
        "PUBLIC_URL": f"http://127.0.0.1:{web_port}",
        "NEIGHBOURS_PORT": str(port),
        "PYTHONPATH": str(Path(__file__).parent.parent.parent),
        "PATH": os.defpath,
        "HOME": str(folder),
    }
    with (folder / "log").open("wb") as output:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.neighbours.program", "run"),
            cwd=folder,
            env=settings,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
