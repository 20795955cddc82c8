"""Which step wakes which: in this process at once, in others by NOTIFY, all of them by ticks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.app.databases import database_of
from bot.loops import until
from storage.enums import Notification

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Collection, Sequence

    from bot.app.surroundings import Surroundings
    from bot.loops import Loop
    from bot.ops.instrumentation import Instrumentation
    from storage.db.notify import Notifier

# Seconds between the ticks of each loop: what a lost wake-up costs at most.
TICK_SECONDS = {
    "poll": 1,
    "page": 2,
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
# What a step makes work for whenever it has done something. Polls and pages stand below alone: most
# of them change nothing.
WAKES = {
    "search": ("poll",),
    "match": ("alert",),
    "alert": ("send",),
    "bundle": ("send",),
    "also": ("send",),
    "digest": ("send",),
    "notice": ("send",),
    "broadcast": ("send",),
}
# Which steps have work when a process, this or another, has committed such.
WOKEN = {
    Notification.QUERIES: ("match",),
    Notification.PAGES: ("page",),
    Notification.ARTICLES: ("match",),
    Notification.STORIES: ("match",),
    Notification.MATCHES: ("alert",),
    Notification.DELIVERIES: ("send", "mail"),
}


def wire(loops: Sequence[Loop], watch: Instrumentation | None = None) -> None:
    """Let each of the loops of this process wake those that go on with its work, watched."""
    for loop in loops:
        loop.watch = watch or loop.watch
        names = WAKES.get(loop.name, ())
        loop.wakes = tuple(other for other in loops if other.name in names)


@dataclass(frozen=True, slots=True)
class Wakeups:
    """Wakes the loops of this process for which there is work; *others*: and other processes."""

    loops: Sequence[Loop]
    others: Notifier | None = None

    def give(self, notifications: Collection[Notification]) -> None:
        for notification in notifications:
            self.wake(notification)
        if self.others:
            self.others.give(notifications)

    def wake(self, notification: Notification) -> None:
        for loop in self.loops:
            if loop.name in WOKEN[notification]:
                loop.wake()


async def wake_by_notifications(
    around: Surroundings, loops: Sequence[Loop], stopping: asyncio.Event
) -> None:
    """Wake the loops for which this process or another has made work, until *stopping* is set."""
    from storage.db.engine import SQLITE
    from storage.db.notify import Notifier

    if around.storage.dialect == SQLITE:  # it has one process
        with around.storage.notifying(Wakeups(loops)):
            await stopping.wait()
        return
    others = Notifier(database_of(around.settings, around.place.database).server)
    wakeups = Wakeups(loops, others)
    with around.storage.notifying(wakeups):
        await until(stopping, others.exchange(wakeups.wake))
