"""Copies of a whole database in the other kind of database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.db.engine import POSTGRESQL, Storage
from storage.db.postgresql import DatabaseInUseError
from storage.schema import SchemaTooNewError, leased_tables, migrate
from storage.search import ArticleSearch, search_articles
from storage.stories import Story
from storage.transfer import TransferError, transfer
from tests.sample_rows import Rows, fill
from tests.storage.databases import differences, file_of, rows_at, run_on, run_sql

if TYPE_CHECKING:
    from storage.transfer import Progress


class Interrupted(BaseException):
    """Like a signal, which nothing catches."""


def ignore(_table: str, _done: int, _total: int) -> None:
    pass


async def copy(urls: tuple[str, str], progress: Progress = ignore) -> dict[str, int]:
    return await transfer(*urls, progress)


@pytest.fixture(params=["to PostgreSQL", "to SQLite"])
def urls(request: pytest.FixtureRequest, sqlite_url: str, own_postgresql_url: str):
    if request.param == "to PostgreSQL":
        return sqlite_url, own_postgresql_url
    return own_postgresql_url, sqlite_url


@pytest.fixture
async def expected(urls: tuple[str, str]):
    """Fill the source, and return its rows as they should arrive."""
    await migrate(urls[0])
    storage = Storage.open(urls[0])
    await fill(storage)
    await storage.close()
    rows = await rows_at(urls[0])
    leased = {str(table.__tablename__) for table in leased_tables()}
    arriving = {
        name: [(None, None, *row[2:]) if name in leased else row for row in rows[name]]
        for name in rows
    }
    return in_order({**arriving, "lease": []})


def in_order(rows: Rows) -> Rows:
    return {name: sorted(each, key=repr) for name, each in rows.items()}


async def value_at(url: str, query: str) -> object:
    return await run_on(url, lambda connection: connection.exec_driver_sql(query).scalar())


async def test_every_row_of_every_table_arrives(urls, expected):
    progress: list[tuple[int, int]] = []

    counts = await copy(urls, lambda _table, done, total: progress.append((done, total)))

    assert counts == {name: len(rows) for name, rows in expected.items() if name != "lease"}
    assert in_order(await rows_at(urls[1])) == expected
    assert await run_on(urls[1], differences) == []
    assert progress == sorted(progress)
    assert progress[-1] == (sum(counts.values()), sum(counts.values()))


@pytest.mark.parametrize("table", ["chat", "delivery", "subscription"])
async def test_an_interrupted_copy_leaves_nothing_and_can_be_started_again(urls, expected, table):
    def interrupt(at: str, done: int, _total: int) -> None:
        if at == table and done:
            raise Interrupted

    with pytest.raises(Interrupted):
        await copy(urls, interrupt)

    assert [name for name, rows in (await rows_at(urls[1])).items() if rows] == []
    assert await run_on(urls[1], differences) == []
    await copy(urls)
    assert in_order(await rows_at(urls[1])) == expected


async def test_a_row_may_refer_to_a_later_row_of_its_table(urls, expected):
    await run_sql(urls[0], "UPDATE story SET continues_id = 3 WHERE id = 1")

    await copy(urls)

    assert expected["story"]
    assert await value_at(urls[1], "SELECT continues_id FROM story WHERE id = 1") == 3


async def test_a_missing_document_stays_missing(urls, expected):
    await run_sql(urls[0], "UPDATE delivery SET fallback = NULL")

    await copy(urls)

    missing = "SELECT count(*) FROM delivery WHERE fallback IS NULL"
    assert await value_at(urls[1], missing) == len(expected["delivery"])


async def test_zero_bytes_are_left_out_of_texts(sqlite_url: str, own_postgresql_url: str):
    insert = "INSERT INTO boilerplateblocks (host, blocks) VALUES ('a.example', 'a' || char(0))"
    await run_sql(sqlite_url, insert)

    await transfer(sqlite_url, own_postgresql_url, ignore)

    assert (await rows_at(own_postgresql_url))["boilerplateblocks"] == [("a.example", "a")]


async def test_new_rows_get_ids_above_the_highest_one_ever_used(urls, expected):
    deleted = await new_story(urls[0], stays=False)
    await copy(urls)

    assert await new_story(urls[1], stays=True) == deleted + 1 == len(expected["story"]) + 2


async def new_story(url: str, *, stays: bool) -> int:
    """Store a story, which is deleted again unless it *stays*; return its id."""
    storage = Storage.open(url)
    async with storage.writing() as tx:
        story = await tx.add(Story(created_at=tx.now))
        if not stays:
            await tx.delete(story)
    await storage.close()
    return story.id


async def test_articles_are_found_in_the_new_index(urls, expected):
    assert expected["folded"]
    await copy(urls)

    storage = Storage.open(urls[1])
    async with storage.reading() as tx:
        word = "'at&t'" if tx.dialect == POSTGRESQL else '"at&t"'
        wanted = ArticleSearch(word, source_ids=frozenset({1, 2, 3}))
        found = await search_articles(tx, wanted, limit=10)
    await storage.close()

    assert sorted(found) == [1, 2, 3]


async def test_a_new_file_can_be_read_by_its_owner_only(own_postgresql_url: str, tmp_path):
    await migrate(own_postgresql_url)
    path = tmp_path / "new" / "dateline.sqlite3"

    await transfer(own_postgresql_url, f"sqlite+aiosqlite:///{path}", ignore)

    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_target_with_rows_is_refused(urls, expected):
    await migrate(urls[1])
    await new_story(urls[1], stays=True)

    with pytest.raises(
        TransferError, match=r"not empty.*rows in story \(1\).*Create a new database"
    ):
        await copy(urls)
    assert len((await rows_at(urls[1]))["story"]) == 1
    assert len((await rows_at(urls[0]))["story"]) == len(expected["story"])


async def test_a_target_with_tables_of_another_program_is_refused(urls, expected):
    assert expected["story"]
    await run_sql(urls[1], "CREATE TABLE invoices (id INTEGER)")

    with pytest.raises(TransferError, match=r"not empty.*table invoices of another"):
        await copy(urls)


async def test_a_source_of_an_older_version_is_refused_and_unchanged(urls, expected):
    await run_sql(urls[0], "UPDATE alembic_version SET version_num = '0000'")

    with pytest.raises(TransferError, match=r"older version.*Run dateline migrate"):
        await copy(urls)
    assert len((await rows_at(urls[0]))["story"]) == len(expected["story"])


async def test_a_source_of_a_newer_version_is_refused(urls, expected):
    assert expected["story"]
    await run_sql(urls[0], "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaTooNewError):
        await copy(urls)


async def test_a_server_in_use_is_refused(urls, expected):
    assert expected["story"]
    server = next(url for url in urls if url.startswith("postgresql"))
    await migrate(server)
    engine = create_async_engine(server)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        with pytest.raises(DatabaseInUseError, match="in use by 1 other"):
            await copy(urls)
    await engine.dispose()


async def test_a_copy_has_the_rows_from_its_start(sqlite_url: str, own_postgresql_url: str):
    storage = Storage.open(sqlite_url)  # switches the file to WAL
    await fill(storage)
    await storage.close()
    path = file_of(sqlite_url)

    def delete_all(table: str, _done: int, _total: int) -> None:
        if table == "alert":
            with closing(sqlite3.connect(path)) as another, another:
                another.execute("DELETE FROM subscription")

    counts = await transfer(sqlite_url, own_postgresql_url, delete_all)

    assert counts["subscription"] == 3


async def test_a_missing_source_is_not_created(tmp_path, own_postgresql_url: str):
    with pytest.raises(TransferError, match="no database at"):
        await transfer(f"sqlite+aiosqlite:///{tmp_path}/absent.sqlite3", own_postgresql_url, ignore)

    assert list(tmp_path.iterdir()) == []


async def test_dangling_references_are_refused_before_the_copy(
    sqlite_url: str, own_postgresql_url: str
):
    await run_sql(sqlite_url, "INSERT INTO follow (chat_id, source_id) VALUES (7, 8)")

    with pytest.raises(TransferError, match="damaged: rows of follow"):
        await transfer(sqlite_url, own_postgresql_url, ignore)

    with closing(sqlite3.connect(make_url(sqlite_url).database or "", timeout=0)) as another:
        another.execute("BEGIN EXCLUSIVE")  # fails while somebody still reads
