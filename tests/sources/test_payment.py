"""Accounts pay for the private sources that they follow; public ones cost nobody anything."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bot.budgets import USUAL, Budgets
from bot.publishing.notices import notify_exhausted
from bot.rendering.renderer import Renderer
from bot.sources.decide import Fetched
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.fetch.problems import Spent
from bot.sources.fetch.response import Response
from bot.sources.fetch.source import FetchResult
from bot.sources.store import store_fetched
from storage.articles import Article
from storage.db.engine import Storage
from storage.enums import FullText, UsageKind
from storage.feeds_followed import follow
from storage.outbox import Delivery
from storage.sources import (
    AwaitedPage,
    Source,
    add_source,
    claim_private_source,
    claim_public_sources,
)
from storage.usage import Usage
from tests.publishing.newsroom import Newsroom
from tests.rows import source_row
from tests.sources.polled import rows_of

NOTICE = (
    "Your own sources have used up what I can do for one chat in a day, so I read them again at "
    "09:00. All other news comes as usual.\n\n"
    "Unfollow a source that you can do without: /sources"
)
MINUTE = timedelta(minutes=1)
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)


@dataclass
class Reading:
    """Reads sources that chats follow, without a web."""

    storage: Storage
    budgets: Budgets = USUAL

    async def source(self, *followers: int, name: str = "own", **more: Any) -> Source:
        async with self.storage.writing() as tx:
            row = source_row(f"https://{name}.example/feed", full_text=FullText.NEVER)
            times = {"next_fetch_at": tx.now, "first_read_at": tx.now}
            source_id = await add_source(tx, row | times | more)
            for chat_id in followers:
                await follow(tx, chat_id, source_id or 0)
        return await self.claimed()

    async def claimed(self) -> Source:
        async with self.storage.writing() as tx:
            public = await claim_public_sources(tx, owner="me", limit=1, lease=MINUTE)
            private = await claim_private_source(tx, owner="me", lease=MINUTE, busy=())
        return private.source if private else public[0]

    async def read(self, source: Source, *items: Item, **spent: Any) -> Source:
        document = Document(DocumentKind.FEED, items=items) if items else None
        response = Response(200 if items else 304, source.url)
        result = FetchResult(response, "hash", document, spent=Spent(**spent))
        await store_fetched(self.storage, "me", [Fetched(source, result)], self.budgets)
        async with self.storage.reading() as tx:
            return await tx.session.get_one(Source, source.id)

    async def used(self) -> dict[str, dict[UsageKind, int]]:
        accounts: dict[str, dict[UsageKind, int]] = {}
        for row in await rows_of(self.storage, Usage):
            accounts.setdefault(row.account_hash, {})[row.kind] = row.used
        return accounts

    async def notices(self) -> Sequence[str]:
        await notify_exhausted(self.storage, Renderer(), 10)
        return [row.body["text"] for row in await rows_of(self.storage, Delivery)]


@pytest.fixture
def reading(storage: Storage) -> Reading:
    return Reading(storage)


@pytest.fixture
def newsroom(storage: Storage) -> Newsroom:
    return Newsroom(storage)


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Collect the statements of all engines."""
    made: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        made.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield made
    event.remove(Engine, "before_cursor_execute", note)


def entries(*titles: str, text: str = "A text.") -> list[Item]:
    moment = datetime(2026, 3, 2, 11, tzinfo=UTC)
    return [
        Item(
            guid=title,
            url=f"https://own.example/{title}",
            title=title,
            text=text,
            published=moment + number * MINUTE,
        )
        for number, title in enumerate(titles)
    ]


async def test_each_follower_pays_for_a_fetch_of_a_private_source(reading, newsroom):
    source = await reading.source(await newsroom.chat(1), await newsroom.chat(2))

    await reading.read(source, *entries("One", "Two"), requests=2, seconds=0.5, received=900)

    paid = {
        UsageKind.REQUESTS: 2,
        UsageKind.WAITING: 500,
        UsageKind.BYTES: 900,
        UsageKind.ENTRIES: 2,
    }
    assert list((await reading.used()).values()) == [paid, paid]


async def test_an_entry_is_paid_for_once(reading, newsroom, clock):
    source = await reading.source(await newsroom.chat(1))

    await reading.read(source, *entries("One"))
    clock.turn(timedelta(hours=1))
    await reading.read(await reading.claimed(), *entries("One", "Two"))

    assert list((await reading.used()).values()) == [{UsageKind.ENTRIES: 2}]


