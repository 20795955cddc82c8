"""The results of fetches are stored together; one that fails costs the others nothing."""

import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select, update
from structlog.testing import capture_logs

from bot.sources import decide, entries, store
from bot.sources.decide import MOVED_AFTER, Fetched
from bot.sources.drafts import MAX_PRIVATE_PAGES, url_hash
from bot.sources.entries import PreparedEntries, Stored, store_prepared
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.fetch.problems import ProblemCode
from bot.sources.fetch.response import Response
from bot.sources.fetch.source import FetchResult
from bot.sources.lead_pictures import LeadPicture
from bot.sources.store import store_fetched
from storage.articles import Article
from storage.db.engine import Storage, Transaction
from storage.entries import Entry
from storage.enums import SourceKind
from storage.sources import (
    AwaitedPage,
    Source,
    add_source,
    change_source,
    claim_public_sources,
)
from tests.conftest import TurnedClock
from tests.rows import source_row
from tests.sources.polled import DAY, rows_of

MINUTE = timedelta(minutes=1)
UNSTORABLE = "half a character: \ud800"


class Unavailable:
    """A storage whose database is not available."""

    def reading(self) -> NoReturn:
        lost = ConnectionResetError("it is gone")
        raise DBAPIError("SELECT", {}, lost, connection_invalidated=True)


async def claimed(storage: Storage, *names: str, owner: str = "me") -> list[Source]:
    async with storage.writing() as tx:
        for name in names:
            row = source_row(f"https://{name}.example/feed", public=True, host=name)
            await add_source(tx, row | {"next_fetch_at": tx.now})
        sources = await claim_public_sources(tx, owner=owner, limit=9, lease=MINUTE)
    return sorted(sources, key=lambda source: source.host)


def fetched(source: Source, *titles: str, site: str = "", text: str = "") -> Fetched:
    host = site or source.host
    items = tuple(
        Item(guid=title, url=f"https://{host}.example/{title}", title=title, text=text)
        for title in titles
    )
    document = Document(DocumentKind.FEED, items=items)
    return Fetched(source, FetchResult(Response(200, source.url), "hash", document))


def unchanged(source: Source) -> Fetched:
    return Fetched(source, FetchResult(Response(304, source.url)))


async def titles_of(storage: Storage) -> list[str]:
    return sorted(article.title for article in await rows_of(storage, Article))


async def test_the_results_of_several_fetches_are_stored(storage):
    a, b, c = await claimed(storage, "a", "b", "c")

    await store_fetched(
        storage, "me", [fetched(a, "One", "Two"), unchanged(b), fetched(c, "Three")]
    )

    assert await titles_of(storage) == ["One", "Three", "Two"]
    sources = {each.host: each for each in await rows_of(storage, Source)}
    assert {each.owner for each in sources.values()} == {None}
    assert {each.fetches for each in sources.values()} == {1}
    assert {host: each.unchanged for host, each in sources.items()} == {"a": 0, "b": 1, "c": 0}


async def test_an_unavailable_database_is_logged_in_one_line(storage):
    storage_lost = Unavailable()
    sources = await claimed(storage, "a", "b")

    with capture_logs() as lines:
        left = await store_fetched(storage_lost, "me", [fetched(each, "One") for each in sources])  # type: ignore[arg-type]

    assert left == {each.id for each in sources}
    assert [(line["event"], line["reason"]) for line in lines] == 2 * [
        ("the result of a fetch could not be stored", "(builtins.ConnectionResetError) it is gone")
    ]
    assert not any("exc_info" in line for line in lines)


async def test_a_result_that_cannot_be_stored_costs_the_others_nothing(storage):
    a, b, c = await claimed(storage, "a", "b", "c")

    await store_fetched(
        storage, "me", [fetched(a, "One"), fetched(b, UNSTORABLE), fetched(c, "Three")]
    )

    assert await titles_of(storage) == ["One", "Three"]
    sources = {each.host: each for each in await rows_of(storage, Source)}
    assert {each.owner for each in sources.values()} == {None}
    assert {name: bool(each.error) for name, each in sources.items()} == {
        "a": False,
        "b": True,
        "c": False,
    }


async def test_a_source_that_another_process_has_claimed_is_left_to_it(storage):
    (theirs,) = await claimed(storage, "a", owner="another")
    (ours,) = await claimed(storage, "b")

    await store_fetched(storage, "me", [fetched(theirs, "Theirs"), fetched(ours, "Ours")])

    assert await titles_of(storage) == ["Ours"]


