"""IN lists, inserts and upserts, the same on both databases."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta, timezone

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
from tests.rows import source_row

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
        return list(await tx.rows(wanted))


async def test_ids_and_strings_are_found_in_any_iterable(storage: Storage, ids: list[int]):
    assert await hashes(storage, among(col(Query.id), {ids[0], ids[2]})) == ["a", "c"]
    assert await hashes(storage, among(col(Query.id), (each for each in ids[:1]))) == ["a"]
    assert await hashes(storage, among(col(Query.canonical_hash), HASHES[2:])) == HASHES[2:]
    assert await hashes(storage, among(col(Query.canonical_hash), dict.fromkeys("b"))) == ["b"]


async def test_nothing_is_among_nothing(storage: Storage, ids: list[int]):
    assert await hashes(storage, among(col(Query.id), [])) == []
    assert await hashes(storage, ~among(col(Query.id), [])) == HASHES


async def test_values_outside_a_list_are_found(storage: Storage, ids: list[int]):
    assert await hashes(storage, ~among(col(Query.id), ids[1:])) == ["a"]


async def test_a_list_may_be_longer_than_a_database_takes_parameters(
    storage: Storage, ids: list[int]
):
    many = range(ids[0], ids[0] + 100_000)
    assert (
        await hashes(storage, among(col(Query.id), many) & (col(Query.id) > ids[1])) == HASHES[2:]
    )


async def test_a_statement_built_once_takes_any_list(storage: Storage, ids: list[int]):
    wanted = select(Query.canonical_hash).where(among(col(Query.id), bindparam("some")))
    async with storage.reading() as tx:
        found = [await tx.rows(wanted, some=some) for some in ([], ids[:1], ids)]

    assert [len(rows) for rows in found] == [0, 1, 4]


async def test_rows_are_changed_and_deleted_by_a_list(storage: Storage, ids: list[int]):
    async with storage.writing() as tx:
        assert (
            await tx.change(update(Query).where(among(col(Query.id), ids)).values(live=False)) == 4
        )
        assert await tx.change(delete(Query).where(among(col(Query.canonical_hash), "ac"))) == 2

    assert await hashes(storage, ~col(Query.live)) == ["b", 'd"\\']


async def test_any_number_of_values_is_one_statement(storage: Storage):
    few, many = (select(Query.id).where(among(col(Query.id), range(n))) for n in (1, 50))

    async with storage.reading() as tx:
        dialect = tx.session.get_bind().dialect
    assert str(few.compile(dialect=dialect)) == str(many.compile(dialect=dialect))
    assert few._generate_cache_key() is not None  # else it is compiled each time
    assert few._generate_cache_key() == many._generate_cache_key()


NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


@dataclass
class Row:
    """The columns of an article, with values that most tests leave unchanged."""

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


async def added(storage: Storage, *rows: Row) -> list[Article]:
    async with storage.writing() as tx:
        stories = await create_stories(tx, len(rows))
        for row, story in zip(rows, stories, strict=True):
            row.story_id = story
        await insert_new(tx, Article, [asdict(row) for row in rows])
    async with storage.reading() as tx:
        return list(await tx.rows(select(Article).order_by(Article.url_hash)))


async def test_inserted_rows_are_read_back_unchanged(storage: Storage):
    tokyo = timezone(timedelta(hours=9))
    in_tokyo = Row("a", published_at=NOON.astimezone(tokyo), quiet=True)
    on_a_day = Row("b", published_on=date(2026, 3, 1))

    articles = await added(storage, in_tokyo, on_a_day)

    stored = [{name: getattr(row, name) for name in asdict(in_tokyo)} for row in articles]
    assert stored == [asdict(in_tokyo), asdict(on_a_day)]


async def test_a_column_without_a_value_has_its_default(storage: Storage):
    (article,) = await added(storage, Row("a"))

    assert (article.stage, article.version, article.summary, article.owner) == (
        ArticleStage.STORED,
        1,
        "",
        None,
    )


async def test_an_insert_leaves_existing_rows_unchanged(storage: Storage):
    await added(storage, Row("a", title="First"))

    articles = await added(storage, Row("a", title="Second"), Row("b", title="Third"))

    assert [article.title for article in articles] == ["First", "Third"]


async def test_a_known_article_gets_no_second_story(storage: Storage):
    await added(storage, Row("b"))
    rows = [{**asdict(Row(each))} for each in "abc"]

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


async def test_an_upsert_changes_the_named_columns_of_existing_rows(storage: Storage):
    await added(storage, Row("a", title="First", text="Old"), Row("b", title="Second"))
    async with storage.writing() as tx:
        (story,) = await create_stories(tx, 1)
        rows = [
            asdict(Row(key, story_id=story, title="New", text="New")) for key in ("a", "b", "c")
        ]
        changes = "title = excluded.title WHERE article.title <> 'Second'"
        await upsert(tx, Article, rows, key="url_hash, scope_id", changes=changes)

    async with storage.reading() as tx:
        texts = await tx.rows(select(Article.title, Article.text).order_by(Article.url_hash))

    assert texts == [("New", "Old"), ("Second", ""), ("New", "New")]


async def test_the_new_ones_of_many_rows_are_returned(storage: Storage):
    rows = [{"canonical": str(n), "canonical_hash": str(n), "changed": n} for n in range(1_200)]
    async with storage.writing() as tx:
        await insert_new(tx, Query, rows[:400])
        new = await insert_new(tx, Query, rows, returning=Query.canonical_hash)

        assert sorted(map(int, new)) == list(range(400, 1_200))
        assert tx.made == {"query": 1_200}


async def test_an_unknown_column_is_refused(storage: Storage):
    async with storage.writing() as tx:
        with pytest.raises(ValueError, match="no columns of Query: \\['typo'\\]"):
            await insert_new(tx, Query, [{"canonical": "a", "typo": 1}])


async def test_rows_with_a_default_list_share_none(storage: Storage):
    rows = [source_row(f"https://wire.example/{name}") for name in "ab"]
    async with storage.writing() as tx:
        await insert_new(tx, Source, rows)
        found = await tx.rows(select(Source))

        assert [source.folder for source in found] == [[], []]


async def test_an_upsert_can_add_to_a_stored_value(storage: Storage):
    async with storage.writing() as tx:
        for _ in range(3):
            row = {"user_id": 7, "tries": 1, "since": NOON}
            more = "tries = wrongguesses.tries + 1"
            await upsert(tx, WrongGuesses, [row], key="user_id", changes=more)
        assert await tx.rows(select(WrongGuesses.tries)) == [3]
        assert not tx.made["wrongguesses"]
