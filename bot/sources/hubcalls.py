"""What hubs say when they call: they ask back, refuse, and tell that a source has news."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.sources.getting.hubs import (
    DENIED,
    SUBSCRIBE,
    UNSUBSCRIBE,
    is_signed,
    lease_of,
    renewed_at,
)
from bot.sources.pushes import APART
from storage.db.engine import Storage, Transaction
from storage.websub import PushSubscription, change_push, forget_push, poll_soon, push_of

log = structlog.get_logger(__name__)

ASKED_AGAIN: Final = timedelta(days=7)  # after a refusal


@dataclass(frozen=True, slots=True)
class HubCalls:
    """A hub is known by the token in the address that it calls; nobody else has it."""

    storage: Storage

    async def answer(self, token: str, question: Mapping[str, str]) -> str | None:
        """Return the challenge if we want what the hub is about to do; None if we do not.

        Whoever calls without a token that we gave out can only have us read, never write.
        """
        async with self.storage.reading() as tx:
            push = await push_of(tx, token)
        if push is None or question.get("hub.topic") != push.topic:
            return None
        mode = question.get("hub.mode")
        if mode not in {DENIED, UNSUBSCRIBE if push.source_id is None else SUBSCRIBE}:
            return None
        async with self.storage.writing() as tx:
            if mode == DENIED:
                await _denied(tx, push, question.get("hub.reason", ""))
                return ""
            await _confirmed(tx, push, question.get("hub.lease_seconds", ""))
        return question.get("hub.challenge")

    async def is_awaited(self, token: str) -> bool:
        async with self.storage.reading() as tx:
            push = await push_of(tx, token)
        return push is not None and push.source_id is not None

    async def take(self, token: str, body: bytes, signature: str) -> bool:
        """Have the source read soon; False if the hub did not sign what it sent.

        The source itself is asked then: what a hub sends is not read.
        """
        async with self.storage.reading() as tx:
            push = await push_of(tx, token)
        if push is None or push.source_id is None:
            return False
        if not is_signed(body, signature, push.secret):
            log.warning("a push without a good signature is ignored", hub=push.hub)
            return False
        async with self.storage.writing() as tx:
            await change_push(tx, push.id, {"pushed_at": tx.now})
            await poll_soon(tx, APART)
        return True


async def _confirmed(tx: Transaction, push: PushSubscription, lease_seconds: str) -> None:
    if push.source_id is None:
        await forget_push(tx, push.id)
        return
    lease = lease_of(lease_seconds)
    values = {
        "asking": None,
        "failures": 0,
        "ends_at": tx.now + lease,
        "due_at": renewed_at(tx.now, lease),
    }
    await change_push(tx, push.id, values)


async def _denied(tx: Transaction, push: PushSubscription, reason: str) -> None:
    log.warning("a hub will not tell of news", hub=push.hub, topic=push.topic, reason=reason[:200])
    values = {"asking": None, "ends_at": None, "due_at": tx.now + ASKED_AGAIN}
    await change_push(tx, push.id, values)