async def test_an_article_of_two_sources_at_once_is_stored_once(storage):
    a, b = await claimed(storage, "a", "b")

    await store_fetched(
        storage, "me", [fetched(a, "One", site="wire"), fetched(b, "One", "Two", site="wire")]
    )

    assert await titles_of(storage) == ["One", "Two"]
    ids = {article.title: article.id for article in await rows_of(storage, Article)}
    entries = {(entry.source_id, entry.article_id) for entry in await rows_of(storage, Entry)}
    assert entries == {(a.id, ids["One"]), (b.id, ids["One"]), (b.id, ids["Two"])}


@pytest.mark.parametrize("is_search", [False, True], ids=["the first source", "no search"])
async def test_the_source_of_record_makes_an_article_that_several_show_at_once(storage, is_search):
    a, b = await claimed(storage, "a", "b")
    if is_search:
        a = a.model_copy(update={"kind": SourceKind.SEARCH})
        async with storage.writing() as tx:
            await change_source(tx, a.id, {"kind": SourceKind.SEARCH})
    both = [fetched(each, "One", site="wire", text=f"By {each.host}.") for each in (a, b)]

    await store_fetched(storage, "me", both if is_search else both[::-1])

    (article,) = await rows_of(storage, Article)
    assert article.text == ("By b." if is_search else "By a.")
    assert {each.body_hash for each in await rows_of(storage, Source)} == {"hash"}


async def test_more_than_a_transaction_should_hold_takes_several(storage, monkeypatch):
    monkeypatch.setattr(store, "_MOST", 2)
    a, b, c = await claimed(storage, "a", "b", "c")

    await store_fetched(
        storage, "me", [fetched(a, "One"), fetched(b, "Two", "Three", "Four"), fetched(c, "Five")]
    )

    assert await titles_of(storage) == ["Five", "Four", "One", "Three", "Two"]
    assert [each.owner for each in await rows_of(storage, Source)] == [None, None, None]


@dataclass
class Transactions:
    """Stores what transactions bring; *then* does something within the first one."""

    then: Callable[[Transaction], Awaitable[object]] | None = None
    titles: list[list[str]] = field(default_factory=list)
    owners: list[str | None] = field(default_factory=list)

    async def store(self, tx: Transaction, shown: Sequence[PreparedEntries]) -> Stored:
        if self.titles and self.then is killed:
            raise Killed
        self.titles.append([draft.title for each in shown for draft in each.entries.drafts])
        self.owners.append(await tx.one(select(Source.owner)))
        stored = await store_prepared(tx, shown)
        if len(self.titles) == 1 and self.then:
            await self.then(tx)
        return stored


class Killed(BaseException):
    pass


async def killed(_tx: Transaction) -> None:
    """Let the process end after the first transaction."""


async def taken_over(tx: Transaction) -> None:
    await tx.change(update(Source).values(owner="another"))


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> Transactions:
    monkeypatch.setattr(store, "_MOST", 2)
    transactions = Transactions()
    monkeypatch.setattr(store, "store_prepared", transactions.store)
    return transactions


FIVE = ("Five", "Four", "Three", "Two", "One")  # the newest first, as sources have it


async def test_a_large_result_is_stored_in_parts_and_the_last_one_finishes_the_fetch(
    storage, transactions
):
    (source,) = await claimed(storage, "a")

    await store_fetched(storage, "me", [fetched(source, *FIVE)])

    assert transactions.titles == [["Two", "One"], ["Four", "Three"], ["Five"]]
    assert transactions.owners == ["me", "me", None]
    (source,) = await rows_of(storage, Source)
    assert (source.fetches, source.body_hash) == (1, "hash")


async def test_long_texts_take_more_of_a_transaction(storage, transactions):
    (source,) = await claimed(storage, "a")
    visit = fetched(source, *FIVE)
    assert visit.result.document
    items = tuple(replace(item, text="long " * 2_000) for item in visit.result.document.items)
    document = replace(visit.result.document, items=items)

    await store_fetched(
        storage, "me", [replace(visit, result=replace(visit.result, document=document))]
    )

    assert transactions.titles == [["One"], ["Two"], ["Three"], ["Four"], ["Five"]]


