"""Stored texts follow a change of the folding rules, in batches and after a crash."""

from collections.abc import Iterator, Sequence

import pytest
from sqlmodel import select, update

from bot.matching import refold, search
from bot.matching.index_sync import IndexSync
from bot.matching.query import parse
from bot.matching.refold import Refolding
from bot.text import characters, folding
from storage.articles import (
    Article,
    Folded,
    FoldedText,
    UnfoldedText,
    articles_after,
    replace_folded,
)
from storage.db.engine import Storage, Transaction
from storage.queries import query_for
from storage.topics import Topic
from tests.matching.stored import stored_article, stored_source


@pytest.fixture
def raise_version(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the letter q fold to k from here on."""
    yield
    characters.TABLE.clear()


def new_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(characters._LETTERS, "q", "k")
    monkeypatch.setattr(folding, "_replaceable", lambda _: None)
    monkeypatch.setattr(refold, "FOLDING_VERSION", folding.FOLDING_VERSION + 1)
    characters.TABLE.clear()
    characters.TABLE[ord("q")] = characters.TABLE[ord("Q")] = "k"


async def topic(storage: Storage, typed: str) -> int:
    async with storage.writing() as tx:
        query = await query_for(tx, parse(typed).canonical)
        made = Topic(name=typed, query_id=query.id, typed=typed, created_at=tx.now)
        tx.session.add(made)
        await tx.session.flush()
        return made.id


async def refolded(storage: Storage) -> int:
    step, batches = Refolding(storage, "me"), 0
    while await step.refold():
        batches += 1
    return batches


async def stored(storage: Storage) -> tuple[set[str], dict[int, int]]:
    async with storage.reading() as tx:
        titles = set(await tx.session.exec(select(Folded.title)))
        topics = {topic.id: topic.query_id for topic in await tx.session.exec(select(Topic))}
    return titles, topics


@pytest.mark.usefixtures("raise_version")
async def test_articles_and_queries_are_folded_anew(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(refold, "_ARTICLES", 2)
    await refolded(storage)
    source = await stored_source(storage, "Example Wire")
    for title in ("Iraq votes", "Qatar speaks", "Iran waits"):
        await stored_article(storage, title, source_id=source)
    iraq, iran = await topic(storage, "Iraq"), await topic(storage, "Iran")
    before = (await stored(storage))[1]
    sync = IndexSync(storage)
    await sync.catch_up()

    new_rule(monkeypatch)
    batches = await refolded(storage)
    await sync.catch_up()

    titles, topics = await stored(storage)
    assert batches == 3
    assert titles == {"irak votes", "katar speaks", "iran waits"}
    assert topics == before
    assert sync.index.match("Irak", "") == {topics[iraq]}
    assert sync.index.match("Iraq, Iran", "") == {topics[iraq], topics[iran]}
    assert (await search.find(storage, parse("irak"))).count == 1
    assert await refolded(storage) == 0


@pytest.mark.usefixtures("raise_version")
async def test_topics_whose_queries_become_one_share_its_row(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    one, other = await topic(storage, "Iraq"), await topic(storage, "Irak")
    await refolded(storage)
    sync = IndexSync(storage)
    await sync.catch_up()

    new_rule(monkeypatch)
    await refolded(storage)
    await sync.catch_up()

    topics = (await stored(storage))[1]
    assert topics[one] == topics[other]
    assert sync.index.match("Irak", "") == {topics[one]}
    assert len(sync.index) == 1


@pytest.mark.usefixtures("raise_version")
async def test_refolding_resumes_after_a_crash(storage: Storage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(refold, "_ARTICLES", 1)
    await refolded(storage)
    for title in ("Iraq votes", "Qatar speaks"):
        await stored_article(storage, title)
    new_rule(monkeypatch)
    await Refolding(storage, "me").refold()

    assert await refolded(storage) == 1

    assert (await stored(storage))[0] == {"irak votes", "katar speaks"}


@pytest.mark.usefixtures("raise_version")
async def test_an_article_that_is_revised_while_it_is_refolded_keeps_its_new_words(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    await refolded(storage)
    article_id = await stored_article(storage, "Iraq votes")
    new_rule(monkeypatch)

    async def revised_before_writing(
        tx: Transaction, after: int, limit: int
    ) -> Sequence[UnfoldedText]:
        if tx.is_writing:
            await tx.change(update(Article).values(title="Qatar speaks"))
            await replace_folded(tx, [FoldedText(article_id, "katar speaks", "")])
        return await articles_after(tx, after, limit)

    monkeypatch.setattr(refold, "articles_after", revised_before_writing)
    await refolded(storage)

    assert (await stored(storage))[0] == {"katar speaks"}


async def test_one_process_refolds_at_a_time(storage: Storage):
    await stored_article(storage, "Iraq votes")
    one, other = Refolding(storage, "one"), Refolding(storage, "other")

    assert await one.refold() == 1
    assert await other.refold() == 0