async def test_a_public_source_costs_no_account_anything_and_no_statement(
    reading, newsroom, statements
):
    source = await reading.source(await newsroom.chat(1), public=True)
    statements.clear()

    await reading.read(source, *entries("One"), requests=2, seconds=0.5, received=900)
    made = [one for one in statements if "usage" in one or "follow" in one]

    assert len(statements) > 5
    assert made == []
    assert await reading.used() == {}


async def test_a_source_is_polled_as_usual_while_something_is_left(reading, newsroom):
    reading.budgets = replace(USUAL, requests=3)
    source = await reading.source(await newsroom.chat(1))

    after = await reading.read(source, *entries("One"), requests=2)

    assert (after.error, after.next_fetch_at < MIDNIGHT) == (None, True)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        pytest.param(UsageKind.REQUESTS, {"requests": 3}, id="requests"),
        pytest.param(UsageKind.WAITING, {"seconds": 3.0}, id="seconds"),
        pytest.param(UsageKind.BYTES, {"received": 3_000_000}, id="bytes"),
    ],
)
async def test_a_fetch_beyond_a_budget_makes_its_source_wait(reading, newsroom, kind, facts):
    reading.budgets = replace(USUAL, requests=3, seconds=3, megabytes=3)
    source = await reading.source(await newsroom.chat(1))

    after = await reading.read(source, *entries("One"), **facts)

    (paid,) = (await reading.used()).values()
    assert paid.keys() == {UsageKind.ENTRIES, kind}
    assert MIDNIGHT <= after.next_fetch_at <= MIDNIGHT + 30 * MINUTE
    assert (after.error, after.failures, after.body_hash) == ("over_budget", 0, "hash")


async def test_a_source_goes_on_while_one_follower_can_pay(reading, newsroom):
    reading.budgets = replace(USUAL, requests=3)
    ann, bob = await newsroom.chat(1), await newsroom.chat(2)
    await reading.read(await reading.source(ann, name="heavy"), requests=3)

    shared = await reading.read(await reading.source(ann, bob, name="shared"), requests=1)

    assert shared.error is None
    assert shared.next_fetch_at < MIDNIGHT


async def test_the_newest_entries_are_stored_as_far_as_the_budget_goes(
    reading, newsroom, storage, clock
):
    reading.budgets = replace(USUAL, entries=3)
    source = await reading.source(await newsroom.chat(1))

    after = await reading.read(source, *entries("One", "Two", "Three", "Four", "Five"))
    stored = [article.title for article in await rows_of(storage, Article)]
    clock.turn(timedelta(hours=13))
    await reading.read(await reading.claimed(), *entries("One", "Two", "Three", "Four", "Five"))

    assert sorted(stored) == ["Five", "Four", "Three"]
    assert (after.error, after.next_fetch_at >= MIDNIGHT) == ("over_budget", True)
    assert len(await rows_of(storage, Article)) == 5


async def test_long_entries_use_up_the_budget_sooner(reading, newsroom, storage):
    reading.budgets = replace(USUAL, entries=9)
    source = await reading.source(await newsroom.chat(1))

    await reading.read(source, *entries("One", "Two", "Three", text="long " * 2_400))

    assert len(await rows_of(storage, Article)) == 2


async def test_several_feeds_share_the_budget_of_their_account(reading, newsroom, storage):
    reading.budgets = replace(USUAL, entries=3)
    ann = await newsroom.chat(1)

    await reading.read(await reading.source(ann, name="a"), *entries("One", "Two"))
    other = [replace(item, url=f"{item.url}/b") for item in entries("Three", "Four", "Five")]
    await reading.read(await reading.source(ann, name="b"), *other)

    assert len(await rows_of(storage, Article)) == 3


async def test_pages_beyond_the_budget_are_not_awaited(reading, newsroom, storage):
    reading.budgets = replace(USUAL, pages=2)
    source = await reading.source(await newsroom.chat(1), full_text=FullText.ALWAYS)

    after = await reading.read(source, *entries("One", "Two", "Three"))

    assert len(await rows_of(storage, AwaitedPage)) == 2
    assert len([one for one in await rows_of(storage, Article) if one.ready_at is None]) == 1
    assert after.error is None


async def test_the_account_gets_one_silent_notice_a_day(reading, newsroom, storage, clock):
    reading.budgets = replace(USUAL, requests=3)
    ann = await newsroom.chat(1)
    heavy, other = (await reading.source(ann, name="a")), (await reading.source(ann, name="b"))

    await reading.read(heavy, requests=3)
    first = await reading.notices()
    await reading.read(other, requests=3)
    await reading.notices()
    (notice,) = await rows_of(storage, Delivery)

    assert first == [NOTICE]
    assert notice.silent

    clock.turn(timedelta(days=1))
    await reading.read(await reading.claimed(), requests=3)
    assert len(await reading.notices()) == 2
