"""IN lists, inserts and upserts, the same on both databases."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, update
from sqlmodel import col, select

from storage.access import WrongGuesses
from storage.articles import Article, articles_by_url, store_articles
from storage.db.engine import Storage
from storage.db.sql import among, insert_new, upsert
from storage.enums import ArticleStage
from storage.queries import Query
from storage.sources import Source
from storage.stories import create_stories

HASHES = ["a", "b", "c", 'd"\\']


@pytest.fixture
async def ids(storage: Storage) -> list[int]:
    """The ids of four queries, in the order of `HASHES`."""
    rows = [
        {"canonical": each, "canonical_hash": each, "live": True, "changed": n}
        for n, each in enumerate(HASHES)
    ]
    async with storage.writing() as tx:
        return sorted(await insert_new(tx, Query, rows, returning=Query.id))


async def hashes(storage: Storage, condition) -> list[str]:
    async with storage.reading() as tx:
        wanted = select(Query.canonical_hash).where(condition).order_by(col(Query.id))
        return list(await tx.session.exec(wanted))


async def test_ids_and_strings_are_found_in_any_iterable(storage: Storage, ids: list[int]):
    assert await hashes(storage, among(col(Query.id), {ids[0], ids[2]})) == ["a", "c"]
    assert await hashes(storage, among(col(Query.id), (each for each in ids[:1]))) == ["a"]
    assert await hashes(storage, among(col(Query.canonical_hash), HASHES[2:])) == HASHES[2:]
    assert await hashes(storage, among(col(Query.canonical_hash), dict.fromkeys("b"))) == ["b"]


async def test_nothing_is_among_nothing(storage: Storage, ids: list[int]):
    assert await hashes(storage, among(col(Query.id), [])) == []
    assert await hashes(storage, ~among(col(Query.id), [])) == HASHES


async def test_what_is_not_among_them_is_found(storage: Storage, ids: list[int]):
    assert await hashes(storage, ~among(col(Query.id), ids[1:])) == ["a"]


async def test_more_values_than_a_database_takes_parameters(storage: Storage, ids: list[int]):
    many = range(ids[0], ids[0] + 100_000)
    assert (
        await hashes(storage, among(col(Query.id), many) & (col(Query.id) > ids[1])) == HASHES[2:]
    )


async def test_a_statement_that_is_made_once_takes_each_list(storage: Storage, ids: list[int]):
    wanted = select(Query.canonical_hash).where(among(col(Query.id), bindparam("some")))
    async with storage.reading() as tx:
        connection = await tx.session.connection()
        found = [
            list(await connection.scalars(wanted, {"some": some})) for some in ([], ids[:1], ids)
        ]
    assert [len(each) for each in found] == [0, 1, 4]


async def test_rows_are_changed_and_removed_in_the_session_too(storage: Storage, ids: list[int]):
    async with storage.writing() as tx:
        held = list(await tx.session.exec(select(Query).order_by(col(Query.id))))
        changed = update(Query).where(among(col(Query.id), ids[:2])).values(live=False)
        assert (await tx.session.exec(changed)).rowcount == 2
        assert [one.live for one in held] == [False, False, True, True]
        gone = delete(Query).where(among(col(Query.canonical_hash), ["a", "c"]))
        assert (await tx.session.exec(gone)).rowcount == 2
    assert await hashes(storage, col(Query.id) > 0) == ["b", 'd"\\']


async def test_any_number_of_values_is_one_statement(storage: Storage):
    few, many = (select(Query.id).where(among(col(Query.id), range(n))) for n in (1, 50))

    async with storage.reading() as tx:
        dialect = tx.session.get_bind().dialect
    assert str(few.compile(dialect=dialect)) == str(many.compile(dialect=dialect))
    assert few._generate_cache_key() is not None  # else it is compiled each time
    assert few._generate_cache_key() == many._generate_cache_key()


NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


@dataclass
class Given:
    """The columns of an article that most of these tests leave as they are."""

    url_hash: str
    story_id: int = 0
    url: str = "https://wire.example/1"
    title: str = 'Ferry ✓ "late"'
    text: str = ""
    published_at: datetime | None = None
    published_on: date | None = None
    stored_at: datetime = NOON
    news_at: datetime = NOON
    quiet: bool = False


async def added(storage: Storage, *given: Given) -> list[Article]:
    async with storage.writing() as tx:
        stories = await create_stories(tx, len(given))
        for each, story in zip(given, stories, strict=True):
            each.story_id = story
        await insert_new(tx, Article, [asdict(each) for each in given])
    async with storage.reading() as tx:
        return list(await tx.session.exec(select(Article).order_by(Article.url_hash)))


async def test_what_is_added_comes_back_as_it_was(storage: Storage):
    tokyo = timezone(timedelta(hours=9))
    in_tokyo = Given("a", published_at=NOON.astimezone(tokyo), quiet=True)
    on_a_day = Given("b", published_on=date(2026, 3, 1))

    articles = await added(storage, in_tokyo, on_a_day)

    def told(article: Any) -> dict[str, Any]:
        return {name: getattr(article, name) for name in asdict(in_tokyo)}

    assert list(map(told, articles)) == [asdict(in_tokyo), asdict(on_a_day)]


async def test_what_is_not_named_has_its_default(storage: Storage):
    (article,) = await added(storage, Given("a"))

    assert (article.stage, article.version, article.summary, article.owner) == (
        ArticleStage.STORED,
        1,
        "",
        None,
    )


async def test_what_is_there_stays_as_it_is(storage: Storage):
    await added(storage, Given("a", title="First"))

    articles = await added(storage, Given("a", title="Second"), Given("b", title="Third"))

    assert [article.title for article in articles] == ["First", "Third"]


async def test_an_article_that_is_there_gets_no_second_story(storage: Storage):
    await added(storage, Given("b"))
    rows = [{**asdict(Given(each))} for each in "abc"]

    async with storage.writing() as tx:
        stored = await store_articles(tx, rows)
        found = await articles_by_url(tx, ["a", "b", "c", "d"])

    assert {url.url_hash for url in stored} == {"a", "c"}
    assert {url.url_hash for url in found} == {"a", "b", "c"}
    assert stored.items() <= found.items()


async def test_stories_are_numbered_in_order(storage: Storage):
    async with storage.writing() as tx:
        one, several = await create_stories(tx, 1), await create_stories(tx, 3)

    assert len({*one, *several}) == 4
    assert several == sorted(several)


async def test_an_upsert_changes_the_named_columns_of_what_is_there(storage: Storage):
    await added(storage, Given("a", title="First", text="Old"), Given("b", title="Second"))
    async with storage.writing() as tx:
        (story,) = await create_stories(tx, 1)
        rows = [
            asdict(Given(key, story_id=story, title="New", text="New")) for key in ("a", "b", "c")
        ]
        changes = "title = excluded.title WHERE article.title <> 'Second'"
        await upsert(tx, Article, rows, key="url_hash, scope_id", changes=changes)

    async with storage.reading() as tx:
        found = await tx.session.exec(select(Article).order_by(Article.url_hash))
        told = [(article.title, article.text) for article in found]

    assert told == [("New", "Old"), ("Second", ""), ("New", "New")]


async def test_of_many_rows_those_that_are_new_are_returned(storage: Storage):
    rows = [{"canonical": str(n), "canonical_hash": str(n), "changed": n} for n in range(1_200)]
    async with storage.writing() as tx:
        await insert_new(tx, Query, rows[:400])
        new = await insert_new(tx, Query, rows, returning=Query.canonical_hash)

        assert sorted(map(int, new)) == list(range(400, 1_200))
        assert tx.made == {"query": 1_200}


async def test_a_column_that_there_is_not_is_refused(storage: Storage):
    async with storage.writing() as tx:
        with pytest.raises(ValueError, match="no columns of Query: \\['typo'\\]"):
            await insert_new(tx, Query, [{"canonical": "a", "typo": 1}])


async def test_each_row_without_a_list_has_one_of_its_own(storage: Storage):
    row = {"host": "wire.example", "created_at": NOON, "next_fetch_at": NOON}
    rows = [row | {"url": f"https://wire.example/{n}", "url_hash": n} for n in "ab"]
    async with storage.writing() as tx:
        await insert_new(tx, Source, rows)
        found = (await tx.session.exec(select(Source))).all()

        assert [source.folder for source in found] == [[], []]


async def test_an_upsert_can_add_to_what_is_there(storage: Storage):
    async with storage.writing() as tx:
        for _ in range(3):
            row = {"user_id": 7, "tries": 1, "since": NOON}
            more = "tries = wrongguesses.tries + 1"
            await upsert(tx, WrongGuesses, [row], key="user_id", changes=more)
        assert (await tx.session.exec(select(WrongGuesses.tries))).all() == [3]
        assert not tx.made["wrongguesses"]
