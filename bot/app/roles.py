"""The roles of one process. Every role claims its work, so any number of processes may have it.

chat     answers people: polls (one process at a time), or takes updates by webhook
poll     reads the sources
match    finds stories, and who wants them
publish  makes alerts and editions
send     hands messages over
web      the pages
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from bot.app.outdated import Outdated
from bot.app.ticking import collect_from_here, ticking
from bot.app.tools import needing_the_database
from bot.app.wiring import wake_by_notifications, wire
from bot.ops.watchdog import service_manager
from bot.settings import Role, Updates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable

    from bot.app.chat_role import ChatRole
    from bot.app.surroundings import Surroundings
    from bot.app.webhook import WebhookUpdates
    from bot.loops import Loop
    from bot.ops.health import Health
    from storage.db.engine import Storage

log = structlog.get_logger(__name__)

# Together with the calls' patience under ten seconds, which is what service managers give.
LOOPS_PATIENCE = 2.0
TELEGRAMS = frozenset({Role.CHAT, Role.SEND})  # roles that speak with Telegram


async def run_roles(around: Surroundings, stopping: asyncio.Event) -> None:
    """Run the roles of *around* until *stopping* is set, then finish what is in hand."""
    from bot.app.website import website
    from bot.ops.health import Wait, make_health

    with needing_the_database():
        await _take_over(around.storage, around.owner)
    if around.roles & TELEGRAMS:
        from bot.app.aiogram_models import import_aiogram

        import_aiogram()
    health = make_health(around, stopping)
    outdated = Outdated(around.storage)
    async with AsyncExitStack() as stack:
        hooked = _webhook_updates(around)
        routes = hooked.routes() if hooked else []
        await stack.enter_async_context(website(around, health, routes))
        loops = await _loops(around, stack)
        if port := around.settings.metrics_port:
            from bot.ops.metrics import serving_metrics

            await stack.enter_async_context(serving_metrics(around, health, port))
        roles: list[Coroutine[None, None, None]] = []
        if Role.CHAT in around.roles:
            door = await stack.enter_async_context(_front_door(around, health, hooked))
            loops += door.loops()
            roles.append(health.lasting("chat", door.run(stopping)))
        wire(loops, around.watch)
        roles += [health.lasting(loop.name, loop.run(stopping)) for loop in loops]
        roles.append(wake_by_notifications(around, loops, stopping))
        roles += _beside_others(around, stopping)
        if manager := service_manager():
            roles.append(manager.run(stopping, f"does {around.roles_said}"))
        roles.append(outdated.watch(stopping))
        async with ticking(loops):
            collect_from_here()
            health.waits.discard(Wait.START)
            if Role.CHAT not in around.roles:
                log.info("ready", roles=around.roles_said)
            await _work(roles, stopping)
        await _let_go(around.storage, around.owner)
    outdated.tell()


def _beside_others(
    around: Surroundings, stopping: asyncio.Event
) -> list[Coroutine[None, None, None]]:
    """Return what a process does whose database is a server that others use too."""
    from bot.app.presence import Presence
    from storage.db.engine import SQLITE

    if around.storage.dialect == SQLITE:
        return []
    presence = Presence(around.storage, around.owner)
    return [presence.keep(stopping)]


async def _loops(around: Surroundings, stack: AsyncExitStack) -> list[Loop]:
    """Return the loops of the roles, the sender first; what they import is not needed without."""
    loops: list[Loop] = []
    if Role.SEND in around.roles:
        from bot.app.steps.sending import sending_loops

        loops += await stack.enter_async_context(sending_loops(around))
    if Role.PUBLISH in around.roles:
        from bot.app.steps.publishing import publishing_loops

        loops += publishing_loops(around)
    if Role.MATCH in around.roles:
        from bot.app.steps.matching import matching_loops

        loops += matching_loops(around)
    if Role.POLL in around.roles:
        from bot.app.steps.reading import reading_loops

        loops += reading_loops(around)
    return loops


def _webhook_updates(around: Surroundings) -> WebhookUpdates | None:
    if around.settings.updates is not Updates.WEBHOOK:
        return None
    from bot.app.webhook import webhook_updates

    return webhook_updates(around)


@asynccontextmanager
async def _front_door(
    around: Surroundings, health: Health, hooked: WebhookUpdates | None
) -> AsyncIterator[ChatRole]:
    """Yield what answers people; its calls take their slots from the pace of deliveries."""
    from bot.app.chat_role import ChatRole
    from bot.app.sessions import telegram_session
    from bot.delivery.pace import bot_key
    from bot.delivery.replies import Replies
    from bot.ops.instrumented_telegram import InstrumentedCalls

    token, pace = around.place.token, around.settings.send_per_second
    async with telegram_session(token, around.place.api) as bot:
        bot.session.middleware(Replies(around.storage, bot_key(token), pace))
        bot.session.middleware(InstrumentedCalls(around.watch))
        yield ChatRole(around, bot, health, hooked)


async def _work(roles: Iterable[Coroutine[None, None, None]], stopping: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(role) for role in roles]
        await stopping.wait()
        # What is cut off here is leased, and comes back when its lease is over.
        _, late = await asyncio.wait(tasks, timeout=LOOPS_PATIENCE)
        for task in late:
            task.cancel()


async def _take_over(storage: Storage, owner: str) -> None:
    """On SQLite whoever runs holds the file alone, so that all other owners are dead."""
    from storage.db.engine import SQLITE
    from storage.db.leases import delete_other_leases, release_all_of_others

    # All tables, wherever they are: SQLAlchemy writes no row that refers to one it does not know.
    from storage.tables import LEASED

    if storage.dialect != SQLITE:
        return
    async with storage.writing() as tx:
        for table in LEASED:
            await release_all_of_others(tx, table, owner)
        await delete_other_leases(tx, owner)


async def _let_go(storage: Storage, owner: str) -> None:
    """Leave to another process, at once, what one alone may do."""
    from storage.db.engine import DatabaseError
    from storage.db.leases import GROUPING, release_lease

    with suppress(DatabaseError):  # then its lease runs out
        async with storage.writing() as tx:
            await release_lease(tx, GROUPING, owner)
