"""Notices: what a chat is sent besides its news, silently, since it is no news itself.

1. A source is dead: to the chats that depend on it, once for each outage. One that is gone for good
   is no longer read until somebody says so, so the admins are notified too.
2. A group, a channel or a topic thread is closed to the bot: once, to the user who invited the bot.
   Where that user is gone, or cannot be written to, to those who chose last what comes there.
   Messages wait meanwhile, and go on by themselves.
3. An account has used up a budget of the day: once a day, to the chat that follows the feed.
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
MOST_NOTIFIED = 3  # of the chat admins


async def publish_notices(
    storage: Storage,
    renderer: Renderer,
    owner: str,
    admins: frozenset[int] = frozenset(),
    limit: int = 10,
) -> int:
    """Write the notices that are due; return about how many chats and sources it was decided.

    *admins*: Telegram's ids of those that the settings name.
    """
    closed = await notify_closed(storage, renderer, limit)
    exhausted = await notify_exhausted(storage, renderer, limit)
    dead = await notify_dead_sources(storage, renderer, owner, admins, limit)
    return closed + exhausted + dead


# Dead sources.


@dataclass(frozen=True, slots=True)
class Loss:
    """A dead source, as a chat sees it: it follows it, or had `given` of its `found` from there.

    With neither it is the chat of an admin.

    `error` and its detail are those of the source.
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
    """Notify the chats that depend on sources which have died; return how many sources."""

    async def claim(tx: Transaction) -> list[Outage]:
        await note_outages(tx)
        return await claim_outages(tx, owner=owner, limit=limit, lease=LEASE)

    async def notify(outages: Sequence[Outage]) -> None:
        (outage,) = outages
        # Read apart from the writing: to count what a chat was given may take its time.
        async with storage.reading() as tx:
            source = await tx.session.get(Source, outage.source_id)
            if source is None:
                return  # removed, and the outage with it
            shares = await source_share(tx, source, outage.since)
        after: int | None = outage.reported_through
        while after is not None:
            async with storage.reading() as tx:
                chats, last = await dependents(tx, shares, after=after, limit=CHATS_PER_PAGE)
                if last is None and source.public and source.state is SourceState.GONE:
                    # One that depends on it too has a notice with the same key already.
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
    """Notify the users concerned by chats that are closed to the bot; return how many chats."""
    async with storage.writing() as tx:
        closed = await unreported_unreachable(tx, limit=limit)
        rows = []
        for chat in closed:
            key = f"{chat.id}:{chat.state_since:%Y%m%dT%H%M%S}"
            for one in await _concerned(tx, chat):
                message = renderer.of(one.speaks).message("notices.html#closed", chat=chat)
                rows.append(_notice(tx, "shut", key, one.id, message))
            await mark_reported(tx, chat)
        await enqueue(tx, rows)
    return len(closed)


async def _concerned(tx: Transaction, chat: Chat) -> Sequence[Chat]:
    """Return the private chats to notify; none where another row of the same group was reported."""
    if chat.state is not ChatState.TOPIC_CLOSED and await is_reported_by_other_row(tx, chat):
        return []
    if inviter := await private_chat_of(tx, chat.invited_by or 0):
        return [inviter]
    return await private_chats_of_admins(tx, chat.telegram_id, limit=MOST_NOTIFIED)


# Accounts that have used up a budget.


async def notify_exhausted(storage: Storage, renderer: Renderer, limit: int) -> int:
    """Notify the accounts that have used up a budget today; return how many."""
    async with storage.writing() as tx:
        exhausted = await take_exhausted(tx, limit)
        rows = []
        for one in exhausted:
            midnight = local(next_day(tx.now), one.chat.zone)
            message = renderer.of(one.chat.speaks).message(
                "notices.html#over_budget",
                kinds=one.kinds,
                waits=not one.kinds.isdisjoint(STOPS_POLLS),
                until=midnight.hour * 60 + midnight.minute,
            )
            rows.append(_notice(tx, "budget", f"{tx.now:%Y%m%d}", one.chat.id, message))
        await enqueue(tx, rows)
    return len(exhausted)


def _notice(
    tx: Transaction, notice: str, key: str, chat_id: int, message: Message
) -> dict[str, Any]:
    named = {"notice": notice, "subject": key, "silent": True}
    return new_delivery(tx, DeliveryKind.NOTICE, chat_id, message, **named)
