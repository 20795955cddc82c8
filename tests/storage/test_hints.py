import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from storage.articles import Article, store_articles
from storage.articles_staged import advance_articles, claim_articles
from storage.deliveries_held import release_deliveries
from storage.engine import Storage
from storage.hints import listen
from storage.queries import query_for
from storage.words import Hint, Stage

Heard = asyncio.Queue[Hint]


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Heard]:
    """Yield what another process hears, from the moment on at which it does."""
    heard = Heard()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(listen(url, heard.put_nowait, pause_seconds=0))
        await connected(heard)
        yield heard
        task.cancel()


async def connected(heard: Heard) -> None:
    """It is told that there may be anything: it may have missed that."""
    assert {await heard.get() for _ in Hint} == set(Hint)


async def give(storage: Storage, *hints: Hint) -> None:
    async with storage.writing() as unit:
        unit.hints.update(hints)


async def fail_after(storage: Storage, hint: Hint) -> None:
    async with storage.writing() as unit:
        unit.hints.add(hint)
        raise LookupError


@pytest.fixture
async def storage(postgresql_url: str) -> AsyncIterator[Storage]:
    opened = Storage.open(postgresql_url)
    yield opened
    await opened.close()


async def test_what_one_process_commits_wakes_another(storage: Storage, postgresql_url: str):
    async with listening(postgresql_url) as heard:
        await give(storage, Hint.QUERIES, Hint.ARTICLES)

        assert {await heard.get(), await heard.get()} == {Hint.QUERIES, Hint.ARTICLES}


async def test_a_unit_that_is_rolled_back_wakes_nobody(storage: Storage, postgresql_url: str):
    async with listening(postgresql_url) as heard:
        with pytest.raises(LookupError):
            await fail_after(storage, Hint.MATCHES)

        await give(storage, Hint.ARTICLES)

        assert await heard.get() is Hint.ARTICLES
        assert heard.empty()


async def test_a_lost_connection_is_taken_up_again(storage: Storage, postgresql_url: str):
    async with listening(postgresql_url) as heard:
        async with storage.writing() as unit:
            connection = await unit.session.connection()
            await connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
                )
            )
        await connected(heard)

        await give(storage, Hint.DELIVERIES)

        assert await heard.get() is Hint.DELIVERIES


async def test_hints_of_a_newer_version_are_passed_over(storage: Storage, postgresql_url: str):
    async with listening(postgresql_url) as heard:
        async with storage.writing() as unit:
            connection = await unit.session.connection()
            await connection.execute(text("SELECT pg_notify('dateline', 'editions')"))

        await give(storage, Hint.ARTICLES)

        assert await heard.get() is Hint.ARTICLES


async def test_on_sqlite_nothing_is_given_and_nothing_heard(sqlite_url: str):
    heard: list[Hint] = []
    opened = Storage.open(sqlite_url)

    await give(opened, Hint.ARTICLES)
    await listen(sqlite_url, heard.append)
    await opened.close()

    assert heard == []


async def test_what_is_stored_for_the_next_step_is_told(sqlite_url: str):
    opened = Storage.open(sqlite_url)

    async with opened.writing() as unit:
        await query_for(unit, "taiwan")
        assert unit.hints == {Hint.QUERIES}
    async with opened.writing() as unit:
        await query_for(unit, "taiwan")
        assert unit.hints == set()
    async with opened.writing() as unit:
        now = unit.now
        article = Article(url="u", url_hash="1", title="", stored_at=now, news_at=now, story_id=0)
        ids = (await store_articles(unit, [article.model_dump(exclude={"id"})])).values()
        assert unit.hints == {Hint.ARTICLES}
    async with opened.writing() as unit:
        await claim_articles(unit, Stage.STORED, owner="me", limit=9)
        await advance_articles(unit, list(ids), owner="me", stage=Stage.MATCHED)
        assert unit.hints == {Hint.MATCHES}
    async with opened.writing() as unit:
        await release_deliveries(unit)
        assert unit.hints == {Hint.DELIVERIES}
    await opened.close()
