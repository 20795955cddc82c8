"""The poll stage: fetches the sources that are due. One bad source never stops another."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Self

import structlog

from bot.budgets import USUAL, Budgets
from bot.sources.decide import Fetched, not_a_feed
from bot.sources.discovery.publishers import is_search, with_publishers
from bot.sources.entry_rules import EntryRules
from bot.sources.feeds.model import AS_USUAL
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.fetch.source import (
    Fetches,
    FetchRequest,
    FetchResult,
    ReadsDocuments,
    fetch_source,
)
from bot.sources.host_answers import answer_of
from bot.sources.pages.selectors import with_preset
from bot.sources.sealing import NO_KEYS, CannotOpenError, Keyring
from bot.sources.source_access import fetcher_for
from bot.sources.store import store_fetched, store_together
from bot.sources.urls import logged_url
from bot.stages import LastRound
from bot.tasks import Slots
from storage.db.engine import Storage, Transaction
from storage.db.leases import release, renew
from storage.db.problems import DatabaseError
from storage.enums import SourceKind
from storage.source_rules import rules_of
from storage.sources import (
    PrivateClaim,
    Source,
    claim_private_source,
    claim_public_sources,
    due_sources,
    end_pauses,
)

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=1)  # how long the sources of a killed process stay leased
# Leases are renewed, because the sources of a host are fetched in turn, two seconds apart.
RENEWED_SECONDS: Final = 20.0
PUBLIC_SLOTS: Final = 48  # hosts
PRIVATE_SLOTS: Final = 6  # sources
MAX_OF_ACCOUNT: Final = 2  # private sources at once, in one process
OWN_HOST_CONCURRENCY: Final = 4  # sources of one host in the operator's own network
# Fetches that end within this time are stored together, because a commit costs more than storing a
# typical fetch.
_GATHER_SECONDS: Final = 0.3
_UNREADABLE_LOGIN: Final = FetchResult(problem=Problem(ProblemCode.LOGIN_UNREADABLE))


def _random_jitter() -> float:
    return random.uniform(-1, 1)  # noqa: S311 - it spreads polls and protects nothing


@dataclass(slots=True)
class _Claims:
    """The sources that one round has claimed."""

    public: list[Source] = field(default_factory=list)
    private: list[PrivateClaim] = field(default_factory=list)
    rules: Mapping[int, EntryRules] = field(default_factory=dict)
    is_limited: bool = False
    """Whether more public sources may be due than could be claimed at once."""


@dataclass(eq=False)
class SourcePoller:
    """Claims sources for its free slots and fetches them. Use inside `async with`.

    A public slot holds the sources of one host that were claimed together, and fetches them one
    after another. A private slot holds one source, and an account fills at most `MAX_OF_ACCOUNT`
    of them. Several pollers may run at once, in one process or many.
    """

    storage: Storage
    fetcher: Fetches
    reader: ReadsDocuments
    owner: str
    budgets: Budgets = USUAL
    keyring: Keyring = NO_KEYS
    jitter: Callable[[], float] = _random_jitter
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    public: Slots = field(default_factory=lambda: Slots(PUBLIC_SLOTS))
    private: Slots = field(default_factory=lambda: Slots(PRIVATE_SLOTS))
    on_ended: Callable[[], None] = lambda: None
    """Called after each fetch, whose result must now be stored."""
    _ended: list[Fetched] = field(default_factory=list)
    _has_ended: asyncio.Event = field(default_factory=asyncio.Event)
    _in_hand: set[int] = field(default_factory=set)
    """Claimed sources whose leases are renewed, until their fetches are stored."""
    _accounts: dict[int, int] = field(default_factory=dict)
    """The account for which each private source is fetched, by the source's id."""
    _rules: dict[int, EntryRules] = field(default_factory=dict)
    """The rules of claimed sources that have any, by the source's id."""
    _left: set[int] = field(default_factory=set)
    """Sources that were not fetched or not stored, and are still leased."""
    _renewing: Slots = field(default_factory=lambda: Slots(1))
    _opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        for slots in (self.public, self.private, self._renewing):
            await self._opened.enter_async_context(slots)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Cancel running fetches; their sources are due again when their leases expire."""
        await self._opened.aclose()

    async def run_once(self) -> int:
        """Store finished fetches, claim sources for the free slots, and return how many.

        Each fetch that ends later wakes the stage again.
        """
        return await self._round() or 0

    async def poll_due(self) -> int:
        """Poll until no source is due or claimed; return how many were claimed in all."""
        claimed = 0
        async with self:
            while (new := await self._round()) or (new == 0 and self._in_hand):
                claimed += new
                if isinstance(new, LastRound):
                    await self._has_ended.wait()
        return claimed

    async def _round(self) -> int | None:
        """Do one round, as `run_once`; return None if the database is away.

        One transaction stores the fetches and claims sources. If it fails, the fetches are stored
        one by one, and the claim follows.
        """
        if not self._ended:
            return await self._claim()
        await self._gather()
        ended, self._ended = self._ended, []
        self._has_ended.clear()
        for fetched in ended:
            self._accounts.pop(fetched.source_id, None)
        claims = _Claims()
        try:
            with handed_back(self._left) as left:
                then = partial(self._take_sources, left, claims)
                await store_together(self.storage, self.owner, ended, self.budgets, then)
        except Exception:  # noqa: BLE001 - `store_fetched` finds and logs the error
            unstored = await store_fetched(self.storage, self.owner, ended, self.budgets)
            self._left |= unstored
            self._let_go(ended)
            return None if unstored else await self._claim()
        self._let_go(ended)
        return self._start(claims)

    async def _claim(self) -> int:
        """Claim sources and start to fetch them; return how many."""
        claims = _Claims()
        with handed_back(self._left) as left:
            await self.storage.write_at_once(partial(self._take_sources, left, claims))
        return self._start(claims)

    async def _take_sources(self, left: Collection[int], claims: _Claims, tx: Transaction) -> None:
        """Release the sources in *left*, then add claimed ones to *claims*, public ones first.

        Awaits nothing but statements.
        """
        if left:
            await release(tx, Source, left, self.owner)
        due = await due_sources(tx)
        if due.is_pause_over:
            await end_pauses(tx)
            due = await due_sources(tx)
        by_priority = due.is_prioritized
        if due.public and (room := self.public.room) > 0:
            claims.public += await claim_public_sources(
                tx, owner=self.owner, limit=room, lease=LEASE, by_priority=by_priority
            )
            claims.is_limited = len(claims.public) == room
        if due.private:
            claims.private += await self._claim_private(tx, by_priority=by_priority)
        claimed = [*claims.public, *(claim.source for claim in claims.private)]
        if ruled := [source.id for source in claimed if source.has_rules]:
            stored = await rules_of(tx, ruled)
            claims.rules = {each: EntryRules.of(rules, tx.now) for each, rules in stored.items()}

    def _start(self, claims: _Claims) -> int:
        """Start to fetch the claimed sources; return how many they are."""
        self._rules |= claims.rules
        for lane in _lanes(claims.public):
            self.public.start(self._poll_in_turn(lane))
        for claim in claims.private:
            self.private.start(self._poll_in_turn([claim.source]))
            if claim.account:
                self._accounts[claim.source.id] = claim.account
        claimed = [*claims.public, *(claim.source for claim in claims.private)]
        self._in_hand.update(source.id for source in claimed)
        if claimed and self._renewing.room:
            self._renewing.start(self._renew())
        return len(claimed) if claims.is_limited else LastRound(len(claimed))

    async def _claim_private(self, tx: Transaction, *, by_priority: bool) -> list[PrivateClaim]:
        """Claim one source at a time, because each claim changes which account is next."""
        claims: list[PrivateClaim] = []
        while len(claims) < self.private.room:
            counts = self._counts_by_account(claims)
            busy = [account for account, count in counts.items() if count >= MAX_OF_ACCOUNT]
            claim = await claim_private_source(
                tx, owner=self.owner, lease=LEASE, busy=busy, by_priority=by_priority
            )
            if claim is None:
                break
            claims.append(claim)
        return claims

    def _counts_by_account(self, claims: Iterable[PrivateClaim]) -> Counter[int]:
        """Return how many private sources are claimed for each account, *claims* included."""
        claimed = [claim.account for claim in claims if claim.account]
        return Counter([*self._accounts.values(), *claimed])

    async def _gather(self) -> None:
        """Wait for fetches that end about the same time, while enough slots are busy."""
        enough = max(self.public.limit // 2, 1)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GATHER_SECONDS):
                while len(self._ended) < min(enough, len(self._in_hand)):
                    self._has_ended.clear()
                    await self._has_ended.wait()

    def _let_go(self, ended: Iterable[Fetched]) -> None:
        self._in_hand.difference_update(fetched.source_id for fetched in ended)

    async def _renew(self) -> None:
        """Renew the leases of claimed sources, as long as there are any."""
        while self._in_hand:
            await self.pause(RENEWED_SECONDS)
            with suppress(DatabaseError, OSError):  # a source with a lost lease is not stored
                async with self.storage.writing() as tx:
                    await renew(tx, Source, self._in_hand, self.owner, LEASE)

    async def _poll_in_turn(self, sources: Sequence[Source]) -> None:
        """Fetch the sources of one host, until it asks for a pause or times out.

        The remaining sources are then handed back, because each would wait for its own time-out.
        """
        for number, source in enumerate(sources, start=1):
            structlog.contextvars.bind_contextvars(source_id=source.id)
            try:
                fetched = await self._poll(source)
            except Exception:  # a bad source must not stop the others
                log.exception(
                    "a source could not be read",
                    source=logged_url(source.url, public=source.public),
                )
                fetched = Fetched(
                    source, FetchResult(problem=Problem(ProblemCode.INTERNAL_ERROR)), self.jitter()
                )
            self._ended.append(fetched)
            if _gives_way(fetched):
                self._hand_back(sources[number:])
            self._has_ended.set()
            self.on_ended()
            if _gives_way(fetched):
                return

    def _hand_back(self, sources: Iterable[Source]) -> None:
        ids = {source.id for source in sources}
        self._in_hand -= ids
        self._left |= ids
        for source_id in ids:
            self._rules.pop(source_id, None)

    async def _poll(self, source: Source) -> Fetched:
        rules = self._rules.pop(source.id, None)
        reading = rules.reading if rules else AS_USUAL
        if source.kind is SourceKind.PAGE:
            reading = with_preset(reading, source.host)
        request = FetchRequest(
            source.url,
            etag=source.etag,
            last_modified=source.last_modified,
            body_hash=source.body_hash,
            inside=source.public,
            public=source.public,
            known=_known_entries(source),
            rules=reading,
        )
        try:
            fetcher = await self._fetcher_for(source)
        except CannotOpenError:
            return Fetched(source, _UNREADABLE_LOGIN, self.jitter())
        result = await fetch_source(fetcher, self.reader, request)
        if problem := not_a_feed(source, result):
            result = replace(result, document=None, problem=problem)
        if result.document:
            document = with_publishers(result.document, source.kind, source.host)
            result = replace(result, document=document)
        return Fetched(source, result, self.jitter(), rules)

    async def _fetcher_for(self, source: Source) -> Fetches:
        """Return the fetcher of the source, with its login. Raises CannotOpenError."""
        if not source.has_access:
            return self.fetcher
        return await fetcher_for(self.storage, self.keyring, self.fetcher, source.id)


def _gives_way(fetched: Fetched) -> bool:
    """Return whether the other sources of the host must wait."""
    source = fetched.source
    answer = answer_of(fetched.result, datetime.now(UTC), public=source.public)
    return answer is not None and answer.host == source.host and answer.stops_lane


def _known_entries(source: Source) -> bytes:
    """Return the entries of the last read; none for a search, which is always read in full."""
    return b"" if is_search(source.kind, source.host) else source.fingerprints


@contextmanager
def handed_back(ids: set[int]) -> Iterator[frozenset[int]]:
    """Move *ids* into a set whose leases the block releases; put them back if the block fails.

    Concurrent rounds of one process share *ids*, and must not release a source twice.
    """
    taken = frozenset(ids)
    ids.clear()
    try:
        yield taken
    except BaseException:
        ids.update(taken)
        raise


def _lanes(sources: Iterable[Source]) -> list[list[Source]]:
    """Group the sources into lanes; those of one lane are polled one after another.

    Each host has one lane; a host in the operator's own network has up to `OWN_HOST_CONCURRENCY`.
    """
    lanes: dict[tuple[str, int], list[Source]] = defaultdict(list)
    own_counts: dict[str, int] = defaultdict(int)
    for source in sources:
        lane = own_counts[source.host] % OWN_HOST_CONCURRENCY if source.own_network else 0
        own_counts[source.host] += source.own_network
        lanes[source.host, lane].append(source)
    return list(lanes.values())
