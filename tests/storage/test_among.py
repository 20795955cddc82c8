import pytest
from sqlalchemy import bindparam, delete, update
from sqlmodel import col, select

from storage.db.engine import Storage
from storage.db.sql import among, insert_new
from storage.queries import Query

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
