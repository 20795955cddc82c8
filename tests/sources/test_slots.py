"""The slots of the poller: claims for each free one, and what a slow or private source may hold."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from bot.sources import poll
from bot.sources.parser_pool import DocumentReader
from bot.sources.poll import MAX_OF_ACCOUNT, PRIVATE_SLOTS, PUBLIC_SLOTS, SourcePoller
from bot.stages import POLL, StageRunner
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.sources import Follow, Source, claim_public_sources
from tests.fake_fetcher import FakeFetcher, Request
from tests.sources.polled import add_sources, rows_of


@pytest.fixture
def end() -> asyncio.Event:
    """Return what the hosts called slow wait for."""
    return asyncio.Event()


@pytest.fixture
def web(end) -> FakeFetcher:
    async def hold_slow_hosts(request: Request) -> None:
        if "slow" in request.url:
            await end.wait()

    return FakeFetcher(before_reply=hold_slow_hosts)


def poller_of(storage: Storage, web: FakeFetcher, owner: str = "me") -> SourcePoller:
    return SourcePoller(storage, web, DocumentReader(), owner)


async def followed(storage: Storage, account: int, source_ids: Iterable[int], threads: int = 1):
    """Let *account* follow the sources, spread over as many threads."""
    async with storage.writing() as tx:
        chats = [
            Chat(telegram_id=account, thread_id=thread, state_since=tx.now, created_at=tx.now)
            for thread in range(threads)
        ]
        for chat in chats:
            await tx.add(chat)
        for number, source_id in enumerate(source_ids):
            await tx.add(Follow(chat_id=chats[number % threads].id, source_id=source_id))


def each_on_its_host(name: str, count: int) -> list[str]:
    return [f"https://{name}{number}.example/feed" for number in range(count)]


async def rounds(poller: SourcePoller, count: int = 4) -> None:
    for _ in range(count):
        await poller.run_once()
        for _ in range(20):
            await asyncio.sleep(0)


async def test_a_slow_host_holds_its_slot_and_no_other_source(storage, clock, web):
    slow = [f"https://slow.example/{number}" for number in range(5)]
    await add_sources(storage, *slow, "https://good.example/1")

    async with poller_of(storage, web) as poller:
        await rounds(poller)
        good, asked = sorted(web.urls)  # all are due since the same moment
        assert (good, asked in slow) == ("https://good.example/1", True)
        assert "https://good.example/1" not in await leased(storage)

        await add_sources(storage, "https://late.example/1")
        await rounds(poller)

        assert web.urls[2:] == ["https://late.example/1"]
        assert await leased(storage) == set(slow)


async def leased(storage: Storage) -> set[str]:
    return {source.url for source in await rows_of(storage, Source) if source.owner}


async def test_no_more_hosts_are_asked_at_once_than_there_are_slots(storage, web, end):
    await add_sources(storage, *each_on_its_host("slow", PUBLIC_SLOTS + 5))

    async with poller_of(storage, web) as poller:
        await rounds(poller)
        assert len(web.urls) == len(await leased(storage)) == PUBLIC_SLOTS
        end.set()
        await rounds(poller, 8)
        assert len(web.urls) == PUBLIC_SLOTS + 5


async def test_private_sources_never_take_the_slot_of_a_public_one(storage, web):
    await add_sources(storage, *each_on_its_host("slow", 50), public=False)
    public = each_on_its_host("slow-public", PUBLIC_SLOTS)

    async with poller_of(storage, web) as poller:
        await rounds(poller)
        assert len(web.urls) == PRIVATE_SLOTS

        await add_sources(storage, *public)
        await rounds(poller)

        assert sorted(web.urls[PRIVATE_SLOTS:]) == sorted(public)


async def test_private_sources_of_a_publishers_host_keep_its_public_one_from_no_slot(storage, web):
    await add_sources(storage, *(f"https://slow.example/{n}" for n in range(20)), public=False)

    async with poller_of(storage, web) as poller:
        await rounds(poller)
        await add_sources(storage, "https://slow.example/public")
        await rounds(poller)

    assert web.urls == ["https://slow.example/0", "https://slow.example/public"]


async def test_one_account_fills_a_few_of_the_private_slots_in_all_its_threads(storage, web):
    flood = await add_sources(storage, *each_on_its_host("slow", 50), public=False)
    await followed(storage, -1, flood, threads=13)
    (one,) = await add_sources(storage, "https://slow-other.example/feed", public=False)
    await followed(storage, 2, [one])

    async with poller_of(storage, web) as poller:
        await rounds(poller)

    assert web.urls == [
        *each_on_its_host("slow", MAX_OF_ACCOUNT),
        "https://slow-other.example/feed",
    ]


async def test_a_feed_that_a_busy_account_follows_too_is_read_for_its_other_followers(storage, web):
    flood = await add_sources(storage, *each_on_its_host("slow", MAX_OF_ACCOUNT + 1), public=False)
    await followed(storage, 1, flood)
    await followed(storage, 2, flood[-1:])

    async with poller_of(storage, web) as poller:
        await rounds(poller)

    assert len(web.urls) == MAX_OF_ACCOUNT + 1


async def test_a_slot_of_an_account_is_free_again_when_its_fetch_has_ended(storage, clock, web):
    sources = await add_sources(storage, *each_on_its_host("quick", 9), public=False)
    await followed(storage, 1, sources)

    claimed = await poller_of(storage, web).poll_due()

    assert claimed == len(web.urls) == 9


async def test_sources_in_hand_at_the_end_come_back_with_their_lease(storage, clock, web, end):
    await add_sources(storage, "https://slow.example/1")
    async with poller_of(storage, web) as poller:
        await rounds(poller, 1)
    clock.turn(timedelta(minutes=1))
    end.set()

    assert await poller_of(storage, web, "another").poll_due() == 1


async def counted_rounds(poller: SourcePoller, storage: Storage, count: int) -> list[int]:
    """Return the number of writing transactions of each round."""
    committed: list[Mapping[str, int]] = []
    storage.on_made = committed.append
    numbers = []
    for _ in range(count):
        committed.clear()
        await rounds(poller, 1)
        numbers.append(len(committed))
    return numbers


async def test_one_transaction_stores_fetches_and_claims_the_next_sources(storage, web):
    urls = each_on_its_host("quick", 2)
    await add_sources(storage, *urls)

    async with poller_of(storage, web) as poller:
        poller.public.limit = 1
        numbers = await counted_rounds(poller, storage, 3)

    assert web.urls == urls
    assert numbers == [1, 1, 1]


async def test_a_claim_that_fails_costs_no_result(storage, monkeypatch, web):
    await add_sources(storage, "https://a.example/1", "https://b.example/1")
    claim = claim_public_sources
    failures = [RuntimeError("a claim fails")]

    async def failing_once(tx: Transaction, **options: Any) -> list[Source]:
        claimed = await claim(tx, **options)
        if failures:
            raise failures.pop()
        return claimed

    async with poller_of(storage, web) as poller:
        poller.public.limit = 1
        await rounds(poller, 1)
        monkeypatch.setattr(poll, "claim_public_sources", failing_once)
        await rounds(poller, 3)

    sources = await rows_of(storage, Source)
    assert failures == []
    assert [(source.fetches, source.owner) for source in sources] == [(1, None), (1, None)]


async def test_the_stage_claims_once_if_that_leaves_nothing_due(storage, web):
    await add_sources(storage, "https://slow.example/1")
    committed: list[Mapping[str, int]] = []
    storage.on_made = committed.append

    async with poller_of(storage, web) as poller:
        await StageRunner(POLL, poller.run_once).work(asyncio.Event())

    assert len(committed) == 1
