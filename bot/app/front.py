"""The front door of one process: greets Telegram, says that all is well, then takes updates."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from aiogram.exceptions import AiogramError, TelegramUnauthorizedError

from bot.app.places import NEWSROOM_IS_READ
from bot.app.sessions import telegram_session
from bot.app.stops import StopError
from bot.chat.polling import Polling, SecondPollerError, TokenRefusedError
from bot.delivery.pace import bot_key
from bot.delivery.replies import Replies
from bot.loops import nap
from bot.settings import Access as WhoMay
from bot.sources.adding import Adding
from bot.subscribers.access import Access
from bot.subscribers.admins import Admins
from bot.subscribers.catalogue import Catalogue
from bot.web.health import make_web, serving
from storage.leases import hold, let_go

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiogram import Bot
    from aiogram.types import User

    from bot.app.roles import Surroundings

log = structlog.get_logger(__name__)

WRONG_TOKEN = "BOT_TOKEN is wrong: Telegram does not know it; copy it again from @BotFather."
POLL_ROLE = "poll"
POLL_LEASE = timedelta(seconds=20)
GREETING_PAUSE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class FrontDoor:
    around: Surroundings

    async def run(self, stopping: asyncio.Event) -> None:
        place = self.around.place
        async with telegram_session(place.token, place.api) as bot:
            bot.session.middleware(Replies(self.around.storage, bot_key(place.token)))
            me = await self._greet(bot, stopping)
            if me is None:
                return
            await self._prepare(me)
            async with self._healthy():
                log.info("ready", bot=me.username)
                await self._poll(bot, stopping)

    async def _greet(self, bot: Bot, stopping: asyncio.Event) -> User | None:
        """Return who we are; wait for Telegram as long as it takes, or until *stopping* is set."""
        while not stopping.is_set():
            try:
                return await bot.get_me()
            except TelegramUnauthorizedError as error:
                raise StopError(WRONG_TOKEN) from error
            except (AiogramError, OSError, TimeoutError) as error:
                log.warning("Telegram does not answer yet", error=str(error))
                await nap(stopping, GREETING_PAUSE_SECONDS)
        return None

    async def _prepare(self, me: User) -> None:
        storage = self.around.storage
        await Catalogue(storage).load()
        await self._add_feeds()
        if not self.around.place.newsroom and (code := await self._admins.new_code()):
            self.around.announce(
                f"Nobody runs this bot yet. Who opens this link first does: "
                f"https://t.me/{me.username}?start=admin_{code}"
            )

    async def _add_feeds(self) -> None:
        tools = self.around.tools
        adding = Adding(tools.storage, tools.fetcher, tools.reader)
        for url in self.around.place.feeds:
            await adding.add(url, every=NEWSROOM_IS_READ)

    @property
    def _access(self) -> Access:
        settings = self.around.settings
        return Access(
            is_open=self.around.place.access is WhoMay.OPEN,
            allowed=settings.allowed_ids,
            admins=settings.admin_ids,
        )

    @property
    def _admins(self) -> Admins:
        return Admins(self.around.storage, self._access)

    @asynccontextmanager
    async def _healthy(self) -> AsyncIterator[None]:
        settings = self.around.settings
        web = serving(make_web(), settings.web_host, settings.web_port)
        try:
            await web.__aenter__()
        except OSError as error:
            raise StopError(
                f"WEB_PORT is wrong: {settings.web_host}:{settings.web_port} cannot be had "
                f"({error.strerror}); choose another."
            ) from error
        try:
            yield
        finally:
            await web.__aexit__(None, None, None)

    async def _poll(self, bot: Bot, stopping: asyncio.Event) -> None:
        storage, owner = self.around.storage, self.around.owner

        async def holds_lease() -> bool:
            async with storage.writing() as unit:
                return await hold(unit, POLL_ROLE, owner, POLL_LEASE)

        dispatcher = self._dispatcher()
        try:
            updates = tuple(dispatcher.resolve_used_update_types())
            await Polling(bot, dispatcher, holds_lease, updates).run(stopping)
        except* (TokenRefusedError, SecondPollerError) as refused:
            raise StopError(str(refused.exceptions[0])) from refused
        finally:
            async with storage.writing() as unit:
                await let_go(unit, POLL_ROLE, owner)

    def _dispatcher(self):
        from aiogram import Dispatcher
        return Dispatcher(disable_fsm=True)
