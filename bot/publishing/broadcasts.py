"""Broadcasts: a message of the operator to many chats, as it was typed, above a footer.

1. The footer names the sender of the message in the language of each chat.
2. Each chat gets one delivery. Deliveries are enqueued shortly before they are sent.
3. The broadcast's row stores its progress, so that another process can continue it.

Deliveries of a chat go in order. If every chat had its row at once, an alert to the last chat would
wait behind the broadcast for an hour, and *Stop* would have to take back all rows. So only the rows
for eight seconds of sending are enqueued. They last through a late round, or until another process
has taken over. A chat that becomes reachable again within three days still gets its message.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.batches import in_batches
from bot.publishing.pages import signed_in
from bot.publishing.stage import resting
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from storage.broadcasts import (
    Broadcast,
    claim_broadcasts,
    count_moving,
    lock_broadcast,
    next_recipients,
)
from storage.db.engine import Storage, Transaction
from storage.enums import BroadcastState, DeliveryKind
from storage.outbox import enqueue, expire_broadcast_deliveries, new_delivery

LEASE = timedelta(seconds=30)
# How many seconds of sending are enqueued ahead; an alert to one of these chats waits as long.
AHEAD_SECONDS = 8


async def publish_broadcasts(
    storage: Storage, renderer: Renderer, owner: str, per_second: float = 27, limit: int = 5
) -> int:
    """Continue up to *limit* broadcasts; return how many deliveries were enqueued."""
    enqueued = 0
    ahead = max(1, int(per_second * AHEAD_SECONDS))
    async with storage.writing() as tx:
        claimed = await claim_broadcasts(tx, limit=limit, owner=owner, lease=LEASE)

    async def continue_each(broadcasts: Sequence[Broadcast]) -> None:
        nonlocal enqueued
        for broadcast_id in [broadcast.id for broadcast in broadcasts]:
            async with storage.writing() as tx:
                broadcast = await lock_broadcast(tx, broadcast_id)
                if broadcast is None or broadcast.owner != owner:
                    continue
                if broadcast.state is BroadcastState.STOPPING:
                    await _stop(tx, broadcast)
                elif broadcast.state is BroadcastState.RUNNING:
                    enqueued += await _enqueue_next(tx, broadcast, renderer, ahead)
                broadcast.free()

    await in_batches(claimed, continue_each, resting(storage, Broadcast, owner))
    return enqueued


async def _stop(tx: Transaction, broadcast: Broadcast) -> None:
    await expire_broadcast_deliveries(tx, broadcast.id)
    # A delivery in flight may become due again; the next round then expires it.
    if not await count_moving(tx, broadcast.id):
        broadcast.state = BroadcastState.STOPPED


async def _enqueue_next(
    tx: Transaction, broadcast: Broadcast, renderer: Renderer, ahead: int
) -> int:
    """Enqueue deliveries to the next chats while fewer than *ahead* are due; return how many."""
    moving = await count_moving(tx, broadcast.id)
    room = ahead - moving
    chats = await next_recipients(tx, broadcast, room) if room > 0 else []
    if chats:
        rows = {tag: _row(tx, broadcast, renderer, tag) for tag in {tag for _, tag in chats}}
        await enqueue(tx, [{**rows[tag], "chat_id": chat_id} for chat_id, tag in chats])
        broadcast.through = chats[-1][0]
        broadcast.made += len(chats)
    elif room > 0 and not moving:
        broadcast.state = BroadcastState.DONE
    return len(chats)


def _row(tx: Transaction, broadcast: Broadcast, renderer: Renderer, tag: str) -> Mapping[str, Any]:
    message = signed_in(renderer, tag, Message.from_json(broadcast.body))
    return new_delivery(tx, DeliveryKind.BROADCAST, 0, message, broadcast_id=broadcast.id)
