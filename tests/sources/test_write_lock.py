"""Others wait for the write lock: what takes long is done before it is taken, and checked then."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from sqlmodel import col, update

from bot.sources import fulltext, revise, store
from bot.sources.decide import Fetched, SourceEntries
from bot.sources.discovery.add import SourceAdder
from bot.sources.drafts import LONGEST_TITLE, PAGE_TIMEOUT, url_hash
from bot.sources.entries import PreparedEntries, StoredBefore, prepare_from
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.fetch.response import Response
from bot.sources.fetch.source import FetchResult
from bot.sources.fulltext import PageStage
from bot.sources.pages.boilerplate import HostBoilerplate
from bot.sources.store import store_fetched
from bot.text import folding
from storage.articles import Article, Folded
from storage.db.engine import Storage, Transaction
from storage.enums import ArticleStage
from storage.sources import AwaitedPage, Source, claim_public_sources
from tests.conftest import TurnedClock
from tests.fake_fetcher import web_pages
from tests.sources.polled import add_sources, rows_of

MINUTE = timedelta(minutes=1)
LONG = "A storm closed the harbour on Monday, and the ferries stayed in their berths. " * 20
FLOOD = LONG.replace("storm", "flood")
OTHER = "Parliament passes the budget for the coming year after a long night. " * 20
TASTE = "A taste of the storm."
HERE = "https://a.example/2026/storm-hits-harbour"
SHORT = "https://a.example/go?id=17"


@pytest.fixture
def folded_in_lock(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the lengths of the texts that are folded while the write lock is held."""
    is_held = 0
    lengths: list[int] = []
    writing, fold, learn = storage.writing, folding._fold_piece, HostBoilerplate.after

    @asynccontextmanager
    async def watched() -> AsyncIterator[Transaction]:
        nonlocal is_held
        async with writing() as tx:
            is_held += 1
            try:
                yield tx
            finally:
                is_held -= 1

    def noted(words: str) -> folding.FoldedForms:
        if is_held:
            lengths.append(len(words))
        return fold(words)

    def learned(known: Any, title: str, paragraphs: Sequence[str]) -> Any:
        if is_held:
            lengths.append(sum(map(len, paragraphs)))
        return learn(known, title, paragraphs)

    monkeypatch.setattr(storage, "writing", watched)
    monkeypatch.setattr(folding, "_fold_piece", noted)
    monkeypatch.setattr(HostBoilerplate, "after", learned)
    return lengths


async def claimed(storage: Storage) -> Source:
    await add_sources(storage, "https://a.example/feed")
    async with storage.writing() as tx:
        await tx.change(update(Source).values(next_fetch_at=tx.now, lease_until=None))
        (source,) = await claim_public_sources(tx, owner="me", limit=9, lease=MINUTE)
    # What it shows is news, not its backlog.
    return source.model_copy(update={"first_read_at": source.created_at})


async def shows(storage: Storage, *items: Item) -> Source:
    source = await claimed(storage)
    document = Document(DocumentKind.FEED, items=items)
    result = FetchResult(Response(200, source.url, etag="etag"), "hash", document)
    await store_fetched(storage, "me", [Fetched(source, result)])
    return (await rows_of(storage, Source))[0]


def entry(words: str, url: str = HERE, title: str = "Storm hits harbour", guid: str = "g") -> Item:
    return Item(guid, url, title, text=words)


@dataclass
class Reader:
    document: Document

    async def read(self, _data: bytes, **_facts: object) -> Document:
        return self.document

    async def links(self, _data: bytes, **_facts: object) -> NoReturn:
        raise AssertionError


async def complete(
    storage: Storage, clock: TurnedClock, words: str = LONG, address: str = HERE
) -> None:
    """Read the page that is awaited, once its host has rested."""
    clock.turn(MINUTE / 2)
    item = Item(url=address, title="Storm hits harbour", text=words)
    page = Document(DocumentKind.PAGE, items=(item,))
    await PageStage(storage, web_pages(), Reader(page), "me").complete_due()


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(entry(LONG, "https://a.example/2", "Another", "h"), id="new"),
        pytest.param(entry(FLOOD), id="revised"),
        pytest.param(entry(LONG, guid="h"), id="carried"),
        pytest.param(entry(OTHER, "https://a.example/3", "Budget passed"), id="a guid used again"),
    ],
)
async def test_entries_are_folded_and_compared_before_the_write_lock(
    storage, folded_in_lock, second
):
    await shows(storage, entry(LONG))
    await shows(storage, second)

    assert folded_in_lock == []
    assert {each.text for each in await rows_of(storage, Article)} == {LONG, second.text} - (
        {LONG} if second.text == FLOOD else set()
    )