async def test_entries_stored_before_a_crash_are_known_to_the_next_fetch(
    storage, transactions, clock
):
    (source,) = await claimed(storage, "a")
    transactions.then = killed

    with pytest.raises(Killed):
        await store_fetched(storage, "me", [fetched(source, *FIVE)])

    assert await titles_of(storage) == ["One", "Two"]
    (source,) = await rows_of(storage, Source)
    assert (source.owner, source.fetches, source.body_hash) == ("me", 0, None)

    transactions.then = None
    clock.turn(MINUTE)
    async with storage.writing() as tx:
        (source,) = await claim_public_sources(tx, owner="another", limit=9, lease=MINUTE)
    await store_fetched(storage, "another", [fetched(source, *FIVE)])

    assert await titles_of(storage) == sorted(FIVE)
    assert len(await rows_of(storage, Entry)) == 5
    (source,) = await rows_of(storage, Source)
    assert (source.owner, source.fetches, source.body_hash) == (None, 1, "hash")


async def test_a_poller_that_loses_its_lease_between_transactions_stores_no_more(
    storage, transactions
):
    (source,) = await claimed(storage, "a")
    transactions.then = taken_over

    await store_fetched(storage, "me", [fetched(source, *FIVE)])

    assert await titles_of(storage) == ["One", "Two"]
    (source,) = await rows_of(storage, Source)
    assert (source.owner, source.fetches) == ("another", 0)


@pytest.mark.parametrize(
    ("module", "step"), [(store, "identify"), (store, "decide"), (entries, "prepared")]
)
async def test_documents_are_judged_and_folded_off_the_event_loop(
    storage, monkeypatch, module, step
):
    threads = set()
    work = getattr(module, step)

    def noted(*arguments: Any) -> Any:
        threads.add(threading.get_ident())
        return work(*arguments)

    monkeypatch.setattr(module, step, noted)
    (source,) = await claimed(storage, "a")

    await store_fetched(storage, "me", [fetched(source, *FIVE)])

    assert threads
    assert threading.get_ident() not in threads


@pytest.fixture
def four_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_A_DAY", 4)
    monkeypatch.setattr(store, "_UNCOUNTED", 1)


async def again(storage: Storage, clock: TurnedClock, wait: timedelta, *titles: str) -> Source:
    """Let the source show other entries, the oldest last; return it as it is then."""
    clock.turn(wait)
    (source,) = await rows_of(storage, Source)
    async with storage.writing() as tx:
        await tx.change(update(Source).values(owner="me"))
    dated = [
        Item(title, f"https://a.example/{title}", title, published=clock.now - n * MINUTE)
        for n, title in enumerate(titles)
    ]
    document = Document(DocumentKind.FEED, items=tuple(dated[::-1]))  # the oldest stands first
    visit = FetchResult(Response(200, source.url), f"hash of {titles}", document)
    await store_fetched(storage, "me", [Fetched(source, visit)])
    (source,) = await rows_of(storage, Source)
    return source


@pytest.mark.usefixtures("four_a_day")
async def test_the_newest_entries_within_the_daily_limit_of_a_source_are_stored(storage, clock):
    await claimed(storage, "a")

    well = await again(storage, clock, MINUTE, "c", "b", "a")
    full = await again(storage, clock, MINUTE, "f", "e", "d")

    assert await titles_of(storage) == ["a", "b", "c", "f"]
    assert (well.error, full.error, full.failures) == (None, ProblemCode.TOO_MANY_ENTRIES, 1)
    assert full.error_detail == decide._TOO_MUCH.detail
    assert full.body_hash == well.body_hash  # so that the same document is read again

    free = await again(storage, clock, DAY, "f", "e", "d")

    assert await titles_of(storage) == list("abcdef")
    assert (free.error, free.failures) == (None, 0)


@pytest.mark.usefixtures("four_a_day")
async def test_known_entries_are_revised_beyond_the_daily_limit(storage, clock):
    await claimed(storage, "a")
    await again(storage, clock, MINUTE, "d", "c", "b", "a")
    clock.turn(MINUTE)
    (source,) = await rows_of(storage, Source)
    async with storage.writing() as tx:
        await tx.change(update(Source).values(owner="me"))
    items = (
        Item("a", "https://a.example/a", "a rewritten"),
        *(Item(name, f"https://a.example/{name}", name) for name in "xyz"),
    )

    visit = FetchResult(Response(200, source.url), "hash", Document(DocumentKind.FEED, items=items))
    await store_fetched(storage, "me", [Fetched(source, visit)])

    assert await titles_of(storage) == ["a rewritten", "b", "c", "d"]


