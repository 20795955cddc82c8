"""What the operator says to many chats: drafted, shown, sent, watched, stopped."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.publishing.pages import signed_in
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from bot.subscribers.errors import NoSuchBroadcast, NotOneMessage
from storage.access import record_event
from storage.broadcasts import (
    Broadcast,
    BroadcastCounts,
    broadcast_to_change,
    claim_progress_reports,
    count_recipients,
    counts_of,
    languages_of_chats,
)
from storage.chats import chat_at
from storage.db.engine import Storage, Transaction
from storage.enums import Audience, AuditAction, BroadcastState, UpdateRef
from storage.updates import is_duplicate, record_result, result_of

TOLD_EVERY = timedelta(seconds=3)
MOST_LANGUAGES = 6
NONE_YET = BroadcastCounts()
_OVER = frozenset({BroadcastState.STOPPED, BroadcastState.DONE})


@dataclass(frozen=True, slots=True)
class BroadcastSeen:
    """*recipients*: how many chats it goes to, or went to when it was begun.

    *languages*: the most spoken ones of all chats; of a draft only.
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
        """How many are still to come."""
        counts = self.counts
        return max(0, self.recipients - counts.sent - counts.failed - counts.expired)


@dataclass(frozen=True, slots=True)
class Desk:
    """The message in the chat of whoever sends it, which tells how far it is.

    *language*: the tag of what is spoken there.
    """

    telegram_id: int
    message_id: int
    language: str = ""


async def draft(
    storage: Storage,
    said: Message,
    *,
    by: int,
    language: str = "",
    once: UpdateRef | None = None,
    renderer: Renderer,
) -> tuple[BroadcastSeen, Message]:
    """Keep it, and return it as it will look to chats of that *language*.

    NotOneMessage where it is empty or too long.
    """
    try:
        shown = signed_in(renderer, language, said)
    except ValueError as error:
        raise NotOneMessage from error
    async with storage.writing() as tx:
        if await is_duplicate(tx, once):
            number = await result_of(tx, once)
            return await _seen(tx, await _in(tx, number, BroadcastState.DRAFT)), shown
        made = Broadcast(made_at=tx.now, user_id=by, body=said.to_json())
        tx.session.add(made)
        await tx.session.flush()
        await record_result(tx, once, made.id)
        return await _seen(tx, made), shown


async def choose_audience(
    storage: Storage, broadcast_id: int, audience: Audience, language: str
) -> BroadcastSeen:
    async with storage.writing() as tx:
        broadcast = await _in(tx, broadcast_id, BroadcastState.DRAFT)
        broadcast.audience, broadcast.language = audience, language
        await tx.session.flush()
        return await _seen(tx, broadcast)


async def discard(storage: Storage, broadcast_id: int) -> None:
    async with storage.writing() as tx:
        await tx.session.delete(await _in(tx, broadcast_id, BroadcastState.DRAFT))


async def send(storage: Storage, broadcast_id: int, desk: Desk, *, by: int) -> BroadcastSeen:
    """Let it go out; *desk* hears how far it is. Pressed twice, it is sent once."""
    async with storage.writing() as tx:
        broadcast = await _in(tx, broadcast_id, BroadcastState.DRAFT)
        wanted = (broadcast.audience, broadcast.language)
        broadcast.recipients = await count_recipients(tx, *wanted)
        broadcast.state = BroadcastState.RUNNING
        broadcast.status_chat_id, broadcast.message_id = desk.telegram_id, desk.message_id
        broadcast.reported_at = tx.now
        await tx.session.flush()
        told = {"recipients": broadcast.recipients, "to": wanted[0], "language": wanted[1]}
        await record_event(tx, by, AuditAction.BROADCAST, broadcast_id, **told)
        return await _seen(tx, broadcast)


async def stop(storage: Storage, broadcast_id: int, *, by: int) -> BroadcastSeen:
    """Send no more of it; what is in hand just now may still arrive."""
    async with storage.writing() as tx:
        broadcast = await _in(tx, broadcast_id, BroadcastState.RUNNING)
        broadcast.state = BroadcastState.STOPPING
        await tx.session.flush()
        await record_event(tx, by, AuditAction.STOPPED, broadcast_id)
        return await _seen(tx, broadcast)


async def progress_due(storage: Storage) -> list[tuple[Desk, BroadcastSeen]]:
    """Return how far each is that its desk has not heard of for a moment, the end once."""
    async with storage.writing() as tx:
        told = []
        for broadcast in await claim_progress_reports(tx, TOLD_EVERY):
            broadcast.is_reported = broadcast.state in _OVER
            tx.session.add(broadcast)
            told.append((await _desk(tx, broadcast), await _seen(tx, broadcast)))
        return told


async def _desk(tx: Transaction, broadcast: Broadcast) -> Desk:
    chat = await chat_at(tx, broadcast.status_chat_id or 0)
    language = chat.speaks if chat else ""
    return Desk(broadcast.status_chat_id or 0, broadcast.message_id or 0, language)


async def _in(tx: Transaction, broadcast_id: int | None, state: BroadcastState) -> Broadcast:
    broadcast = await broadcast_to_change(tx, broadcast_id or 0)
    if broadcast is None or broadcast.state is not state:
        raise NoSuchBroadcast
    return broadcast


async def _seen(tx: Transaction, broadcast: Broadcast) -> BroadcastSeen:
    is_draft = broadcast.state is BroadcastState.DRAFT
    audience, language, number = broadcast.audience, broadcast.language, broadcast.id
    return BroadcastSeen(
        id=number,
        state=broadcast.state,
        audience=audience,
        language=language,
        recipients=await count_recipients(tx, audience, language)
        if is_draft
        else broadcast.recipients,
        counts=NONE_YET if is_draft else await counts_of(tx, broadcast),
        languages=most_spoken(await languages_of_chats(tx)) if is_draft else (),
    )


def most_spoken(chats: Mapping[str, int]) -> list[str]:
    """Return the languages that most chats have: `en-GB` is `en`; none where all have one."""
    counted: Counter[str] = Counter()
    for tag, count in chats.items():
        counted[tag.lower().partition("-")[0]] += count
    names = [name for name, _ in counted.most_common(MOST_LANGUAGES) if name]
    return names if len(counted) > 1 else []
