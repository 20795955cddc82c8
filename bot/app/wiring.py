"""Which step wakes which: in this process at once, in others by a hint, all of them by ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.app.databases import database_of
from bot.loops import until
from storage.enums import Notification

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from bot.app.surroundings import Surroundings
    from bot.loops import Loop
    from bot.watch import Watch

# Seconds between the ticks of each loop: what a lost wake-up costs at most.
TICK_SECONDS = {
    "poll": 1,
    "page": 2,
    "group": 5,
    "match": 2,  # and so an idle process follows new queries
    "refold": 3600,
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
    "forget": 6 * 3600,
    "list": 2,
}
# What a step makes work for. New articles are grouped first; a new version of one has its story
# and is matched at once.
WAKES = {
    "search": ("poll",),
    "poll": ("group", "match", "page"),
    "page": ("group", "match"),
    "group": ("match",),
    "match": ("alert",),
    "alert": ("send",),
    "bundle": ("send",),
    "also": ("send",),
    "digest": ("send",),
    "notice": ("send",),
    "broadcast": ("send",),
}
# Which step has work when a process, this or another, has committed such.
WOKEN = {
    Notification.QUERIES: "match",
    Notification.PAGES: "page",
    Notification.ARTICLES: "group",
    Notification.STORIES: "match",
    Notification.MATCHES: "alert",
    Notification.DELIVERIES: "send",
}


def wire(loops: Sequence[Loop], watch: Watch | None = None) -> None:
    """Let each of the loops of this process wake those that go on with its work, watched."""
    for loop in loops:
        loop.watch = watch or loop.watch
        names = WAKES.get(loop.name, ())
        loop.wakes = tuple(other for other in loops if other.name in names)


async def wake_by_hints(
    around: Surroundings, loops: Sequence[Loop], stopping: asyncio.Event
) -> None:
    """Tell other processes of work made here, and wake the loops for which they made some.

    It ends when *stopping* is set. An SQLite file has one process.
    """
    from storage.db.engine import SQLITE
    from storage.db.notify import Notifier

    if around.storage.dialect == SQLITE:
        return

    def wake(hint: Notification) -> None:
        for loop in loops:
            if loop.name == WOKEN[hint]:
                loop.wake()

    hints = Notifier(database_of(around.settings, around.place.database).server)
    with around.storage.notifying(hints):
        await until(stopping, hints.exchange(wake))
