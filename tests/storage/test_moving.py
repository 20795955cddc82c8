"""All of one database in another: every row of every table, also after a move that was killed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.db.engine import POSTGRESQL, Storage
from storage.moving.opening import opened
from storage.moving.shapes import CannotMoveError
from storage.pace import Pace
from storage.schema import HalfMovedError, migrate
from storage.search import ArticleSearch, search_articles
from storage.stories import Story
from storage.tables import LEASED
from tests.filling import Rows, all_rows, fill
from tests.storage.test_schema import differences, run_on


class Interrupted(BaseException):
    """As a kill is: nothing catches it."""


def quietly(*_: object) -> None:
    pass


def stopping_at(stage: str, what: str):
    def tell(at: str, name: str, done: int, _total: int) -> None:
        if (at, name) == (stage, what) and done:
            raise Interrupted

    return tell


@pytest.fixture(params=["to PostgreSQL", "to SQLite"])
def urls(request: pytest.FixtureRequest, sqlite_url: str, own_postgresql_url: str):
    ways = {"to PostgreSQL": (sqlite_url, own_postgresql_url)}
    return ways.get(request.param, (own_postgresql_url, sqlite_url))


@pytest.fixture
async def before(urls: tuple[str, str]):
    """Fill the origin, and return its rows as they should arrive."""
    await migrate(urls[0])
    storage = Storage.open(urls[0])
    await fill(storage)
    rows = await all_rows(storage)
    await storage.close()
    leased = {str(table.__tablename__) for table in LEASED}
    arriving = {
        name: [(None, None, *row[2:]) if name in leased else row for row in rows[name]]
        for name in rows
    }
    return in_order({**arriving, "lease": []})


def in_order(rows: Rows) -> Rows:
    return {name: sorted(each, key=repr) for name, each in rows.items()}


async def moved(urls: tuple[str, str], told=quietly):
    async with opened(*urls, told) as move:
        return await move.run()


async def rows_at(url: str):
    storage = Storage.open(url)
    try:
        return in_order(await all_rows(storage))
    finally:
        await storage.close()


async def test_every_row_of_every_table_arrives(urls, before):
    compared = await moved(urls)

    assert [each.name for each in compared if not each.is_same] == []
    assert sum(each.found.rows for each in compared) == sum(map(len, before.values()))
    assert await rows_at(urls[1]) == before
    assert await run_on(urls[1], differences) == []


STOPS = (
    ("moving", "chat"),
    ("moving", "delivery"),
    ("building", "indexes and keys"),
    ("comparing", "entry"),
)


async def test_a_move_that_was_killed_again_and_again_goes_on(urls, before):
    for stage, what in STOPS:
        with pytest.raises(Interrupted):
            await moved(urls, stopping_at(stage, what))
        with pytest.raises(HalfMovedError, match="has not ended"):
            await migrate(urls[1])

    compared = await moved(urls)

    assert [each.name for each in compared if not each.is_same] == []
    assert await rows_at(urls[1]) == before
    assert await run_on(urls[1], differences) == []


async def test_new_rows_get_numbers_behind_the_last_one_that_there_ever_was(urls, before):
    gone = await new_story(urls[0], stays=False)
    await moved(urls)

    assert await new_story(urls[1], stays=True) == gone + 1 == len(before["story"]) + 2


async def new_story(url: str, *, stays: bool) -> int:
    """Return the number of a new one, which may be taken out again."""
    storage = Storage.open(url)
    async with storage.writing() as unit:
        story = Story(created_at=unit.now)
        unit.session.add(story)
        await unit.session.flush()
        if not stays:
            await unit.session.delete(story)
    await storage.close()
    return story.id


async def test_words_are_found_in_the_new_index(urls, before):
    assert before["folded"]
    await moved(urls)

    storage = Storage.open(urls[1])
    async with storage.reading() as unit:
        word = "'at&t'" if unit.dialect == POSTGRESQL else '"at&t"'
        wanted = ArticleSearch(word, datetime(1, 1, 1, tzinfo=UTC), whatever_source=True)
        found = await search_articles(unit, wanted, limit=10)
    await storage.close()

    assert sorted(found) == [1, 2, 3]


async def test_a_target_with_rows_is_refused(urls, before):
    await migrate(urls[1])
    storage = Storage.open(urls[1])
    async with storage.writing() as unit:
        unit.session.add(Story(created_at=unit.now))
    await storage.close()

    with pytest.raises(CannotMoveError, match=r"not empty.*1 in.*story"):
        await moved(urls)
    assert len((await rows_at(urls[0]))["story"]) == len(before["story"])


async def test_half_a_move_of_another_origin_is_refused(urls, before):
    assert before["story"]
    with pytest.raises(Interrupted):
        await moved(urls, stopping_at("moving", "story"))
    storage = Storage.open(urls[0])
    async with storage.writing() as unit:
        unit.session.add(Pace(key="x", tat=unit.now))
    await storage.close()

    with pytest.raises(CannotMoveError, match="origin has changed"):
        await moved(urls)


async def test_a_server_in_use_is_refused(urls, before):
    assert before["story"]
    server = next(url for url in urls if url.startswith("postgresql"))
    await migrate(server)
    engine = create_async_engine(server)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        with pytest.raises(CannotMoveError, match="in use by 1 other"):
            await moved(urls)
    await engine.dispose()


async def test_an_origin_that_is_not_there_is_not_made(tmp_path, own_postgresql_url: str):
    with pytest.raises(CannotMoveError, match="no database at"):
        await moved((f"sqlite+aiosqlite:///{tmp_path}/absent.sqlite3", own_postgresql_url))

    assert list(tmp_path.iterdir()) == []


async def test_rows_that_refer_to_nothing_are_refused_before_anything_is_moved(
    sqlite_url: str, own_postgresql_url: str
):
    await run_on(
        sqlite_url,
        lambda connection: connection.exec_driver_sql(
            "INSERT INTO follow (chat_id, source_id) VALUES (7, 8)"
        ),
    )

    with pytest.raises(CannotMoveError) as refused:
        await moved((sqlite_url, own_postgresql_url))

    assert "damaged: rows of follow" in str(refused.value)
    with closing(sqlite3.connect(make_url(sqlite_url).database or "", timeout=0)) as another:
        another.execute("BEGIN EXCLUSIVE")  # which nobody has who reads it still
