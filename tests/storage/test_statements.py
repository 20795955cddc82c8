"""Running statements: rows, one, first, change, and the limits of `at_once`."""

import asyncio

import pytest
from sqlalchemy import bindparam, delete, text, update
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlmodel import col, func, select

from storage.db.engine import Storage, Transaction
from storage.sources import Source
from tests.conftest import MONDAY_NOON
from tests.rows import source_row


def source(host: str) -> Source:
    return Source(**source_row(f"https://{host}/"))


@pytest.fixture
async def stored(storage: Storage) -> Storage:
    async with storage.writing() as tx:
        for host in ("a.example", "b.example"):
            await tx.add(source(host))
    return storage


async def test_columns_models_and_text_come_as_their_own_kinds(stored: Storage):
    async with stored.reading() as tx:
        hosts = await tx.rows(select(Source.host).order_by(Source.host))
        pairs = await tx.rows(select(Source.host, Source.created_at).order_by(Source.host))
        models = await tx.rows(select(Source).order_by(Source.host))
        plain = await tx.rows(text("SELECT host FROM source WHERE host > :than"), than="a.z")

    assert hosts == ["a.example", "b.example"]
    assert pairs == [("a.example", MONDAY_NOON), ("b.example", MONDAY_NOON)]
    assert [(type(each), each.host) for each in models] == [(Source, host) for host in hosts]
    assert plain == [("b.example",)]


async def test_one_insists_on_a_single_row_and_first_does_not(stored: Storage):
    by_host = select(Source.host).where(col(Source.host) >= bindparam("least"))
    async with stored.reading() as tx:
        assert await tx.one(select(func.count()).select_from(Source)) == 2
        assert await tx.one(by_host, least="b") == "b.example"
        assert await tx.first(by_host.order_by(Source.host), least="a") == "a.example"
        assert await tx.first(by_host, least="c") is None
        with pytest.raises(NoResultFound):
            await tx.one(by_host, least="c")
        with pytest.raises(MultipleResultsFound):
            await tx.one(by_host, least="a")


async def test_change_counts_the_rows_it_changed(stored: Storage):
    renaming = update(Source).where(col(Source.host) == bindparam("old"))
    async with stored.writing() as tx:
        assert await tx.change(renaming.values(title="new"), old="a.example") == 1
        assert await tx.change(renaming.values(title="new"), old="c.example") == 0
        assert await tx.change(delete(Source)) == 2


async def test_change_runs_once_for_each_set_of_values(stored: Storage):
    naming = text("UPDATE source SET title = :title WHERE host = :host")
    async with stored.writing() as tx:
        await tx.change(
            naming,
            [{"host": "a.example", "title": "A"}, {"host": "b.example", "title": "B"}],
        )

        assert await tx.rows(select(Source.title).order_by(Source.host)) == ["A", "B"]


async def test_a_statement_sees_attributes_that_were_set_before_it(stored: Storage):
    async with stored.writing() as tx:
        first = await tx.first(select(Source).where(col(Source.host) == "a.example"))
        assert first is not None
        first.title = "A"

        assert await tx.rows(select(Source.title).order_by(Source.host)) == ["A", ""]


async def test_a_deleted_row_is_gone(stored: Storage):
    async with stored.writing() as tx:
        for each in await tx.rows(select(Source)):
            await tx.delete(each)

        assert await tx.rows(select(Source.id)) == []


async def test_an_update_returns_models_with_their_new_values(stored: Storage):
    renaming = update(Source).where(col(Source.host) == "a.example").values(title="new")
    async with stored.writing() as tx:
        loaded = await tx.one(select(Source).where(col(Source.host) == "a.example"))
        ((renamed,),) = await tx.rows(renaming.returning(Source))

        assert renamed is loaded
        assert loaded.title == "new"


async def hosts_at_once(tx: Transaction) -> list[str]:
    await tx.add(source("c.example"))
    return list(await tx.rows(select(Source.host).order_by(Source.host)))


async def test_at_once_returns_the_result_of_its_work(stored: Storage):
    async with stored.writing() as tx:
        assert await tx.at_once(hosts_at_once(tx)) == ["a.example", "b.example", "c.example"]


async def test_at_once_refuses_work_that_waits_for_anything_else(stored: Storage):
    async def sleep(tx: Transaction) -> None:
        await tx.rows(select(Source.id))
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="only statements"):
        async with stored.writing() as tx:
            await tx.at_once(sleep(tx))


async def test_at_once_passes_on_an_error_of_a_statement(stored: Storage):
    async def fail(tx: Transaction) -> str:
        with pytest.raises(NoResultFound):
            await tx.one(select(Source.id).where(col(Source.host) == "nowhere"))
        return "goes on"

    async with stored.writing() as tx:
        assert await tx.at_once(fail(tx)) == "goes on"
