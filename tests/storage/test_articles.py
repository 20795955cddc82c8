"""Articles: their stages, their revisions, and the index of their words."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, text
from sqlalchemy.dialects import sqlite
from sqlmodel import col, func, select

from storage.articles import (
    LONGEST_TOKEN,
    MOST_TOKENS,
    Article,
    ArticlePutAside,
    FoldedText,
    articles_put_aside,
    articles_to_revise,
    claim_new_articles,
    indexed_words,
    is_at,
    put_aside,
    replace_folded,
    revise_article,
)
from storage.db.engine import POSTGRESQL, Storage, Transaction
from storage.enums import ArticleStage, Notification
from storage.search import ArticleSearch, search_articles
from tests.conftest import TurnedClock
from tests.matching.stored import stored_article, stored_source
from tests.storage.stored import store_article

MINUTE = timedelta(minutes=1)


async def claimed(storage: Storage) -> list[str]:
    async with storage.writing() as tx:
        articles = await claim_new_articles(tx, owner="me", limit=9, lease=2 * MINUTE)
    return [article.title for article in articles]


async def test_an_article_that_waits_for_its_page_blocks_none_behind_it(
    storage: Storage, clock: TurnedClock
):
    await store_article(storage, "waits", wait=MINUTE)
    await store_article(storage, "all here")

    assert await claimed(storage) == ["all here"]

    clock.turn(MINUTE)
    assert await claimed(storage) == ["waits"]


async def test_ready_articles_are_claimed_in_stored_order(storage: Storage, clock: TurnedClock):
    await store_article(storage, "waited", wait=MINUTE)
    await store_article(storage, "all here")
    clock.turn(MINUTE)

    assert await claimed(storage) == ["waited", "all here"]


async def test_articles_in_progress_are_found_by_an_index(sqlite_url: str):
    oldest = select(func.min(col(Article.id) + 0)).where(is_at(ArticleStage.STORED))
    compiled = oldest.compile(dialect=sqlite.dialect(paramstyle="named"))
    storage = Storage.open(sqlite_url)
    async with storage.reading() as tx:
        plan = await tx.rows(text(f"EXPLAIN QUERY PLAN {compiled}"), stage_1="stored", id_1=0)
    await storage.close()

    assert "USING INDEX ix_article_in_turn" in str(plan)


async def revised(
    storage: Storage, article_id: int, **values: str
) -> tuple[Article, set[Notification]]:
    async with storage.writing() as tx:
        (article,) = await articles_to_revise(tx, [article_id])
        revise_article(tx, article, values)
        return article, tx.notifications


@pytest.mark.parametrize(
    ("stage", "owner", "then", "notifications"),
    [
        pytest.param(ArticleStage.STORED, "me", ArticleStage.STORED, set(), id="being grouped"),
        pytest.param(ArticleStage.GROUPED, None, ArticleStage.GROUPED, set(), id="not matched yet"),
        pytest.param(
            ArticleStage.MATCHED,
            "me",
            ArticleStage.GROUPED,
            {Notification.STORIES},
            id="being published",
        ),
        pytest.param(
            ArticleStage.PUBLISHED,
            None,
            ArticleStage.GROUPED,
            {Notification.STORIES},
            id="published",
        ),
    ],
)
async def test_a_revised_article_goes_back_to_matching_and_loses_its_lease(
    storage: Storage,
    stage: ArticleStage,
    owner: str | None,
    then: ArticleStage,
    notifications: set[Notification],
):
    article_id = await store_article(storage, "First", stage=stage, owner=owner)

    article, sent = await revised(storage, article_id, title="Second")

    assert (article.stage, article.owner, sent) == (then, None, notifications)
    assert (article.title, article.text, article.version) == ("Second", "One.", 2)


async def test_each_revision_counts_as_a_version(storage: Storage, clock: TurnedClock):
    article_id = await store_article(storage, "First", stage=ArticleStage.PUBLISHED)
    await revised(storage, article_id, title="Second")
    clock.turn(timedelta(hours=1))

    article, _ = await revised(storage, article_id, title="Third", text="Three.")

    assert (article.version, article.revised_at) == (3, clock.now)
    assert (article.title, article.text) == ("Third", "Three.")


async def test_a_revision_before_any_stage_makes_no_version(storage: Storage):
    article_id = await store_article(storage, "First", stage=ArticleStage.STORED)

    article, _ = await revised(storage, article_id, title="Second")

    assert (article.title, article.version, article.revised_at) == ("Second", 1, None)


async def published_article(storage: Storage, title: str, text: str = "") -> int:
    """Store an article of a public source, which every search finds."""
    return await stored_article(storage, title, text, source_id=await stored_source(storage))


async def found(tx: Transaction, word: str) -> list[int]:
    words = f"'{word}'" if tx.dialect == POSTGRESQL else f'"{word}"'
    wanted = ArticleSearch(words, tx.now - timedelta(days=1))
    return await search_articles(tx, wanted, limit=10)


@pytest.mark.parametrize(
    ("title", "text", "word"),
    [
        pytest.param("Taiwan", "", "taiwan", id="a word of the title"),
        pytest.param("", "Written in C++.", "c++", id="a word with signs"),
        pytest.param("", "AT&T", "at&t", id="an ampersand"),
        pytest.param("", "Québec", "quebec", id="a folded word"),
        pytest.param("", "नई दिल्ली", "दिल्ली", id="a word with marks"),
        pytest.param("", "e-mail", "email", id="a joined word"),
        pytest.param("", "台湾", "湾", id="a character"),
    ],
)
async def test_folded_words_are_found(storage: Storage, title: str, text: str, word: str):
    article = await published_article(storage, title, text)

    async with storage.reading() as tx:
        assert await found(tx, word) == [article]
        assert await found(tx, "absent") == []


async def test_a_new_folded_text_replaces_the_old_one(storage: Storage):
    article = await published_article(storage, "Old")
    async with storage.writing() as tx:
        await replace_folded(tx, [FoldedText(article, "new", "")])

    async with storage.reading() as tx:
        assert await found(tx, "old") == []
        assert await found(tx, "new") == [article]


async def test_a_word_is_found_by_its_beginning(storage: Storage):
    article = await published_article(storage, "Taiwanese ferries")
    beginning = "'ferr':*" if storage.dialect == POSTGRESQL else '"ferr" *'

    async with storage.reading() as tx:
        wanted = ArticleSearch(beginning, tx.now - timedelta(days=1))
        assert await search_articles(tx, wanted, limit=10) == [article]


async def test_a_deleted_article_leaves_the_index(storage: Storage):
    source = await stored_source(storage)
    article, other = [await stored_article(storage, "Ferry", source_id=source) for _ in range(2)]
    async with storage.writing() as tx:
        await tx.change(delete(Article).where(col(Article.id) == article))

    async with storage.reading() as tx:
        assert await found(tx, "ferry") == [other]
        if tx.dialect != POSTGRESQL:
            # It raises an error if the index and the texts differ.
            check = "INSERT INTO folded_index(folded_index, rank) VALUES ('integrity-check', 1)"
            await tx.change(text(check))


async def test_an_immense_article_is_stored(storage: Storage):
    words = " ".join(f"word{number}" for number in range(MOST_TOKENS // 4))
    article = await published_article(storage, "Immense", "x" * (2 * LONGEST_TOKEN) + " " + words)

    async with storage.reading() as tx:
        assert await found(tx, "immense") == [article]


def test_a_word_of_many_bytes_is_not_indexed():
    longest = "é" * (LONGEST_TOKEN // 2 - 1)
    folded = FoldedText(1, "short", f"{longest} {longest}é short", "fr")

    assert indexed_words(folded) == ["lang:fr", "short", longest]


async def test_postgresql_compresses_texts_by_lz4(storage: Storage):
    if storage.dialect != POSTGRESQL:
        pytest.skip("SQLite compresses nothing")
    compressed = text(
        "SELECT attrelid::regclass::text, attname FROM pg_attribute"
        " WHERE attcompression = 'l' AND attrelid IN ('article'::regclass, 'folded'::regclass)"
    )
    async with storage.reading() as tx:
        columns = {(table, column) for table, column in await tx.rows(compressed)}

    texts = {("article", "summary"), ("article", "text")}
    assert columns == texts | {("folded", "text"), ("folded", "tokens")}


# Articles put aside.


async def test_an_article_that_is_put_aside_is_not_claimed(storage: Storage):
    ids = [await stored_article(storage, title) for title in ("Bad", "Good")]
    async with storage.writing() as tx:
        await claim_new_articles(tx, owner="us", limit=1)
        await put_aside(tx, ids[0], "ValueError", owner="us")

    assert await claimed(storage) == ["Good"]


async def test_only_the_owner_of_an_article_puts_it_aside(storage: Storage):
    article = await stored_article(storage, "Bad")
    async with storage.writing() as tx:
        assert not await put_aside(tx, article, "ValueError", owner="us")

    assert await claimed(storage) == ["Bad"]


async def test_an_article_put_aside_is_tried_again_when_it_is_revised(storage: Storage):
    article = await stored_article(storage, "Bad")
    async with storage.writing() as tx:
        await claim_new_articles(tx, owner="us", limit=1)
        await put_aside(tx, article, "ValueError", owner="us")
        for each in await articles_to_revise(tx, [article]):
            revise_article(tx, each, {"title": "Mended"})

    assert await claimed(storage) == ["Mended"]


async def test_articles_put_aside_are_listed_with_public_hosts_alone(
    storage: Storage, clock: TurnedClock
):
    public = await stored_source(storage, "Wire")
    private = await stored_source(storage, "Own", public=False)
    ids = [await stored_article(storage, "Bad", source_id=each) for each in (public, private)]
    async with storage.writing() as tx:
        for article in ids:
            await claim_new_articles(tx, owner="us", limit=1)
            await put_aside(tx, article, "ValueError", owner="us")
    clock.turn(MINUTE)
    async with storage.reading() as tx:
        found = await articles_put_aside(tx, 9)

    since = clock.now - MINUTE
    assert found == [
        ArticlePutAside(ids[0], ArticleStage.GROUPED, "wire.example", since, "ValueError"),
        ArticlePutAside(ids[1], ArticleStage.GROUPED, "", since, "ValueError"),
    ]
