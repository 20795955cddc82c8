"""The step that asks hubs to tell of news, asks again before their promise ends, and takes leave.

What was asked counts only once the hub has asked back (see `hubcalls`); until then it is asked
again, less and less often. Only where the bot can be called from outside.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from bot.sources.getting.answers import Answer
from bot.sources.getting.failures import FetchError
from bot.sources.getting.hubs import SUBSCRIBE, UNSUBSCRIBE, USUAL_LEASE
from storage.db.engine import Storage, Transaction
from storage.db.leases import release
from storage.sources import Source
from storage.websub import (
    PushSubscription,
    add_pushes,
    claim_pushes,
    forget_push,
    poll_soon,
    sources_without_push,
    unsubscribe_unused,
)

log = structlog.get_logger(__name__)

APART: Final = timedelta(minutes=1)  # between two readings of a source, whatever its hub says
PATIENCE, LONGEST_PATIENCE = timedelta(hours=1), timedelta(days=1)
MOST_GOODBYES: Final = 3
_LEASE: Final = timedelta(minutes=1)  # not needed beyond the transaction that claims


class Posts(Protocol):
    async def post(self, url: str, form: Mapping[str, str], *, inside: bool = False) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Pushing:
    """*callback*: where hubs can call; the push's token is added to it."""

    storage: Storage
    poster: Posts
    owner: str
    callback: str

    async def ask_hubs(self, limit: int = 16) -> int:
        """Ask up to *limit* hubs what is due; return how many pushes that were."""
        async with self.storage.writing() as tx:
            await poll_soon(tx, APART)
            await unsubscribe_unused(tx)
            new = await sources_without_push(tx, limit)
            await add_pushes(tx, [_first_row(source, tx.now) for source in new])
            due = await claim_pushes(tx, owner=self.owner, limit=limit, lease=_LEASE)
            asked = [push for push in due if await _begin(tx, push, self.owner)]
        async with asyncio.TaskGroup() as group:
            for push in asked:
                group.create_task(self._ask(push))
        return len(due)

    async def _ask(self, push: PushSubscription) -> None:
        form = {
            "hub.callback": self.callback + push.token,
            "hub.mode": _wanted(push),
            "hub.topic": push.topic,
            "hub.secret": push.secret,
            "hub.lease_seconds": str(round(USUAL_LEASE.total_seconds())),
        }
        try:
            answer = await self.poster.post(push.hub, form, inside=push.inside)
        except FetchError as error:
            log.warning("a hub was not asked", hub=push.hub, reason=str(error))
        except Exception:  # one bad hub must not stop the others; it is asked again later
            log.exception("a hub could not be asked", hub=push.hub)
        else:
            if answer.status not in range(200, 300):
                log.warning("a hub says no", hub=push.hub, status=answer.status)


def _first_row(source: Source, now: datetime) -> dict[str, Any]:
    return {
        "source_id": source.id,
        "hub": source.hub,
        "topic": source.hub_topic,
        "inside": source.public and source.own_network,
        "token": secrets.token_urlsafe(32),
        "secret": secrets.token_urlsafe(32),
        "due_at": now,
        "failures": 0,
    }


async def _begin(tx: Transaction, push: PushSubscription, owner: str) -> bool:
    """Note what *push*'s hub is asked now; False if there is nothing to ask any more.

    Noted before the call, since a hub may ask back before it answers.
    """
    failures = push.failures + (push.asking == _wanted(push))  # it never asked back
    if push.source_id is None:
        told = push.ends_at is None or push.ends_at <= tx.now
        if told or failures >= MOST_GOODBYES:
            await forget_push(tx, push.id)
            return False
    values = {
        "asking": _wanted(push),
        "failures": failures,
        "due_at": tx.now + min(PATIENCE * 2.0 ** min(failures, 10), LONGEST_PATIENCE),
    }
    await release(tx, PushSubscription, [push.id], owner, **values)
    return True


def _wanted(push: PushSubscription) -> str:
    return UNSUBSCRIBE if push.source_id is None else SUBSCRIBE
