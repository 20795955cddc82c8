"""Broadcasts: messages from an admin to many chats. Drafts, previews, progress, and stopping."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.publishing.pages import signed_in
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from bot.subscribers.errors import NoSuchBroadcast, NotOneMessage
from storage.access import record_event
from storage.broadcasts import (
    Broadcast,
    BroadcastCounts,
    add_draft,
    claim_progress_reports,
    count_recipients,
    counts_of,
    languages_of_chats,
    lock_broadcast,
)
from storage.chats import chat_at
from storage.db.engine import Storage, Transaction
from storage.enums import Audience, AuditAction, BroadcastState
from storage.updates import UpdateRef, is_duplicate, record_result, result_of

REPORT_EVERY = timedelta(seconds=3)
MOST_LANGUAGES = 6
NONE_YET = BroadcastCounts()
_OVER = frozenset({BroadcastState.STOPPED, BroadcastState.DONE})


@dataclass(frozen=True, slots=True)
class BroadcastStatus:
    """*recipients*: how many chats a draft would go to, or a started broadcast goes to.

    *languages*: those of most chats, for a draft only.
    """

    id: int
    state: BroadcastState
    audience: Audience
    language: str
    recipients: int
    counts: BroadcastCounts = NONE_YET
    languages: Sequence[str] = ()

    @property
    def due(self) -> int:
        """How many messages are still to be sent."""
        counts = self.counts
        return max(0, self.recipients - counts.sent - counts.failed - counts.expired)


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """The message in the admin's chat that shows the progress; *language*: the chat's tag."""

    telegram_id: int
    message_id: int
    language: str = ""


async def draft(
    storage: Storage,
    message: Message,
    *,
    by: int,
    language: str = "",
    once: UpdateRef | None = None,
    renderer: Renderer,
) -> tuple[BroadcastStatus, Message]:
    """Store a draft, and return it as chats of that *language* will see it.

    Raises NotOneMessage if it is empty or too long.
    """
    try:
        preview = signed_in(renderer, language, message)
    except ValueError as error:
        raise NotOneMessage from error
    async with storage.writing() as tx:
        if await is_duplicate(tx, once):
            number = await result_of(tx, once)
            return await _status(tx, await _find(tx, number, BroadcastState.DRAFT)), preview
        broadcast = await add_draft(tx, by, message.to_json())
        await record_result(tx, once, broadcast.id)
        return await _status(tx, broadcast), preview


async def choose_audience(
    storage: Storage, broadcast_id: int, audience: Audience, language: str
) -> BroadcastStatus:
    async with storage.writing() as tx:
        broadcast = await _find(tx, broadcast_id, BroadcastState.DRAFT)
        broadcast.audience, broadcast.language = audience, language
        return await _status(tx, broadcast)


async def discard(storage: Storage, broadcast_id: int) -> None:
    async with storage.writing() as tx:
        await tx.delete(await _find(tx, broadcast_id, BroadcastState.DRAFT))


async def send(
    storage: Storage, broadcast_id: int, status: StatusMessage, *, by: int
) -> BroadcastStatus:
    """Start sending, and show the progress in *status*; a second call raises NoSuchBroadcast."""
    async with storage.writing() as tx:
        broadcast = await _find(tx, broadcast_id, BroadcastState.DRAFT)
        audience, language = broadcast.audience, broadcast.language
        broadcast.recipients = await count_recipients(tx, audience, language)
        broadcast.state = BroadcastState.RUNNING
        broadcast.status_chat_id, broadcast.message_id = status.telegram_id, status.message_id
        broadcast.reported_at = tx.now
        details = {"recipients": broadcast.recipients, "to": audience, "language": language}
        await record_event(tx, by, AuditAction.BROADCAST, broadcast_id, **details)
        return await _status(tx, broadcast)


async def stop(storage: Storage, broadcast_id: int, *, by: int) -> BroadcastStatus:
    """Stop sending; a message in flight may still arrive."""
    async with storage.writing() as tx:
        broadcast = await _find(tx, broadcast_id, BroadcastState.RUNNING)
        broadcast.state = BroadcastState.STOPPING
        await record_event(tx, by, AuditAction.STOPPED, broadcast_id)
        return await _status(tx, broadcast)


async def progress_due(storage: Storage) -> list[tuple[StatusMessage, BroadcastStatus]]:
    """Return the broadcasts whose status message must be edited; the end is shown once."""
    async with storage.writing() as tx:
        due = []
        for broadcast in await claim_progress_reports(tx, REPORT_EVERY):
            broadcast.is_reported = broadcast.state in _OVER
            due.append((await _status_message(tx, broadcast), await _status(tx, broadcast)))
        return due


async def _status_message(tx: Transaction, broadcast: Broadcast) -> StatusMessage:
    chat = await chat_at(tx, broadcast.status_chat_id or 0)
    language = chat.speaks if chat else ""
    return StatusMessage(broadcast.status_chat_id or 0, broadcast.message_id or 0, language)


async def _find(tx: Transaction, broadcast_id: int | None, state: BroadcastState) -> Broadcast:
    broadcast = await lock_broadcast(tx, broadcast_id or 0)
    if broadcast is None or broadcast.state is not state:
        raise NoSuchBroadcast
    return broadcast


async def _status(tx: Transaction, broadcast: Broadcast) -> BroadcastStatus:
    audience, language = broadcast.audience, broadcast.language
    status = BroadcastStatus(
        broadcast.id, broadcast.state, audience, language, broadcast.recipients
    )
    if broadcast.state is not BroadcastState.DRAFT:
        return replace(status, counts=await counts_of(tx, broadcast))
    recipients = await count_recipients(tx, audience, language)
    languages = most_spoken(await languages_of_chats(tx))
    return replace(status, recipients=recipients, languages=languages)


def most_spoken(chats: Mapping[str, int]) -> list[str]:
    """Return the most common languages of chats, `en-GB` as `en`; none if all chats share one."""
    counted: Counter[str] = Counter()
    for tag, count in chats.items():
        counted[tag.lower().partition("-")[0]] += count
    names = [name for name, _ in counted.most_common(MOST_LANGUAGES) if name]
    return names if len(counted) > 1 else []
