"""Where a bot lives: on Telegram, or without a token in the playground, which it brings along."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app.stops import StopError
from bot.settings import Access

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.playground.server import Playground
    from bot.settings import Settings

PLAYGROUND_TOKEN = "1:playground"  # noqa: S105 - it opens nothing
ELSEWHERE = Path("var")  # for what this machine keeps of a database that is no file
PLAYGROUND_DATABASE = "sqlite+aiosqlite:///var/playground.sqlite3"
NEWSROOM_PUBLISHES = timedelta(seconds=45)
NEWSROOM_IS_READ = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Place:
    token: str
    api: str
    database: str
    access: Access
    newsroom: tuple[str, int] | None = None  # host and port, the guard's one exception
    newsroom_url: str | None = None  # where its pages are, with a slash at the end
    feeds: tuple[str, ...] = ()
    is_forgetful: bool = False  # the database begins anew each time
    smtp: tuple[str, int] | None = None  # host and port of a mail server of its own
    public_url: str | None = None  # where people reach our pages, without a slash at the end
    frames: tuple[str, ...] = ()  # besides Telegram's, pages that may show the Mini App in a frame

    @property
    def app_url(self) -> str | None:
        """Where the Mini App opens: Telegram takes https only, the playground what is here."""
        opens = self.public_url and (self.newsroom or self.public_url.startswith("https:"))
        return f"{self.public_url}/app" if opens else None


@asynccontextmanager
async def place_of(settings: Settings, announce: Callable[[str], None]) -> AsyncIterator[Place]:
    """Yield the place that *settings* choose; *announce* tells how to get there."""
    if settings.bot_token:
        yield Place(
            token=settings.bot_token.get_secret_value(),
            api=settings.bot_api_base,
            database=settings.database_url.get_secret_value(),
            access=settings.access,
            public_url=str(settings.public_url).rstrip("/") if settings.public_url else None,
        )
        return
    async with _playground(settings.playground_port) as playground:
        announce(
            f"Open {playground.base_url}/ to chat with the bot, in a playground on this machine."
        )
        announce("The first user who writes to it there becomes its admin, with /admin.")
        announce("For Telegram: put @BotFather's token into .env as BOT_TOKEN=… and start again.")
        yield _in_the_playground(playground, settings)


@asynccontextmanager
async def _playground(port: int) -> AsyncIterator[Playground]:
    from bot.playground.server import Playground

    playground = Playground(port, newsroom_every=NEWSROOM_PUBLISHES)
    try:
        await playground.__aenter__()
    except OSError as error:
        raise StopError(
            f"PLAYGROUND_PORT is wrong: port {port} is taken; choose another ({error.strerror})."
        ) from error
    try:
        yield playground
    finally:
        await playground.__aexit__(None, None, None)


def _in_the_playground(playground: Playground, settings: Settings) -> Place:
    # The playground forgets its people when it ends; a database that did not would mistake the
    # next ones for them.
    is_forgetful = settings.database_is_default
    own = settings.database_url.get_secret_value()
    base = playground.base_url
    return Place(
        token=PLAYGROUND_TOKEN,
        api=base,
        database=PLAYGROUND_DATABASE if is_forgetful else own,
        # The usual setting lets nobody in but those of a list, which names nobody here.
        access=Access.INVITE if settings.access is Access.INVITE else Access.OPEN,
        newsroom=(playground.host, playground.port),
        newsroom_url=f"{base}/news/",
        feeds=tuple(f"{base}/news/{code}.xml" for code in playground.newsroom.publishers),
        is_forgetful=is_forgetful,
        smtp=playground.smtp,
        public_url=f"http://127.0.0.1:{settings.web_port}",
        frames=(base, base.replace("127.0.0.1", "localhost")),
    )
