"""Start the bot from its settings, run its roles, and stop it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.app.deployment import deployment_of
from bot.app.memory import start_collection
from bot.app.peers import Presence, SchemaCheck, take_over, wake_by_notifications
from bot.app.resources import (
    ProcessContext,
    alone_on,
    bot_database_of,
    make_fetcher,
    make_links,
    open_sources,
)
from bot.app.roles import TELEGRAM_ROLES, chat_stages, open_stages
from bot.app.scheduler import scheduling
from bot.app.stops import (
    needing_the_database,
    needing_the_port,
    stop_error_in,
    stopped_by_signals,
)
from bot.app.website import website
from bot.ops import installed_version
from bot.ops.health import Wait, make_health
from bot.ops.tracing import tracing
from bot.ops.watchdog import service_manager
from bot.settings import Role, Updates
from bot.stages import connect
from storage.db.engine import SQLITE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from bot.app.webhook import WebhookUpdates
    from bot.ops.logs import LastErrors
    from bot.settings import Settings

log = structlog.get_logger(__name__)

# Seconds. Together with the patience of calls, less than the ten that service managers allow.
STAGES_PATIENCE = 2.0


async def run_bot(settings: Settings, announce: Callable[[str], None], errors: LastErrors) -> None:
    """Run until SIGINT or SIGTERM. Raises StopError if the bot cannot start or go on.

    *announce* tells the operator how to use the bot; *errors* holds the newest errors of the log.
    """
    try:
        with stopped_by_signals() as stopping:
            async with AsyncExitStack() as stack:
                process = await _open_process(settings, announce, errors, stack)
                # After the ports and the database are ours: a refused start is one sentence.
                log.info("starting", version=installed_version(), **_shape(settings))
                await run_roles(process, stopping)
    except ExceptionGroup as group:
        if reason := stop_error_in(group):
            raise reason from group
        raise


async def _open_process(
    settings: Settings, announce: Callable[[str], None], errors: LastErrors, stack: AsyncExitStack
) -> ProcessContext:
    # Exclusive resources come first, so that a second bot ends before it announces a playground
    # that nobody answers.
    database = bot_database_of(settings)
    stack.enter_context(alone_on(database.url, anew=settings.has_temporary_database))
    await _require_free_ports(settings)
    deployment = await stack.enter_async_context(deployment_of(settings, announce))
    fetcher = make_fetcher(settings, deployment.newsroom)
    sources = await stack.enter_async_context(open_sources(database, fetcher, settings))
    if playground := deployment.playground:
        from bot.app.newsroom import choose_article

        playground.newsroom.choose = partial(choose_article, sources.storage)
    process = ProcessContext(
        settings=settings,
        deployment=deployment,
        sources=sources,
        links=await make_links(sources.storage, deployment.public_url),
        announce=announce,
        errors=errors,
    )
    stack.push_async_callback(process.mail_readers.close)
    await stack.enter_async_context(tracing(process))
    return process


def _shape(settings: Settings) -> dict[str, str]:
    """Return the kind of the database and the roles, for the log."""
    kind = bot_database_of(settings).server.partition("+")[0]
    return {"database": kind, "roles": ",".join(role for role in Role if role in settings.roles)}


async def _require_free_ports(settings: Settings) -> None:
    """Raise StopError if a port is taken that this process opens after the playground starts."""
    ports = {"WEB_PORT": (settings.web_host, settings.web_port)}
    if settings.metrics_port is not None:
        ports["METRICS_PORT"] = settings.metrics_host, settings.metrics_port
    for setting, (host, port) in ports.items():
        with needing_the_port(setting, host, port):
            server = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
        server.close()
        await server.wait_closed()


async def run_roles(process: ProcessContext, stopping: asyncio.Event) -> None:
    """Run the roles of *process* until *stopping* is set, then finish the work in progress."""
    _warn_if_work_is_left(process)
    with needing_the_database():
        await take_over(process.storage, process.owner)
        await _close_to_users_without_access(process)
    if process.roles & TELEGRAM_ROLES:
        from bot.app.aiogram_models import import_aiogram

        import_aiogram()
    health = make_health(process, stopping)
    schema = SchemaCheck(process.storage)
    webhook = _webhook_updates(process)
    async with AsyncExitStack() as stack:
        if process.storage.dialect != SQLITE:
            await stack.enter_async_context(Presence(process.storage, process.owner).kept())
        # The website is first, so that its probes answer while the rest starts.
        routes = webhook.routes() if webhook else []
        await stack.enter_async_context(website(process, health, routes))
        runners = await open_stages(process, stack)
        if process.settings.metrics_port is not None:
            from bot.ops.metrics import serving_metrics

            await stack.enter_async_context(serving_metrics(process, health))
        work: list[Coroutine[None, None, None]] = []
        if Role.CHAT in process.roles:
            from bot.app.chat import open_chat_role

            chat = await stack.enter_async_context(open_chat_role(process, health, webhook))
            runners += chat_stages(process, chat.bot)
            work.append(health.lasting("chat", chat.run(stopping)))
        connect(runners, process.instrumentation)
        health.watch(runners)
        finish_jobs = await stack.enter_async_context(
            scheduling([each for each in runners if each.stage.is_periodic], stopping)
        )
        work += [
            health.lasting(each.name, each.run(stopping))
            for each in runners
            if not each.stage.is_periodic
        ]
        work += [
            health.lasting("scheduler", finish_jobs()),
            wake_by_notifications(process, runners, stopping),
            schema.run(stopping),
            health.database.lock.run(stopping),
        ]
        if manager := service_manager():
            work.append(manager.run(stopping, f"does {process.role_names}"))
        start_collection()
        health.waits.discard(Wait.START)
        _log_start(process)
        await _work(work, stopping)
    schema.raise_if_outdated()


def _log_start(process: ProcessContext) -> None:
    log.info("started", version=installed_version(), **_shape(process.settings))
    if Role.CHAT not in process.roles:  # the chat is ready when Telegram has answered
        log.info("ready", roles=process.role_names)


async def _close_to_users_without_access(process: ProcessContext) -> None:
    """Apply changed settings before anything is sent or shown."""
    if Role.PUBLISH not in process.roles:
        return
    from bot.subscribers.access import follow_access

    while await follow_access(process.storage, access=process.access):
        pass


def _warn_if_work_is_left(process: ProcessContext) -> None:
    """Warn if roles are missing, because no other process can use an SQLite file."""
    if process.storage.dialect == SQLITE and (left := frozenset(Role) - process.roles):
        log.warning("no process has these roles; only PostgreSQL can be shared", roles=sorted(left))


def _webhook_updates(process: ProcessContext) -> WebhookUpdates | None:
    if process.settings.updates is not Updates.WEBHOOK:
        return None
    from bot.app.webhook import webhook_updates

    return webhook_updates(process)


async def _work(work: Iterable[Coroutine[None, None, None]], stopping: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
        await stopping.wait()
        # Cancelled work is leased, and is done again after its lease has expired.
        _, late = await asyncio.wait(tasks, timeout=STAGES_PATIENCE)
        for task in late:
            task.cancel()
