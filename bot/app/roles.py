"""The stages of each role.

chat     answers users, and reports the progress of long work
poll     reads sources
match    groups articles into stories, and finds the queries that they match
publish  makes alerts, digests and broadcasts as rows of the outbox, asks the language model, and
         deletes expired data
send     sends the outbox to Telegram and mail servers, and reads bounces
web      serves the pages; it has no stages

Each function imports the modules of its role, so that a process loads only its own roles.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot import stages
from bot.app.resources import limits_for_all, make_own_source_adder
from bot.ops.instrumentation import GaugeName
from bot.settings import Role
from bot.stages import StageRunner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AsyncExitStack

    from aiogram import Bot

    from bot.app.resources import ProcessContext

TELEGRAM_ROLES = frozenset({Role.CHAT, Role.SEND})

LISTS = 4  # lists of feeds that are added at once, each of another account

CALLS_PATIENCE = timedelta(seconds=6)
FEW_CALLS = 64
SLOW_CALL_SECONDS = 0.3


async def open_stages(process: ProcessContext, stack: AsyncExitStack) -> list[StageRunner]:
    """Return the stages of all roles but `chat`; *stack* closes their resources."""
    runners: list[StageRunner] = []
    if Role.SEND in process.roles:
        runners += await stack.enter_async_context(send_stages(process))
    if Role.PUBLISH in process.roles:
        runners += publish_stages(process)
        runners += await model_stages(process, stack)
    if Role.MATCH in process.roles:
        runners += match_stages(process)
    if Role.POLL in process.roles:
        runners += await poll_stages(process, stack)
    return runners


async def poll_stages(process: ProcessContext, stack: AsyncExitStack) -> list[StageRunner]:
    """Return the stages that read sources; *stack* ends their unfinished work."""
    from bot.ops.instrumented_sources import InstrumentedFetcher, InstrumentedReader
    from bot.sources.discovery.search_feeds import update_search_feeds
    from bot.sources.fulltext import PageStage
    from bot.sources.poll import SourcePoller

    sources, settings, instrumentation = process.sources, process.settings, process.instrumentation
    storage, fetcher, reader = sources.storage, sources.fetcher, sources.reader

    def instrumented(kind: str) -> tuple[InstrumentedFetcher, InstrumentedReader]:
        return InstrumentedFetcher(fetcher, instrumentation, kind), InstrumentedReader(
            reader, instrumentation, kind
        )

    poller = await stack.enter_async_context(
        SourcePoller(
            storage,
            *instrumented("feed"),
            process.owner,
            settings.budgets,
            keyring=sources.keyring,
        )
    )
    completing = await stack.enter_async_context(
        PageStage(
            storage,
            *instrumented("page"),
            process.owner,
            settings.budgets,
            keyring=sources.keyring,
        )
    )
    poll = StageRunner(stages.POLL, poller.run_once)
    pages = StageRunner(stages.PAGE, completing.run_once)
    poller.on_ended = poll.wake
    completing.call_on_done(pages.wake)
    feeds = [address.get_secret_value() for address in settings.search_feeds]
    budget = settings.search_feeds_budget
    return [
        pages,
        poll,
        StageRunner(stages.SEARCH, partial(update_search_feeds, storage, feeds, budget)),
        *_hub_stages(process),
    ]


def _hub_stages(process: ProcessContext) -> list[StageRunner]:
    """Return the stage that subscribes at hubs, if hubs can reach this bot."""
    from bot.sources.fetch.websub import ask_hubs
    from bot.web.webhooks import HUB_PATH

    base = process.settings.public_base
    if base is None:
        return []
    callback = f"{base}{HUB_PATH}"
    ask = partial(
        ask_hubs, process.storage, process.sources.fetcher, owner=process.owner, callback=callback
    )
    return [StageRunner(stages.HUBS, ask)]


def match_stages(process: ProcessContext) -> list[StageRunner]:
    from bot.matching.refold import Refolding
    from bot.matching.stage import MatchStage

    storage, owner = process.storage, process.owner
    settings = process.settings
    matching = MatchStage(storage, owner, settings.story_memory_mb * 1_000_000, settings.budgets)
    sync, gauges = matching.sync, process.instrumentation.gauges
    gauges[GaugeName.INDEX_QUERIES] = lambda: len(sync.index)
    gauges[GaugeName.INDEX_CHANGE] = lambda: sync.number
    gauges[GaugeName.STORY_MEMORY] = lambda: matching.story_memory
    return [
        StageRunner(stages.MATCH, matching.run_once),
        StageRunner(stages.REFOLD, Refolding(storage, owner).refold),
    ]


def publish_stages(process: ProcessContext) -> list[StageRunner]:
    from bot.app.mail import make_mailer
    from bot.ops.clock import ClockWatch
    from bot.publishing.alerts import Alerts
    from bot.publishing.broadcasts import publish_broadcasts
    from bot.publishing.bundles import publish_bundles
    from bot.publishing.digests import Digests
    from bot.publishing.edits import edit_alerts
    from bot.publishing.notices import publish_notices
    from bot.subscribers.access import follow_access
    from bot.subscribers.deletion import Retention, purge_deleted

    storage, settings, mailer = process.storage, process.settings, make_mailer(process)
    common = (storage, process.renderer, process.owner)
    digests = Digests(*common, links=process.links, mailer=mailer)
    a_day, pace = settings.alerts_per_chat, settings.send_per_second
    retention = Retention(
        storage,
        process.owner,
        articles=timedelta(days=settings.keep_articles_days),
        deliveries=timedelta(days=settings.keep_deliveries_days),
    )
    alerts = Alerts(*common, mailer=mailer, a_day=a_day)
    return [
        StageRunner(stages.NOTICE, partial(publish_notices, *common, settings.admin_ids)),
        StageRunner(stages.DIGEST, digests.run_once),
        StageRunner(stages.ALERT, alerts.run_once),
        StageRunner(stages.BUNDLE, partial(publish_bundles, *common, mailer=mailer)),
        StageRunner(stages.ALSO, partial(edit_alerts, *common, a_day=a_day)),
        StageRunner(stages.BROADCAST, partial(publish_broadcasts, *common, pace)),
        StageRunner(stages.TIDY, partial(purge_deleted, storage)),
        StageRunner(stages.CLOCK, ClockWatch(storage).run_once),
        StageRunner(stages.ACCESS, partial(follow_access, storage, access=process.access)),
        StageRunner(stages.FORGET, retention.run_once),
    ]


async def model_stages(process: ProcessContext, stack: AsyncExitStack) -> list[StageRunner]:
    """Return the stage of the language model, if there is one; *stack* closes its connections."""
    if not process.has_model:
        return []
    from bot.app.deployment import make_model_client
    from bot.model.stage import ModelStage

    settings = process.settings
    client = await stack.enter_async_context(make_model_client(settings, process.deployment))
    stage = ModelStage(
        process.storage,
        client,
        process.owner,
        budget=settings.model_daily_tokens,
        sends=settings.model_sends,
        instrumentation=process.instrumentation,
    )
    return [StageRunner(stages.MODEL, stage.run_once)]


@asynccontextmanager
async def send_stages(process: ProcessContext) -> AsyncIterator[list[StageRunner]]:
    """Yield the stages. The end of the block waits for calls in flight."""
    from bot.app.mail import mail_stages
    from bot.app.sessions import telegram_session
    from bot.delivery.pace import Pacer, Timer, bot_key
    from bot.delivery.pins import PinStage
    from bot.delivery.sender import Calls, SendStage
    from bot.delivery.telegram import Telegram
    from bot.ops.instrumented_telegram import InstrumentedCalls

    deployment, instrumentation = process.deployment, process.instrumentation
    pace = process.settings.send_per_second
    # As many calls at once as keep the pace while Telegram is slow.
    calls = Calls(max(FEW_CALLS, int(pace * SLOW_CALL_SECONDS)), CALLS_PATIENCE)
    async with (
        telegram_session(deployment.token, deployment.api_url, connections=calls.limit) as bot,
        calls,
        mail_stages(process) as mail,
    ):
        bot.session.middleware(InstrumentedCalls(instrumentation))
        key = bot_key(deployment.token)
        telegram = Telegram(bot, most_topics=process.settings.topics_per_chat)
        stage = SendStage(
            process.storage, telegram, process.owner, calls, key, pace, instrumentation
        )
        send = StageRunner(stages.SEND, stage.run_once)
        instrumentation.gauges[GaugeName.SENDS_IN_FLIGHT] = lambda: calls.limit - calls.room
        calls.on_done = send.wake
        pacer = Pacer(process.storage, Timer(), key, pace)
        pins = PinStage(process.storage, telegram, lambda: process.renderer, process.owner, pacer)
        yield [send, StageRunner(stages.PIN, pins.run_once), *mail]


def chat_stages(process: ProcessContext, bot: Bot) -> list[StageRunner]:
    """Return the stages that report broadcasts in progress and add lists of feeds."""
    from bot.chat.progress import FeedListReports, report_broadcasts
    from bot.subscribers.feed_lists import FeedListStage

    storage, renderer = process.storage, process.renderer
    lists = FeedListStage(
        storage,
        make_own_source_adder(process.sources, process.deployment.newsroom_site),
        limits_for_all(process.settings),
        FeedListReports(bot, renderer).report,
        process.owner,
    )
    return [
        StageRunner(stages.PROGRESS, partial(report_broadcasts, bot, renderer, storage)),
        *(StageRunner(stages.LIST, lists.run_once) for _ in range(LISTS)),
    ]
