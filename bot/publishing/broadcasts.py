"""Broadcasts: what the operator says to many chats, as it was typed, with a line under it.

1. The line says whose message it is, in the language of each chat.
2. Deliveries are written a few ahead of the pace, for each chat once, until all have theirs.
3. The row says how far it is, so that another process goes on where one has ended.

Deliveries of a chat go in order. With a row for every chat at once, an alert to the last chat would
wait behind the broadcast for an hour, and *Stop* would have to take back all of them. So there are
rows for eight seconds of the pace only: enough for a late round or for another process to take the
lease before the sender runs dry. A chat that comes back within three days still gets its message.
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
# So many seconds of the pace stand in the outbox, and an alert to one of these chats waits so long.
AHEAD_SECONDS = 8


async def publish_broadcasts(
    storage: Storage, renderer: Renderer, owner: str, per_second: float = 27, limit: int = 5
) -> int:
    """Go on with up to *limit* broadcasts; return how many deliveries were written."""
    written = 0
    ahead = max(1, int(per_second * AHEAD_SECONDS))
    async with storage.writing() as tx:
        claimed = await claim_broadcasts(tx, limit=limit, owner=owner, lease=LEASE)

    async def go_on(broadcasts: Sequence[Broadcast]) -> None:
        nonlocal written
        for one in broadcasts:
            async with storage.writing() as tx:
                broadcast = await lock_broadcast(tx, one.id)
                if broadcast is None or broadcast.owner != owner:
                    continue
                if broadcast.state is BroadcastState.STOPPING:
                    await _stop(tx, broadcast)
                elif broadcast.state is BroadcastState.RUNNING:
                    written += await _write(tx, broadcast, renderer, ahead)
                broadcast.free()
                tx.session.add(broadcast)

    await in_batches(claimed, go_on, resting(storage, Broadcast, owner))
    return written


async def _stop(tx: Transaction, broadcast: Broadcast) -> None:
    await expire_broadcast_deliveries(tx, broadcast.id)
    # What is being sent just now may be due again; then the next round has it.
    if not await count_moving(tx, broadcast.id):
        broadcast.state = BroadcastState.STOPPED


async def _write(tx: Transaction, broadcast: Broadcast, renderer: Renderer, ahead: int) -> int:
    """Write the deliveries to the next chats, as far as *ahead* leaves room; return how many."""
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