async def test_a_backlog_is_folded_before_the_write_lock(storage, folded_in_lock):
    feed = Document(DocumentKind.FEED, "Paper", items=(entry(LONG), entry(OTHER, SHORT, "Budget")))

    added = await SourceAdder(storage, web_pages(), Reader(feed), public=True).add(
        "https://a.example/"
    )

    assert (added.articles, folded_in_lock) == (2, [])


@pytest.mark.parametrize("address", [HERE, SHORT], ids=["at its address", "united with another"])
@pytest.mark.parametrize("is_late", [False, True], ids=["in time", "late"])
async def test_pages_are_folded_and_compared_before_the_write_lock(
    storage, clock, folded_in_lock, address, is_late
):
    first = [entry(LONG)] if address == SHORT else []
    await shows(storage, *first, entry(TASTE, address, guid="short"))
    if is_late:
        clock.turn(PAGE_TIMEOUT)
        await move_on(storage)

    await complete(storage, clock)

    assert max(folded_in_lock, default=0) <= LONGEST_TITLE
    assert LONG in {each.text for each in await rows_of(storage, Article)}
    assert len(await rows_of(storage, Folded)) == len(await rows_of(storage, Article))


async def move_on(storage: Storage) -> None:
    async with storage.writing() as tx:
        await tx.change(update(Article).values(stage=ArticleStage.PUBLISHED))


async def rewrite(storage: Storage, words: str) -> None:
    """Let somebody else change the articles."""
    async with storage.writing() as tx:
        await tx.change(update(Article).values(text=words))


async def test_an_article_that_changes_while_an_entry_is_compared_is_compared_again_later(
    storage, monkeypatch
):
    async def prepare_late(
        before: StoredBefore, entries: Sequence[SourceEntries]
    ) -> list[PreparedEntries]:
        ready = await prepare_from(before, entries)
        await rewrite(storage, OTHER)
        return ready

    await shows(storage, entry(LONG))
    with monkeypatch.context() as patch:
        patch.setattr(store, "prepare_from", prepare_late)
        source = await shows(storage, entry(FLOOD))

    (article,) = await rows_of(storage, Article)
    assert article.text == OTHER
    assert (source.etag, source.body_hash, source.fingerprints) == (None, None, b"")

    source = await shows(storage, entry(FLOOD))

    (article,) = await rows_of(storage, Article)
    assert article.text == FLOOD
    assert (source.etag, source.body_hash) == ("etag", "hash")


@pytest.mark.parametrize("times", [1, 9], ids=["once", "again and again"])
async def test_an_article_that_changes_while_its_page_is_compared_is_compared_again(
    storage, clock, monkeypatch, times
):
    compare, seen = revise.outcome_of, []

    async def compare_late(asked: Storage, *about: Any) -> revise.PageOutcome | None:
        outcome = await compare(asked, *about)
        seen.append(outcome)
        if len(seen) <= times:
            await rewrite(asked, f"{TASTE} {len(seen)}")
        return outcome

    monkeypatch.setattr(revise, "outcome_of", compare_late)
    await shows(storage, entry(TASTE))

    await complete(storage, clock)

    (article,) = await rows_of(storage, Article)
    (folded,) = await rows_of(storage, Folded)
    left = await rows_of(storage, AwaitedPage)
    if times == 1:
        assert (article.text, folded.text, left) == (LONG, folding.folded_text(LONG), [])
    else:
        assert len(seen) == fulltext._TRIES
        assert article.text == f"{TASTE} {len(seen)}"
        assert len(left) == 1  # its lease brings it back


async def test_two_articles_are_united_as_the_other_one_reads_by_then(storage, clock, monkeypatch):
    compare, seen = revise.outcome_of, []

    async def compare_late(asked: Storage, *about: Any) -> revise.PageOutcome | None:
        outcome = await compare(asked, *about)
        seen.append(outcome)
        if len(seen) == 1:
            async with asked.writing() as tx:
                there = update(Article).where(col(Article.url_hash) == url_hash(HERE))
                await tx.change(there.values(text=FLOOD))
        return outcome

    monkeypatch.setattr(revise, "outcome_of", compare_late)
    await shows(storage, entry(LONG), entry(TASTE, SHORT, guid="short"))

    await complete(storage, clock, TASTE)

    (article,) = await rows_of(storage, Article)
    assert (len(seen), article.text) == (2, FLOOD)
