"""Role `chat`: waits for Telegram, prepares the bot, then takes updates."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog
from aiogram.exceptions import AiogramError, TelegramUnauthorizedError
from aiogram.utils.deep_linking import create_start_link

from bot.app.deployment import NEWSROOM_IS_READ
from bot.app.mail import make_mailer
from bot.app.resources import make_resources
from bot.app.sessions import telegram_session
from bot.app.stops import StopError, TemporaryStopError, needing_the_database
from bot.chat.dispatcher import ALLOWED_UPDATES, make_dispatcher
from bot.chat.menu import register_commands, set_menu_button
from bot.chat.polling import Poller, PollingLease, SecondPollerError, TokenRefusedError
from bot.chat.rate_limit import RateLimiter
from bot.chat.updates import UpdateQueue, log_outage
from bot.chat.webhook import WebhookRefusedError, remove_webhook
from bot.delivery.pace import bot_key
from bot.delivery.replies import Replies
from bot.ops.health import Wait
from bot.ops.instrumented_telegram import InstrumentedCalls, InstrumentedUpdates
from bot.sources.discovery.add import SourceAdder, SourceOptions
from bot.subscribers.access import admin_languages, new_admin_code
from bot.subscribers.catalogue import hand_over_topics, load_catalogue
from bot.subscribers.share_links import ADMIN_PREFIX
from bot.tasks import flat_errors, sleep_until
from storage.db.engine import SQLITE
from storage.db.problems import DatabaseError, is_transient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from aiogram import Bot
    from aiogram.types import User

    from bot.app.resources import ProcessContext
    from bot.app.webhook import WebhookUpdates
    from bot.ops.health import Health
    from bot.resources import Resources

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

START_PAUSE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class ChatRole:
    process: ProcessContext
    bot: Bot
    health: Health
    webhook: WebhookUpdates | None = None
    """Receives updates by webhook; without it they are polled."""

    async def run(self, stopping: asyncio.Event) -> None:
        storage, renderer = self.process.storage, self.process.renderer
        instrumentation = self.process.instrumentation
        resources = make_resources(self.process, make_mailer(self.process))
        me = await self._get_me(self.bot, stopping)
        if me is None:
            return
        await self._fill(stopping)
        await self._retried(partial(hand_over_topics, storage), stopping)
        await self._retried(lambda: self._announce_admin_link(resources), stopping)
        languages = partial(admin_languages, storage, access=resources.access)
        admins = await self._retried(languages, stopping) or {}
        limiter = RateLimiter(admins=set(admins))
        dispatcher = make_dispatcher(resources, renderer, limiter=limiter)
        dispatcher.update.outer_middleware(InstrumentedUpdates(instrumentation))
        queue = UpdateQueue(self.bot, dispatcher, limiter, instrumentation=instrumentation)
        listening = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            menus = group.create_task(self._set_menus(resources, admins, listening))
            await self._listen(queue, me, listening, stopping)
            menus.cancel()
            await resources.background.close()

    async def _get_me(self, bot: Bot, stopping: asyncio.Event) -> User | None:
        """Return the bot's user once Telegram answers; None if the process stops first."""
        while not stopping.is_set():
            try:
                return await bot.get_me()
            except TelegramUnauthorizedError as error:
                raise StopError(
                    "BOT_TOKEN is wrong: Telegram does not know it; copy it again from @BotFather."
                ) from error
            except (AiogramError, OSError, TimeoutError) as error:
                log.warning("Telegram does not answer yet", error=str(error))
                await sleep_until(stopping, START_PAUSE_SECONDS)
        return None

    async def _retried(
        self, act: Callable[[], Awaitable[Result]], stopping: asyncio.Event
    ) -> Result | None:
        """Return the result of *act* once the database is available; None if the process stops.

        The other roles of this process work already, so an outage must not end the process.
        """
        while not stopping.is_set():
            try:
                return await act()
            except (DatabaseError, OSError) as error:
                if not is_transient(error):
                    raise
                log_outage("the start waits for the database", error)
                await sleep_until(stopping, START_PAUSE_SECONDS)
        return None

    async def _fill(self, stopping: asyncio.Event) -> None:
        """Fill the catalogue, and in the playground add the newsroom's feeds."""
        sources = self.process.sources
        with needing_the_database():
            await self._retried(partial(load_catalogue, sources.storage), stopping)
        adder = SourceAdder(sources.storage, sources.fetcher, sources.reader, public=True)
        for url in self.process.deployment.feeds:
            await adder.add(url, SourceOptions(every=NEWSROOM_IS_READ))

    async def _set_menus(
        self, resources: Resources, admins: Mapping[int, str], listening: asyncio.Event
    ) -> None:
        """Set the menus in Telegram's clients, with four calls for each language.

        Waits until the bot is *listening*, so that users are answered first. *admins* maps user ids
        to the language that the bot writes to each of them.
        """
        await listening.wait()
        renderer, unavailable = resources.renderer, resources.unavailable_commands
        try:
            await set_menu_button(self.bot, renderer, resources.app_url)
            await register_commands(self.bot, renderer, admins, without=unavailable)
        except (AiogramError, OSError, TimeoutError) as error:
            log.warning("the menu could not be set; the next start tries again", error=str(error))

    async def _announce_admin_link(self, resources: Resources) -> None:
        if resources.is_playground:
            return
        if code := await new_admin_code(resources.storage, access=resources.access):
            link = await create_start_link(self.bot, f"{ADMIN_PREFIX}{code}")
            self.process.announce(
                f"This bot has no admin yet. The first user to open this link becomes one: {link}"
            )

    async def _listen(
        self, queue: UpdateQueue, me: User, listening: asyncio.Event, stopping: asyncio.Event
    ) -> None:
        """Take updates until *stopping* is set; set *listening* once the bot is ready."""

        def ready() -> None:
            listening.set()
            self.health.waits.discard(Wait.TELEGRAM)
            log.info("ready", bot=me.username, roles=self.process.role_names)

        try:
            if self.webhook:
                await self.webhook.run(self.bot, queue, ready, stopping)
            else:
                await remove_webhook(self.bot)
                ready()
                await self._poll(queue, stopping)
        except* (TokenRefusedError, WebhookRefusedError) as errors:
            raise StopError(str(flat_errors(errors)[0])) from errors
        except* SecondPollerError as errors:
            raise TemporaryStopError(str(flat_errors(errors)[0])) from errors

    async def _poll(self, queue: UpdateQueue, stopping: asyncio.Event) -> None:
        async with self._lease() as lasts:
            poller = Poller(self.bot, queue, lasts, ALLOWED_UPDATES)
            self.health.polling_fails_for = poller.fails_for
            await poller.run(stopping)

    @asynccontextmanager
    async def _lease(self) -> AsyncIterator[Callable[[], bool]]:
        """Yield a function that returns whether this process holds the lease to poll.

        The lease is held until the last update is confirmed. On SQLite there is a single process,
        and no lease, so that users get an apology even while the file is locked.
        """
        if self.process.storage.dialect == SQLITE:
            yield lambda: True
            return
        lease = PollingLease(self.process.storage, self.process.owner)
        try:
            async with asyncio.TaskGroup() as group:
                renewing = group.create_task(lease.run(asyncio.Event()))
                yield lease.lasts
                renewing.cancel()
        finally:
            await lease.release()


@asynccontextmanager
async def open_chat_role(
    process: ProcessContext, health: Health, webhook: WebhookUpdates | None
) -> AsyncIterator[ChatRole]:
    """Yield the role with a session of its own. Its calls and deliveries share one pace."""
    token, pace = process.deployment.token, process.settings.send_per_second
    async with telegram_session(token, process.deployment.api_url) as bot:
        bot.session.middleware(Replies(process.storage, bot_key(token), pace))
        bot.session.middleware(InstrumentedCalls(process.instrumentation))
        yield ChatRole(process, bot, health, webhook)
