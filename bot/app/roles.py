"""The roles of one process: the steps with their loops, and the front door."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.app.tools import needing_the_database
from bot.loops import Loop, until
from storage.words import Hint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence

    from aiogram import Bot

    from bot.app.surroundings import Surroundings
    from bot.delivery.calls import Calls
    from storage.engine import Storage

# Seconds between the ticks of each loop: what a lost wake-up costs at most.
TICK_SECONDS = {
    "poll": 1,
    "page": 2,
    "group": 5,
    "match": 5,
    "alert": 5,
    "also": 5,
    "bundle": 5,
    "digest": 1,
    "notice": 60,
    "broadcast": 1,
    "progress": 3,
    "search": 300,
    "send": 1,
    "mail": 1,
    "bounces": 300,
    "hubs": 30,
    "tidy": 60,
    "list": 2,
}
# How often what is there by then is kept from the garbage collector, and how often it sees all.
KEEP_SECONDS = 600
# Objects made before the collector looks at them, in about a millisecond: each message and
# article makes hundreds, nearly all of which go by themselves.
COLLECTED_AT_ONCE = 5_000
LOOK_THROUGH_SECONDS = 24 * 3600
# Which loop has work when a process, this or another, has committed such.
WOKEN = {
    Hint.QUERIES: "match",
    Hint.PAGES: "page",
    Hint.ARTICLES: "group",
    Hint.STORIES: "match",
    Hint.MATCHES: "alert",
    Hint.DELIVERIES: "send",
}
# Sources of slow hosts must not hold up the others.
POLLERS = 4
PAGE_READERS = 4

# Together under ten seconds, which is what service managers give.
LOOPS_PATIENCE = 2.0
CALLS_PATIENCE = timedelta(seconds=6)

FEW_CALLS = 64
SLOW_CALL_SECONDS = 0.3


async def run_roles(around: Surroundings, stopping: asyncio.Event) -> None:
    """Run everything until *stopping* is set, then finish what is in hand."""
    from bot.app.front import FrontDoor
    from bot.app.mails import mail_loops
    from bot.app.sessions import telegram_session
    from bot.delivery.calls import Calls

    with needing_the_database():
        await _take_over(around.storage, around.owner)
    calls = Calls(_in_flight(around.settings.send_per_second), CALLS_PATIENCE)
    place = around.place
    async with (
        telegram_session(place.token, place.api, connections=calls.limit) as bot,
        calls,
        mail_loops(around) as mails,
    ):
        loops = [*make_loops(around, calls, bot), *mails]
        door = FrontDoor(around)
        roles = [*(loop.run(stopping) for loop in loops), door.run(stopping)]
        roles.append(_listen(around.place.database, loops, stopping))
        async with _ticking(loops):
            await keep_what_is_there()
            await _work(roles, stopping)
        await _let_go(around.storage, around.owner)


def _in_flight(per_second: float) -> int:
    """Return how many calls there may be at once for the pace to be kept by a slow Telegram."""
    return max(FEW_CALLS, int(per_second * SLOW_CALL_SECONDS))


async def keep_what_is_there() -> None:
    """Spare the garbage collector what stays for days: imports, the index, the stories.

    To look through it all takes up to a second, and holds up the event loop; through what came
    since the last time, a few milliseconds. What was kept goes when nobody refers to it.
    """
    gc.set_threshold(COLLECTED_AT_ONCE)
    gc.collect()
    gc.freeze()


async def look_through_all() -> None:
    """Find the circles that were in use when they were kept, and are not any more."""
    gc.unfreeze()
    await keep_what_is_there()


async def _listen(database: str, loops: Sequence[Loop], stopping: asyncio.Event) -> None:
    """Wake the loops for which other processes made work."""
    from storage.hints import listen

    def wake(hint: Hint) -> None:
        for loop in loops:
            if loop.name == WOKEN[hint]:
                loop.wake()

    await until(stopping, listen(database, wake))


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
    from storage.engine import SQLITE, take_over
    from storage.leases import drop_leases_of_others
    from storage.tables import LEASED

    if storage.dialect != SQLITE:
        return
    async with storage.writing() as unit:
        for table in LEASED:
            await take_over(unit, table, owner)
        await drop_leases_of_others(unit, owner)


async def _let_go(storage: Storage, owner: str) -> None:
    """Leave to another process, at once, what one alone may do."""
    from bot.sources.group import ROLE
    from storage.engine import DatabaseError
    from storage.leases import let_go

    with suppress(DatabaseError):  # then its lease runs out
        async with storage.writing() as unit:
            await let_go(unit, ROLE, owner)


def make_loops(around: Surroundings, calls: Calls, bot: Bot) -> list[Loop]:
    """Return the loops, the sender first; each wakes the one that goes on with its work."""
    from bot.app.mails import make_post
    from bot.delivery.pace import bot_key
    from bot.delivery.send import Sending
    from bot.delivery.telegram import Telegram
    from bot.matching.following import Following
    from bot.matching.match import Matching
    from bot.matching.snapshots import SnapshotFile
    from bot.publishing.publish import Publishing
    from bot.sources.group import Grouping
    from bot.subscribers.tidying import Tidying

    storage, owner = around.storage, around.owner
    key, pace = bot_key(around.place.token), around.settings.send_per_second
    sending = Sending(storage, Telegram(bot), owner, calls, key, pace)
    publishing = Publishing(
        storage,
        around.renderer,
        owner,
        admins=around.settings.admin_ids,
        links=around.links,
        drawing=around.drawing,
        post=make_post(around),
        alerts_a_day=around.settings.alerts_per_chat,
    )
    following = Following(storage, file=SnapshotFile(around.place.index_file))
    matching = Matching(storage, following, owner)
    grouping = Grouping(storage, owner)

    send = Loop("send", sending.send_due)
    notice = Loop("notice", publishing.publish_notices, wakes=(send,))
    digest = Loop("digest", publishing.publish_due, wakes=(send,))
    alert = Loop("alert", publishing.publish_new, wakes=(send,))
    bundle = Loop("bundle", publishing.publish_bundles, wakes=(send,))
    also = Loop("also", publishing.publish_also, wakes=(send,))
    match = Loop("match", matching.match_new, wakes=(alert,))
    group = Loop("group", grouping.group_new, wakes=(match,))
    calls.on_done = send.wake
    reading = _reading_loops(around, group, match)
    tidy = Loop("tidy", Tidying(storage).tidy)
    steps = [send, notice, digest, alert, bundle, also, match, group, tidy]
    casts = [*_broadcast_loops(around, bot, send), _list_loop(around, bot)]
    return [*steps, *casts, *reading, *_hub_loops(around)]


def _broadcast_loops(around: Surroundings, bot: Bot, send: Loop) -> list[Loop]:
    """Return those that put broadcasts out, and tell whoever sends them how far they are."""
    from bot.chat.telling import Telling
    from bot.publishing.publish.broadcasting import Broadcasting
    from bot.subscribers.broadcasts import Broadcasts

    storage, renderer, pace = around.storage, around.renderer, around.settings.send_per_second
    broadcasting = Broadcasting(storage, renderer, around.owner, pace)
    telling = Telling(bot, renderer, Broadcasts(storage, renderer))
    return [
        Loop("broadcast", broadcasting.put_out_next, wakes=(send,)),
        Loop("progress", telling.tell),
    ]


def _list_loop(around: Surroundings, bot: Bot) -> Loop:
    """Return the one that adds what chats have sent as lists."""
    from bot.app.doors import limits_for_all, make_own_sources
    from bot.chat.lists_told import ListsTold
    from bot.subscribers.adding_lists import AddingLists

    told = ListsTold(bot, around.renderer)
    own = make_own_sources(around.tools, limits_for_all(around.settings).feeds)
    adding = AddingLists(around.storage, own, told, around.owner)
    return Loop("list", adding.add_due)


def _reading_loops(around: Surroundings, *further: Loop) -> list[Loop]:
    """Return those that bring articles in, for *further* ones to go on with.

    New articles are grouped first; a new version of one has its story and is matched at once.
    """
    from bot.sources.finding.searching import Searching
    from bot.sources.fulltext import Completing
    from bot.sources.poll import Polling

    tools, settings = around.tools, around.settings
    polling = Polling(tools.storage, tools.fetcher, tools.reader, around.owner)
    completing = Completing(tools.storage, tools.fetcher, tools.reader, around.owner)
    searching = Searching(tools.storage, settings.search_feeds, settings.search_feeds_budget)

    pages = [Loop("page", completing.complete_due, wakes=further) for _ in range(PAGE_READERS)]
    polls = [Loop("poll", polling.poll_due, wakes=(*further, *pages)) for _ in range(POLLERS)]
    search = Loop("search", searching.follow_watched, wakes=tuple(polls))
    return [*pages, *polls, search]


def _hub_loops(around: Surroundings) -> list[Loop]:
    """Return the loop that asks hubs, where they can call back."""
    from bot.sources.pushes import Pushing
    from bot.web.hub import PATH

    if around.settings.public_url is None:
        return []
    callback = str(around.settings.public_url).rstrip("/") + PATH
    pushing = Pushing(around.storage, around.tools.fetcher, around.owner, callback)
    return [Loop("hubs", pushing.ask_hubs)]


@asynccontextmanager
async def _ticking(loops: Iterable[Loop]) -> AsyncIterator[None]:
    """Wake each loop in its rhythm; the scheduler holds no state, and keeps the memory tidy."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    scheduler = AsyncIOScheduler(timezone="UTC")
    ticks = [(loop.tick, TICK_SECONDS[loop.name]) for loop in loops]
    ticks += [(keep_what_is_there, KEEP_SECONDS), (look_through_all, LOOK_THROUGH_SECONDS)]
    for tick, seconds in ticks:
        scheduler.add_job(
            tick,
            "interval",
            seconds=seconds,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
