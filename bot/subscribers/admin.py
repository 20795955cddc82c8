"""The admin panel: how well the bot is working, and the chats it has; messages to the admins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.ops.logs import Failure
from bot.rendering.renderer import Renderer
from bot.subscribers.errors import NoSuchChat
from bot.subscribers.paging import ListPage, load_page
from storage.access import admin_chats
from storage.db.engine import Storage
from storage.enums import DeliveryKind
from storage.feeds_followed import is_anything_read
from storage.maintenance import current_maintenance
from storage.outbox import enqueue, new_delivery
from storage.pace import flood_waits_today
from storage.sources import Source
from storage.stats import (
    Amounts,
    ChatListed,
    Lags,
    amounts,
    chat_listed,
    chats_listed,
    count_chats,
    count_unhealthy_sources,
    lags,
    last_article,
    unhealthy_sources,
)

IN_CHAT, ON_PAGE = 3, 20  # sources and errors that are listed
LATE = timedelta(minutes=10)  # a stage that is further behind counts as late
LONGEST = 2000  # characters of a message to the admins
RECENT = timedelta(hours=1)  # newer errors of this process count


@dataclass(frozen=True, slots=True)
class Overview:
    """*errors* are those of this process; everything else is of all processes."""

    up: timedelta
    amounts: Amounts
    lags: Lags
    last_article_at: datetime | None
    flood_waits: int  # today
    unhealthy: Sequence[Source]
    more_unhealthy: int
    errors: Sequence[Failure]
    reads_news: bool
    now: datetime
    maintained_until: datetime | None = None  # None: no maintenance is going on

    @property
    def is_well(self) -> bool:
        """Whether the bot itself works; failing sources do not count."""
        has_errors = any(error.at > self.now - RECENT for error in self.errors)
        return not (self.late or self.amounts.held or has_errors)

    @property
    def late(self) -> dict[str, timedelta]:
        """Return the stages that are behind, and how far: read, match, publish or send."""
        return {stage: lag for stage, lag in self.lags._asdict().items() if lag > LATE}


async def notify_admins(
    storage: Storage, words: str, *, renderer: Renderer, admins: frozenset[int]
) -> int:
    """Send *words* to the private chat of each admin; return how many there are."""
    async with storage.writing() as tx:
        to = await admin_chats(tx, admins)
        message = renderer.message("notices.html#from_server", words=words[:LONGEST])
        named = {"notice": "from_server", "subject": f"{tx.now:%Y%m%dT%H%M%S%f}"}
        rows = [
            new_delivery(tx, DeliveryKind.NOTICE, admin.chat_id, message, **named) for admin in to
        ]
        await enqueue(tx, rows)
    return len(to)


async def get_overview(
    storage: Storage,
    *,
    started_at: datetime,
    errors: Callable[[], Sequence[Failure]],
    most: int = IN_CHAT,
) -> Overview:
    """Return the state of the bot, with at most *most* unhealthy sources and errors."""
    async with storage.reading() as tx:
        unhealthy = await unhealthy_sources(tx, most)
        maintenance = await current_maintenance(tx)
        return Overview(
            up=tx.now - started_at,
            amounts=await amounts(tx),
            lags=await lags(tx),
            last_article_at=await last_article(tx),
            flood_waits=await flood_waits_today(tx),
            unhealthy=unhealthy,
            more_unhealthy=await count_unhealthy_sources(tx) - len(unhealthy),
            errors=errors()[:most],
            reads_news=await is_anything_read(tx),
            now=tx.now,
            maintained_until=maintenance.until if maintenance else None,
        )


async def chat_page(storage: Storage, wanted: int = 0) -> ListPage[ChatListed]:
    async with storage.reading() as tx:
        return await load_page(partial(chats_listed, tx), wanted, await count_chats(tx))


async def get_chat(storage: Storage, chat_id: int) -> ChatListed:
    async with storage.reading() as tx:
        found = await chat_listed(tx, chat_id)
    if found is None:
        raise NoSuchChat
    return found
