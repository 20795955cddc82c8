from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlmodel import col

from storage.articles import LONGEST_TOKEN, MOST_TOKENS, Article, FoldedText, replace_folded
from storage.db.engine import POSTGRESQL, Storage, Transaction
from storage.search import ArticleSearch, search_articles
from tests.matching.stored import stored_article


async def found(tx: Transaction, word: str) -> list[int]:
    words = f"'{word}'" if tx.dialect == POSTGRESQL else f'"{word}"'
    wanted = ArticleSearch(words, tx.now - timedelta(days=1), whatever_source=True)
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
    article = await stored_article(storage, title, text)

    async with storage.reading() as tx:
        assert await found(tx, word) == [article]
        assert await found(tx, "absent") == []


async def test_what_is_stored_again_takes_the_place_of_the_old(storage: Storage):
    article = await stored_article(storage, "Old")
    async with storage.writing() as tx:
        await replace_folded(tx, [FoldedText(article, "new", "")])

    async with storage.reading() as tx:
        assert await found(tx, "old") == []
        assert await found(tx, "new") == [article]


async def test_a_word_is_found_by_its_beginning_too(storage: Storage):
    article = await stored_article(storage, "Taiwanese ferries")
    beginning = "'ferr':*" if storage.dialect == POSTGRESQL else '"ferr" *'

    async with storage.reading() as tx:
        wanted = ArticleSearch(beginning, tx.now - timedelta(days=1), whatever_source=True)
        assert await search_articles(tx, wanted, limit=10) == [article]


async def test_an_article_that_is_removed_leaves_the_index(storage: Storage):
    article, other = await stored_article(storage, "Ferry"), await stored_article(storage, "Ferry")
    async with storage.writing() as tx:
        await tx.session.exec(delete(Article).where(col(Article.id) == article))

    async with storage.reading() as tx:
        assert await found(tx, "ferry") == [other]
        if tx.dialect != POSTGRESQL:
            # The driver's error says so if the index and the texts differ.
            check = "INSERT INTO folded_index(folded_index, rank) VALUES ('integrity-check', 1)"
            await (await tx.session.connection()).exec_driver_sql(check)


async def test_an_immense_article_is_stored_too(storage: Storage):
    words = " ".join(f"word{number}" for number in range(MOST_TOKENS // 4))
    article = await stored_article(storage, "Immense", "x" * (2 * LONGEST_TOKEN) + " " + words)

    async with storage.reading() as tx:
        assert await found(tx, "immense") == [article]
