"""WebSub (https://www.w3.org/TR/websub/): hubs notify us when a source has news.

`ask_hubs` is a stage: it subscribes at the hubs that sources name, renews before a lease ends, and
unsubscribes. A subscription counts only after the hub has called back (`answer_hub`), which needs a
public URL. Until then the hub is asked again, less and less often. A push makes the source due. The
body of the push is not read, because the source itself will be fetched.
"""

import asyncio
import hmac
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any, Final, Protocol, Self

import structlog

from bot.sources.fetch.problems import FetchError
from bot.sources.fetch.response import Response
from bot.sources.urls import logged_url
from storage import websub
from storage.db.engine import Storage, Transaction
from storage.db.leases import release
from storage.sources import Source
from storage.websub import ExpectedPush, PushSubscription

log = structlog.get_logger(__name__)

DEFAULT_LEASE: Final = timedelta(days=10)
MIN_LEASE: Final = timedelta(minutes=5)
MAX_LEASE: Final = timedelta(days=90)
MIN_POLL_GAP: Final = timedelta(minutes=1)  # between two polls of a source with many pushes
MIN_RETRY: Final = timedelta(hours=1)
MAX_RETRY: Final = timedelta(days=1)
RETRY_AFTER_DENIAL: Final = timedelta(days=7)
MAX_UNSUBSCRIBES: Final = 3  # requests, to a hub that does not call back
SUBSCRIBE, UNSUBSCRIBE, DENIED = "subscribe", "unsubscribe", "denied"
# WebSub also allows SHA-1, which is not accepted here.
_SIGNATURES = frozenset({"sha256", "sha384", "sha512"})
_LOGGED_EVERY_SECONDS: Final = 3600.0
_CLAIM: Final = timedelta(minutes=1)  # only needed until the claiming transaction ends


class PostClient(Protocol):
    async def post(
        self, url: str, form: Mapping[str, str], *, inside: bool, public: bool
    ) -> Response: ...


async def ask_hubs(
    storage: Storage, client: PostClient, *, owner: str, callback: str, limit: int = 16
) -> int:
    """Send up to *limit* requests to hubs that are due; return how many subscriptions were due.

    *callback*: the URL that hubs call; the token of the subscription is appended.
    """
    async with storage.writing() as tx:
        await websub.poll_soon(tx, MIN_POLL_GAP)
        await websub.unsubscribe_unused(tx)
        new = await websub.sources_without_push(tx, limit)
        await websub.add_pushes(tx, [_new_row(source, tx.now) for source in new])
        due = await websub.claim_pushes(tx, owner=owner, limit=limit, lease=_CLAIM)
        pushes = [push for push in due if await _is_request_recorded(tx, push, owner)]
    async with asyncio.TaskGroup() as group:
        for push in pushes:
            group.create_task(_ask(client, push, callback))
    return len(due)


async def answer_hub(storage: Storage, token: str, question: Mapping[str, str]) -> str | None:
    """Return the challenge if the hub's *question* is about what we asked for, else None.

    A hub is recognized by the token in the URL that it calls, which no one else has. A repeated
    question changes nothing.
    """
    async with storage.reading() as tx:
        push = await websub.push_of(tx, token)
    if push is None or question.get("hub.topic") != push.topic:
        return None
    mode = question.get("hub.mode")
    if mode == DENIED:
        if push.asking or push.ends_at:
            await _take_denial(storage, push, question.get("hub.reason", "")[:200])
        return ""
    if mode != _mode(push):
        return None
    if push.source_id is None or push.asking:
        async with storage.writing() as tx:
            if push.source_id is None:
                await websub.forget_push(tx, push.id)
            else:
                await _confirm(tx, push, lease_of(question.get("hub.lease_seconds", "")))
    return question.get("hub.challenge")


async def _take_denial(storage: Storage, push: PushSubscription, reason: str) -> None:
    log.warning("a hub denies a subscription", **_names_in_log(push), reason=reason)
    async with storage.writing() as tx:
        retry = {"asking": None, "ends_at": None, "due_at": tx.now + RETRY_AFTER_DENIAL}
        await websub.change_push(tx, push.id, retry)


async def find_push(storage: Storage, token: str) -> ExpectedPush | None:
    """Return the subscription whose hub pushes to *token*; None if it is no longer wanted."""
    async with storage.reading() as tx:
        return await websub.expected_push(tx, token)


async def accept_push(storage: Storage, push: ExpectedPush) -> None:
    """Make the source due, now or when it may be polled again."""
    async with storage.writing() as tx:
        await websub.change_push(tx, push.id, {"pushed_at": tx.now})
        await websub.poll_soon(tx, MIN_POLL_GAP, push.id)


