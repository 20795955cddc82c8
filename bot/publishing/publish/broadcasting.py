"""Broadcasts: put out a few ahead of the pace, to each chat once, until all have it.

The row says how far it is, so that another process goes on where one has ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.publishing.broadcasts import signed_in
from bot.publishing.publish.rounds import each
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from storage.broadcasts import (
    Broadcast,
    broadcast_to_change,
    claim_broadcasts,
    count_moving,
    next_recipients,
)
from storage.db.engine import Storage, Transaction
from storage.enums import BroadcastState, DeliveryKind
from storage.outbox import enqueue, expire_broadcast_deliveries, new_delivery

LEASE = timedelta(seconds=30)
# So many seconds of the pace stand in the outbox, and an alert to one of these chats waits so long.
AHEAD_SECONDS = 8


@dataclass(frozen=True, slots=True)
class Broadcasting:
    storage: Storage
    renderer: Renderer
    owner: str
    per_second: float = 27
    _done: list[int] = field(default_factory=list, compare=False)

    async def put_out_next(self, limit: int = 5) -> int:
        """Go on with up to *limit* broadcasts; return how many messages were put out."""
        async with self.storage.writing() as tx:
            claimed = await claim_broadcasts(tx, limit=limit, owner=self.owner, lease=LEASE)
        self._done.clear()
        await each(claimed, self._go_on)
        return sum(self._done)

    async def _go_on(self, claimed: Broadcast) -> None:
        async with self.storage.writing() as tx:
            broadcast = await broadcast_to_change(tx, claimed.id)
            if broadcast is None or broadcast.owner != self.owner:
                return
            if broadcast.state is BroadcastState.STOPPING:
                await self._stop(tx, broadcast)
            elif broadcast.state is BroadcastState.RUNNING:
                await self._put_out(tx, broadcast)
            broadcast.owner = broadcast.lease_until = None
            tx.session.add(broadcast)

    async def _stop(self, tx: Transaction, broadcast: Broadcast) -> None:
        await expire_broadcast_deliveries(tx, broadcast.id)
        # What is in hand just now may be due again; then the next round has it.
        if not await count_moving(tx, broadcast.id):
            broadcast.state = BroadcastState.STOPPED

    async def _put_out(self, tx: Transaction, broadcast: Broadcast) -> None:
        moving = await count_moving(tx, broadcast.id)
        room = max(1, int(self.per_second * AHEAD_SECONDS)) - moving
        chats = await next_recipients(tx, broadcast, room) if room > 0 else []
        if chats:
            await enqueue(tx, self._rows(tx, broadcast, chats))
            broadcast.through = chats[-1][0]
            broadcast.made += len(chats)
            self._done.append(len(chats))
        elif room > 0 and not moving:
            broadcast.state = BroadcastState.DONE

    def _rows(
        self, tx: Transaction, broadcast: Broadcast, chats: Sequence[tuple[int, str]]
    ) -> list[dict[str, Any]]:
        made = {tag: self._row(tx, broadcast, tag) for tag in {tag for _, tag in chats}}
        return [made[tag] | {"chat_id": chat} for chat, tag in chats]

    def _row(self, tx: Transaction, broadcast: Broadcast, tag: str) -> dict[str, Any]:
        said = signed_in(self.renderer, tag, Message.from_json(broadcast.body))
        return new_delivery(tx, DeliveryKind.BROADCAST, 0, said, broadcast_id=broadcast.id)