async def test_nothing_is_counted_where_few_are_new(storage, monkeypatch):
    async def count(*_: object) -> NoReturn:
        raise AssertionError

    monkeypatch.setattr(store, "count_newest", count)
    (source,) = await claimed(storage, "a")

    await store_fetched(storage, "me", [fetched(source, *FIVE)])

    assert await titles_of(storage) == sorted(FIVE)


async def times_moved(storage: Storage, times: int, target: str) -> None:
    """Let the source at host a be polled *times*, each time by way of a permanent redirect."""
    for _ in range(times):
        async with storage.writing() as tx:
            await tx.change(update(Source).values(owner="me"))
        source = next(each for each in await rows_of(storage, Source) if each.host == "a")
        response = Response(304, target, moved_permanently_to=target)
        await store_fetched(storage, "me", [Fetched(source, FetchResult(response))])


@pytest.mark.parametrize(
    ("was", "target", "follows"),
    [
        pytest.param("http://a.example/feed", "https://a.example/feed", True, id="to https"),
        pytest.param("https://a.example/feed?cmp=1", "https://a.example/feed", True, id="tracker"),
        pytest.param("https://a.example/feed", "https://c.example/feed", True, id="elsewhere"),
        pytest.param("https://a.example/feed", "https://b.example/feed", False, id="a source"),
        pytest.param("https://a.example/feed", "http://b.example/feed", False, id="b by http"),
    ],
)
async def test_a_source_follows_ten_permanent_redirects_unless_another_source_is_there(
    storage, was, target, follows
):
    await claimed(storage, "a", "b")
    async with storage.writing() as tx:
        for name, url in {"a": was, "b": "https://b.example/feed"}.items():
            there = update(Source).where(col(Source.host) == name)
            await tx.change(there.values(url=url, url_hash=url_hash(url)))

    await times_moved(storage, MOVED_AFTER - 1, target)
    urls = {source.host: source.url for source in await rows_of(storage, Source)}
    assert urls == {"a": was, "b": "https://b.example/feed"}

    await times_moved(storage, 1, target)
    (source,) = (each for each in await rows_of(storage, Source) if each.url != urls["b"])
    assert source.url == (target if follows else was)
    assert source.url_hash == url_hash(source.url)
    assert source.moved_seen == (0 if follows else MOVED_AFTER)


@pytest.mark.parametrize(("public", "awaited"), [(True, 60), (False, MAX_PRIVATE_PAGES)])
async def test_every_new_entry_of_a_public_source_gets_its_page(storage, public, awaited):
    (source,) = await claimed(storage, "a")
    read = {"first_read_at": source.created_at, "public": public}  # what it shows now is news
    source = source.model_copy(update=read)

    await store_fetched(storage, "me", [fetched(source, *map(str, range(60)))])

    assert len(await rows_of(storage, AwaitedPage)) == awaited


PHOTO = LeadPicture("https://a.example/a.jpg", 800, 450, "Fog")


def with_picture(source: Source, picture: LeadPicture | None, text: str = "") -> Fetched:
    item = Item("1", "https://a.example/1", "One", text=text, picture=picture)
    document = Document(DocumentKind.FEED, items=(item,))
    return Fetched(source, FetchResult(Response(200, source.url), text, document))


async def pictures(storage: Storage) -> list[tuple[str, int | None, int | None, str]]:
    return [
        (each.picture_url, each.picture_width, each.picture_height, each.picture_alt)
        for each in await rows_of(storage, Article)
    ]


async def test_the_lead_picture_of_an_entry_is_kept(storage):
    (a,) = await claimed(storage, "a")

    await store_fetched(storage, "me", [with_picture(a, PHOTO)])

    assert await pictures(storage) == [PHOTO]


async def test_a_revision_brings_another_picture_but_takes_none_away(storage):
    other = LeadPicture("https://a.example/b.jpg")
    (a,) = await claimed(storage, "a")
    seen = []
    for picture, text in ((PHOTO, "rain"), (other, "snow"), (None, "hail")):
        await store_fetched(storage, "me", [with_picture(a, picture, text)])
        seen += await pictures(storage)
        async with storage.writing() as tx:
            lease = {"owner": "me", "lease_until": tx.now + MINUTE}
            await tx.change(update(Source).values(**lease))

    assert [url for url, *_ in seen] == [PHOTO.url, other.url, other.url]


async def test_articles_with_and_without_pictures_are_stored_together(storage):
    a, b = await claimed(storage, "a", "b")

    await store_fetched(storage, "me", [with_picture(a, PHOTO), fetched(b, "Two")])

    assert sorted(await pictures(storage)) == [("", None, None, ""), PHOTO]