@dataclass(slots=True)
class PushSignature:
    """The signature that a hub sends with a body, and the HMAC of the part received so far.

    The body is not kept, because a user may name a hub that sends many large bodies at once.
    """

    sent: bytes
    _mac: hmac.HMAC

    @classmethod
    def of(cls, header: str, secret: str) -> Self | None:
        """Read `X-Hub-Signature`; None if its method is weak or unknown."""
        method, _, sent = header.strip().partition("=")
        if method.lower() not in _SIGNATURES:
            return None
        mac = hmac.new(secret.encode(), digestmod=method.lower())
        return cls(sent.strip().lower().encode(), mac)

    def update(self, part: bytes) -> None:
        self._mac.update(part)

    @property
    def is_valid(self) -> bool:
        """Return whether the sender of the body knows the secret."""
        return hmac.compare_digest(self._mac.hexdigest().encode(), self.sent)


@dataclass(eq=False)
class ForgedPushes:
    """Logs pushes without a valid signature, once an hour for each subscription.

    It writes at most *most* lines an hour for all subscriptions together.
    """

    clock: Callable[[], float] = time.monotonic
    most: int = 1000
    _logged: OrderedDict[int, tuple[float, int]] = field(default_factory=OrderedDict)
    """When each subscription was last logged, oldest first, and its forged pushes since then."""

    def note(self, push: ExpectedPush) -> None:
        now = self.clock()
        at, unlogged = self._logged.get(push.id, (-inf, 0))
        if now - at < _LOGGED_EVERY_SECONDS:
            self._logged[push.id] = at, unlogged + 1
            return
        if push.id not in self._logged and len(self._logged) >= self.most:
            oldest, _ = next(iter(self._logged.values()))
            if now - oldest < _LOGGED_EVERY_SECONDS:
                return
            self._logged.popitem(last=False)
        log.warning(
            "pushes without a valid signature are ignored",
            **_names_in_log(push),
            since_last_time=unlogged,
        )
        self._logged[push.id] = now, 0
        self._logged.move_to_end(push.id)


def lease_of(seconds: str) -> timedelta:
    """Read `hub.lease_seconds`, within bounds."""
    if not re.fullmatch(r"\d{1,10}", seconds, re.ASCII) or not int(seconds):
        return DEFAULT_LEASE
    return min(max(timedelta(seconds=int(seconds)), MIN_LEASE), MAX_LEASE)


def renewal_of(now: datetime, lease: timedelta) -> datetime:
    """Return when to renew: a fifth of the lease before its end."""
    return now + lease * 0.8


def _new_row(source: Source, now: datetime) -> dict[str, Any]:
    return {
        "source_id": source.id,
        "hub": source.hub,
        "topic": source.hub_topic,
        "public": source.public,
        "inside": source.public and source.own_network,
        "token": secrets.token_urlsafe(32),
        "secret": secrets.token_urlsafe(32),
        "due_at": now,
        "failures": 0,
    }


async def _is_request_recorded(tx: Transaction, push: PushSubscription, owner: str) -> bool:
    """Record the request to the hub of *push*; False if there is nothing left to request.

    It is recorded before it is sent, because a hub may call back before it responds.
    """
    failures = push.failures + (push.asking == _mode(push))  # it never called back
    if push.source_id is None:
        is_over = push.ends_at is None or push.ends_at <= tx.now
        if is_over or failures >= MAX_UNSUBSCRIBES:
            await websub.forget_push(tx, push.id)
            return False
    retry = min(MIN_RETRY * 2.0 ** min(failures, 10), MAX_RETRY)
    values = {"asking": _mode(push), "failures": failures, "due_at": tx.now + retry}
    await release(tx, PushSubscription, [push.id], owner, **values)
    return True


async def _ask(client: PostClient, push: PushSubscription, callback: str) -> None:
    form = {
        "hub.callback": callback + push.token,
        "hub.mode": _mode(push),
        "hub.topic": push.topic,
        "hub.secret": push.secret,
        "hub.lease_seconds": str(round(DEFAULT_LEASE.total_seconds())),
    }
    try:
        response = await client.post(push.hub, form, inside=push.inside, public=push.public)
    except FetchError as error:
        log.warning("a hub was not reached", **_names_in_log(push), reason=str(error))
    except Exception:  # one bad hub must not stop the others; it is asked again later
        log.exception("a hub could not be asked", **_names_in_log(push))
    else:
        if response.status not in range(200, 300):
            log.warning("a hub refuses", **_names_in_log(push), status=response.status)


async def _confirm(tx: Transaction, push: PushSubscription, lease: timedelta) -> None:
    due_at = renewal_of(tx.now, lease)
    confirmed = {"asking": None, "failures": 0, "ends_at": tx.now + lease, "due_at": due_at}
    await websub.change_push(tx, push.id, confirmed)


def _names_in_log(push: PushSubscription | ExpectedPush) -> dict[str, Any]:
    """Return the source and the hub's host. The addresses of hub and topic may hold tokens."""
    return {"source_id": push.source_id, "hub": logged_url(push.hub, public=False)}


def _mode(push: PushSubscription) -> str:
    return UNSUBSCRIBE if push.source_id is None else SUBSCRIBE
