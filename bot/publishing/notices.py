"""Notices: silent messages about the service itself, such as a source that has died.

1. Dead source: the chats that depend on it are notified once for each outage. If a public source is
   gone for good, the admins are notified too, because it is not read again until one of them adds
   it again.
2. Group, channel or topic thread closed to the bot: the user who invited the bot is notified once.
   If that user cannot be reached, the chat admins who last changed its settings are. Messages wait
   meanwhile and are sent when the chat is open again.
3. Budget of the day used up: the chat that follows the feeds is notified once a day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.budgets import STOPS_POLLS, next_day
from bot.publishing.stage import resting, run_stage
from bot.rendering.filters import local
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from bot.sources.hosts import shown_host
from storage.access import admin_chats
from storage.chats import (
    Chat,
    is_reported_by_other_row,
    mark_reported,
    private_chat_of,
    private_chats_of_admins,
    unreported_unreachable,
)
from storage.db.engine import Storage, Transaction
from storage.db.leases import release, renew
from storage.enums import ChatState, DeliveryKind, SourceState
from storage.outages import (
    Dependent,
    Outage,
    claim_outages,
    dependents,
    note_outages,
    source_share,
)
from storage.outbox import enqueue, new_delivery
from storage.sources import Source
from storage.usage import take_exhausted

LEASE = timedelta(minutes=5)
CHATS_PER_PAGE = 200
MOST_NOTIFIED = 3  # chat admins


async def publish_notices(
    storage: Storage,
    renderer: Renderer,
    owner: str,
    admins: frozenset[int] = frozenset(),
    limit: int = 10,
) -> int:
    """Enqueue the notices that are due; return how many chats and sources they are about.

    *admins* are the Telegram ids of the admins in the settings.
    """
    closed = await notify_closed(storage, renderer, limit)
    exhausted = await notify_exhausted(storage, renderer, limit)
    dead = await notify_dead_sources(storage, renderer, owner, admins, limit)
    return closed + exhausted + dead


# Dead sources.


@dataclass(frozen=True, slots=True)
class Loss:
    """A dead source, from the point of view of one chat.

    The chat follows the source, or got `given` of its `found` stories from it. If neither holds,
    it is the chat of an admin. `error` and `error_detail` are those of the source.
    """

    source: str
    error: str
    since: datetime
    error_detail: Mapping[str, Any] | None = None
    is_gone: bool = False
    follows: bool = False
    given: int = 0
    found: int = 0


def dead_source_page(renderer: Renderer, loss: Loss, *, zone: str) -> Message:
    day = local(loss.since, zone).date()
    return renderer.message("notices.html#source_dead", loss=loss, day=day)


async def notify_dead_sources(
    storage: Storage, renderer: Renderer, owner: str, admins: frozenset[int], limit: int
) -> int:
    """Notify the chats that depend on dead sources; return how many sources."""

    async def claim(tx: Transaction) -> list[Outage]:
        await note_outages(tx)
        return await claim_outages(tx, owner=owner, limit=limit, lease=LEASE)

    async def notify(outages: Sequence[Outage]) -> None:
        (outage,) = outages
        # Read outside of the writing transaction, because counting a chat's stories can take long.
        async with storage.reading() as tx:
            source = await tx.get(Source, outage.source_id)
            if source is None:
                return  # deleted together with the outage
            shares = await source_share(tx, source, outage.since)
        after: int | None = outage.reported_through
        while after is not None:
            async with storage.reading() as tx:
                chats, last = await dependents(tx, shares, after=after, limit=CHATS_PER_PAGE)
                if last is None and source.public and source.state is SourceState.GONE:
                    # An admin who depends on the source already has a notice with the same key,
                    # and gets no second one.
                    chats += [
                        Dependent(admin.chat_id, admin.zone, follows=False, language=admin.language)
                        for admin in await admin_chats(tx, admins)
                    ]
            async with storage.writing() as tx:
                if last is None:
                    held = await release(tx, Outage, [outage.id], owner, reported_at=tx.now)
                else:
                    progress = {"reported_through": last}
                    held = await renew(tx, Outage, [outage.id], owner, LEASE, **progress)
                if not held:
                    return
                rows = [_dead_source_notice(tx, renderer, outage, source, chat) for chat in chats]
                await enqueue(tx, rows)
            after = last

    return await run_stage(storage, claim, notify, resting(storage, Outage, owner))


def _dead_source_notice(
    tx: Transaction, renderer: Renderer, outage: Outage, source: Source, chat: Dependent
) -> dict[str, Any]:
    loss = Loss(
        source=source.title or shown_host(source.host),
        error=source.error or "",
        error_detail=source.error_detail,
        since=outage.since,
        is_gone=source.state is SourceState.GONE,
        follows=chat.follows,
        given=chat.given,
        found=chat.found,
    )
    message = dead_source_page(renderer.of(chat.language), loss, zone=chat.zone)
    key = f"{source.id}:{outage.since:%Y%m%dT%H%M%S}"
    return _notice(tx, "source_dead", key, chat.chat_id, message)


# Chats that are closed to the bot.


async def notify_closed(storage: Storage, renderer: Renderer, limit: int) -> int:
    """Notify users of chats that are closed to the bot; return how many chats."""
    async with storage.writing() as tx:
        closed = await unreported_unreachable(tx, limit=limit)
        rows = []
        for chat in closed:
            key = f"{chat.id}:{chat.state_since:%Y%m%dT%H%M%S}"
            for recipient in await _recipients(tx, chat):
                page = renderer.of(recipient.speaks)
                message = page.message("notices.html#closed", chat=chat)
                rows.append(_notice(tx, "shut", key, recipient.id, message))
            await mark_reported(tx, chat)
        await enqueue(tx, rows)
    return len(closed)


async def _recipients(tx: Transaction, chat: Chat) -> Sequence[Chat]:
    """Return the private chats to notify; none if another thread of the group was reported."""
    if chat.state is not ChatState.TOPIC_CLOSED and await is_reported_by_other_row(tx, chat):
        return []
    if inviter := await private_chat_of(tx, chat.invited_by or 0):
        return [inviter]
    return await private_chats_of_admins(tx, chat.telegram_id, limit=MOST_NOTIFIED)


# Accounts that have used up a budget.


async def notify_exhausted(storage: Storage, renderer: Renderer, limit: int) -> int:
    """Notify accounts that have used up a budget today; return how many."""
    async with storage.writing() as tx:
        exhausted = await take_exhausted(tx, limit)
        rows = []
        for account in exhausted:
            chat, kinds = account.chat, account.kinds
            midnight = local(next_day(tx.now), chat.zone)
            message = renderer.of(chat.speaks).message(
                "notices.html#over_budget",
                kinds=kinds,
                waits=not kinds.isdisjoint(STOPS_POLLS),
                until=midnight.hour * 60 + midnight.minute,
            )
            rows.append(_notice(tx, "budget", f"{tx.now:%Y%m%d}", chat.id, message))
        await enqueue(tx, rows)
    return len(exhausted)


def _notice(
    tx: Transaction, notice: str, key: str, chat_id: int, message: Message
) -> dict[str, Any]:
    columns = {"notice": notice, "subject": key, "silent": True}
    return new_delivery(tx, DeliveryKind.NOTICE, chat_id, message, **columns)
