"""Usage is counted by account and day, reported once, and outlives the chat."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from storage.chats import Chat, open_chat
from storage.db.engine import Storage
from storage.enums import ChatKind, UsageKind
from storage.retention import erase_chat, finish_erasing
from storage.sources import Follow, Source
from storage.usage import (
    MOST_PAYING,
    Payer,
    UsageToday,
    account_of_chat,
    count_exhausted,
    forget_usage,
    note_exhaustion,
    payers_of,
    spend,
    take_exhausted,
    usage_today,
    used_today,
)
from tests.conftest import TurnedClock
from tests.rows import source_row

DAY = timedelta(days=1)
REQUESTS, PAGES = UsageKind.REQUESTS, UsageKind.PAGES


@dataclass
class Chats:
    storage: Storage

    async def add(self, telegram_id: int, thread_id: int = 0) -> int:
        async with self.storage.writing() as tx:
            place = {"telegram_id": telegram_id, "thread_id": thread_id}
            return (await open_chat(tx, place | {"kind": ChatKind.PRIVATE, "name": "A"})).id

    async def account(self, chat_id: int) -> str:
        async with self.storage.writing() as tx:
            return await account_of_chat(tx, chat_id)

    async def used(self, account: str) -> dict[UsageKind, int]:
        async with self.storage.reading() as tx:
            return (await used_today(tx, [account]))[account]

    async def spend(self, account: str, kind: UsageKind, amount: int) -> None:
        async with self.storage.writing() as tx:
            await spend(tx, {(account, kind): amount})


@pytest.fixture
def chats(storage: Storage) -> Chats:
    return Chats(storage)


async def test_amounts_add_up_by_account_kind_and_day(chats, clock):
    ann = await chats.account(await chats.add(1))
    bob = await chats.account(await chats.add(2))

    await chats.spend(ann, REQUESTS, 3)
    await chats.spend(ann, REQUESTS, 4)
    await chats.spend(ann, PAGES, 1)
    today = await chats.used(ann), await chats.used(bob)
    clock.turn(DAY)

    assert today == ({REQUESTS: 7, PAGES: 1}, {})
    assert await chats.used(ann) == {}


async def test_an_amount_beyond_32_bits_is_kept(chats):
    ann = await chats.account(await chats.add(1))

    await chats.spend(ann, UsageKind.BYTES, 2**31)
    await chats.spend(ann, UsageKind.BYTES, 2**31)

    assert await chats.used(ann) == {UsageKind.BYTES: 2**32}


async def test_threads_are_one_account_named_by_a_hash(chats):
    rows = [await chats.add(-1_000_000_000_007, thread) for thread in (0, 5, 9)]
    accounts = {await chats.account(row) for row in rows}

    assert len(accounts) == 1
    assert "1000000000007" not in accounts.pop()


async def test_usage_outlives_the_chat(chats, storage):
    first = await chats.add(1)
    account = await chats.account(first)
    await chats.spend(account, REQUESTS, 3)

    async with storage.writing() as tx:
        await erase_chat(tx, first)
        await finish_erasing(tx, first)
    again = await chats.add(1)

    assert await chats.account(again) == account
    assert await chats.used(account) == {REQUESTS: 3}


async def test_usage_is_forgotten_after_two_days(chats, storage, clock: TurnedClock):
    account = await chats.account(await chats.add(1))
    await chats.spend(account, REQUESTS, 3)

    gone = []
    for _ in range(4):
        async with storage.writing() as tx:
            gone.append(await forget_usage(tx))
        clock.turn(DAY)

    assert gone == [0, 0, 0, 1]


async def followed_source(storage: Storage, *chat_ids: int) -> int:
    async with storage.writing() as tx:
        source = await tx.add(Source(**source_row()))
        for chat_id in chat_ids:
            await tx.add(Follow(chat_id=chat_id, source_id=source.id))
        return source.id


async def test_a_source_counts_once_for_all_threads_of_an_account(chats, storage):
    rows = [await chats.add(-7, 5), await chats.add(-7, 9), await chats.add(3)]
    source = await followed_source(storage, *rows)

    async with storage.reading() as tx:
        (payers,) = (await payers_of(tx, [source])).values()

    assert {payer.chat_id for payer in payers} == {rows[0], rows[2]}


@pytest.mark.parametrize(
    ("accounts", "paying"), [(MOST_PAYING, MOST_PAYING), (MOST_PAYING + 1, 0)], ids=["few", "many"]
)
async def test_a_source_with_very_many_followers_counts_for_none(chats, storage, accounts, paying):
    source = await followed_source(
        storage, *[await chats.add(number + 1) for number in range(accounts)]
    )

    async with storage.reading() as tx:
        payers = await payers_of(tx, [source])

    assert len(payers.get(source, ())) == paying


async def test_an_account_is_notified_once_a_day(chats, storage, clock):
    chat_id = await chats.add(1)
    payer = Payer(await chats.account(chat_id), chat_id)

    async def notified(kind: UsageKind) -> list[frozenset[UsageKind]]:
        await chats.spend(payer.account, kind, 9)
        async with storage.writing() as tx:
            await note_exhaustion(tx, {payer: [kind]})
        async with storage.writing() as tx:
            return [one.kinds for one in await take_exhausted(tx, 10)]

    first, again, other = await notified(REQUESTS), await notified(REQUESTS), await notified(PAGES)
    clock.turn(DAY)
    next_day = await notified(REQUESTS)

    assert (first, again, other) == ([frozenset({REQUESTS})], [], [])
    assert next_day == [frozenset({REQUESTS})]


async def test_an_account_is_not_notified_of_a_past_day(chats, storage, clock):
    chat_id = await chats.add(1)
    payer = Payer(await chats.account(chat_id), chat_id)
    await chats.spend(payer.account, REQUESTS, 9)
    async with storage.writing() as tx:
        await note_exhaustion(tx, {payer: [REQUESTS]})
    clock.turn(DAY)

    async with storage.writing() as tx:
        assert await take_exhausted(tx, 10) == []


async def test_a_deleted_chat_is_not_notified(chats, storage):
    chat_id = await chats.add(1)
    payer = Payer(await chats.account(chat_id), chat_id)
    await chats.spend(payer.account, REQUESTS, 9)
    async with storage.writing() as tx:
        await note_exhaustion(tx, {payer: [REQUESTS]})
        await tx.delete(await tx.get_one(Chat, chat_id))

    async with storage.writing() as tx:
        assert await take_exhausted(tx, 10) == []
    assert await chats.used(payer.account) == {REQUESTS: 9}


async def test_operators_see_sums_and_exhausted_budgets(chats, storage):
    ann = await chats.account(await chats.add(1))
    bob = await chats.account(await chats.add(2))
    for account, kind, amount in ((ann, REQUESTS, 9), (ann, PAGES, 9), (bob, REQUESTS, 2)):
        await chats.spend(account, kind, amount)
    limits = {REQUESTS: 9, PAGES: 9}

    async with storage.reading() as tx:
        today = await usage_today(tx, limits)
        count = await count_exhausted(tx, limits)

    assert today == {REQUESTS: UsageToday(11, 1), PAGES: UsageToday(9, 1)}
    assert count == 1
