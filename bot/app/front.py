"""The front door of one process: greets Telegram, then takes updates."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog
from aiogram.exceptions import AiogramError, TelegramUnauthorizedError

from bot.app.places import NEWSROOM_IS_READ
from bot.app.resources import make_resources
from bot.app.steps.answering import answering_loops
from bot.app.stops import StopError
from bot.app.tools import needing_the_database
from bot.app.watched_telegram import WatchedUpdates
from bot.chat.dispatcher import ALLOWED_UPDATES, make_dispatcher
from bot.chat.floodgate import Floodgate
from bot.chat.handling import Handling
from bot.chat.hooking import HookRefusedError, unhook
from bot.chat.menu import register_commands, set_menu_button
from bot.chat.outages import log_outage
from bot.chat.polling import Polling, SecondPollerError, TokenRefusedError
from bot.chat.tenure import Tenure
from bot.loops import leaves, nap
from bot.sources.discovery.add import SourceAdder, SourceOptions
from bot.subscribers import catalogue
from bot.subscribers.access import admin_languages, new_admin_code
from bot.subscribers.catalogue import load_catalogue
from bot.web.health import Wait
from storage.db.engine import SQLITE, DatabaseError, is_transient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from aiogram import Bot
    from aiogram.types import User

    from bot.app.hooks import HookedDoor
    from bot.app.surroundings import Surroundings
    from bot.loops import Loop
    from bot.resources import Resources
    from bot.web.health import Health

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

GREETING_PAUSE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class FrontDoor:
    around: Surroundings
    bot: Bot
    health: Health
    hooked: HookedDoor | None = None
    """What takes updates by webhook; without it they are polled."""

    def loops(self) -> list[Loop]:
        return answering_loops(self.around, self.bot)

    async def run(self, stopping: asyncio.Event) -> None:
        bot, renderer = self.bot, self.around.renderer
        resources = make_resources(self.around, renderer)
        me = await self._greet(bot, stopping)
        if me is None:
            return
        await self._stock(stopping)
        await self._when_there(partial(catalogue.hand_over_topics, self.around.storage), stopping)
        await self._when_there(lambda: self._find_an_admin(resources, me), stopping)
        admins = (
            await self._when_there(
                partial(admin_languages, self.around.storage, access=resources.access),
                stopping,
            )
            or {}
        )
        dispatcher = make_dispatcher(resources, renderer)
        watch, gate = self.around.watch, Floodgate(admins=frozenset(admins))
        dispatcher.update.outer_middleware(WatchedUpdates(watch))
        handling = Handling(bot, dispatcher, gate, watch=watch)
        listening = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            introducing = group.create_task(self._introduce(admins, listening))
            await self._listen(handling, me, listening, stopping)
            introducing.cancel()

    async def _greet(self, bot: Bot, stopping: asyncio.Event) -> User | None:
        """Return who we are; wait for Telegram as long as it takes, or until *stopping* is set."""
        while not stopping.is_set():
            try:
                return await bot.get_me()
            except TelegramUnauthorizedError as error:
                raise StopError(
                    "BOT_TOKEN is wrong: Telegram does not know it; copy it again from @BotFather."
                ) from error
            except (AiogramError, OSError, TimeoutError) as error:
                log.warning("Telegram does not answer yet", error=str(error))
                await nap(stopping, GREETING_PAUSE_SECONDS)
        return None

    async def _when_there(
        self, act: Callable[[], Awaitable[Result]], stopping: asyncio.Event
    ) -> Result | None:
        """Do what the database is needed for, until that succeeds; it may be away for a moment.

        The other roles of this process work already, and must not end with this one.
        """
        while not stopping.is_set():
            try:
                return await act()
            except (DatabaseError, OSError) as error:
                if not is_transient(error):
                    raise
                log_outage("what is to be done first has to wait for the database", error)
                await nap(stopping, GREETING_PAUSE_SECONDS)
        return None

    async def _stock(self, stopping: asyncio.Event) -> None:
        """Fill the catalogue, and in the playground add the newsroom's feeds."""
        tools = self.around.tools
        with needing_the_database():
            await self._when_there(partial(load_catalogue, tools.storage), stopping)
        adding = SourceAdder(tools.storage, tools.fetcher, tools.reader)
        for url in self.around.place.feeds:
            await adding.add(url, SourceOptions(every=NEWSROOM_IS_READ))

    async def _introduce(self, admins: Mapping[int, str | None], listening: asyncio.Event) -> None:
        """Tell Telegram's clients what there is, once people are answered.

        That is four calls for each language that we speak. *admins* come with the language that
        each has chosen, if any.
        """
        await listening.wait()
        renderer = self.around.renderer
        try:
            await set_menu_button(self.bot, renderer, self.around.place.app_url)
            await register_commands(self.bot, renderer, admins)
        except (AiogramError, OSError, TimeoutError) as error:
            log.warning("the menu could not be set; the next start tries again", error=str(error))

    async def _find_an_admin(self, resources: Resources, me: User) -> None:
        if self.around.place.newsroom is None and (
            code := await new_admin_code(resources.storage, access=resources.access)
        ):
            link = f"https://t.me/{me.username}?start=admin_{code}"
            self.around.announce(f"No one runs this bot yet. Who opens this first will: {link}")

    async def _listen(
        self, handling: Handling, me: User, listening: asyncio.Event, stopping: asyncio.Event
    ) -> None:
        """Take updates until *stopping* is set; *listening* is set when the first may come."""

        def ready() -> None:
            listening.set()
            self.health.waits.discard(Wait.TELEGRAM)
            log.info("ready", bot=me.username, roles=self.around.roles_said)

        try:
            if self.hooked:
                await self.hooked.run(self.bot, handling, ready, stopping)
            else:
                await unhook(self.bot)
                ready()
                await self._poll(handling, stopping)
        except* (TokenRefusedError, SecondPollerError, HookRefusedError) as refused:
            raise StopError(str(leaves(refused)[0])) from refused

    async def _poll(self, handling: Handling, stopping: asyncio.Event) -> None:
        async with self._tenure() as lasts:
            polling = Polling(self.bot, handling, lasts, ALLOWED_UPDATES)
            self.health.polling_fails_for = polling.fails_for
            await polling.run(stopping)

    @asynccontextmanager
    async def _tenure(self) -> AsyncIterator[Callable[[], bool]]:
        """Yield whether polling is ours; that is kept until the last word has been said.

        An SQLite file has no other process. While it is locked, people are at least told.
        """
        if self.around.storage.dialect == SQLITE:
            yield lambda: True
            return
        tenure = Tenure(self.around.storage, self.around.owner)
        try:
            async with asyncio.TaskGroup() as group:
                keeping = group.create_task(tenure.run(asyncio.Event()))
                yield tenure.lasts
                keeping.cancel()
        finally:
            await tenure.let_go()
