"""Processes that share a database: leases of a dead one, and a schema of a newer version."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.app.peers import EVERY, LEASE, Presence, SchemaCheck
from bot.app.stops import StopError
from storage.db.engine import Storage
from storage.db.leases import acquire_lease, lease_of, presence_name
from storage.outbox import begin_sending, claim_deliveries, has_abandoned
from tests.conftest import TurnedClock
from tests.delivery.conftest import Outbox
from tests.storage.databases import CONTRACTED

pytestmark = pytest.mark.slow

DEAD, LIVING = (
    "a-host-with-a-long-name.example:1:aaaaaa",
    "a-host-with-a-long-name.example:2:bbbbbb",
)
HOUR = 240 * LEASE


@pytest.fixture
async def left(storage: Storage) -> int:
    """A call that DEAD has begun, and a role that it holds, for an hour each."""
    outbox = Outbox(storage)
    delivery = await outbox.add(await outbox.chat(7))
    async with storage.writing() as tx:
        await claim_deliveries(tx, DEAD, limit=1, lease=HOUR)
        await begin_sending(tx, [delivery], DEAD, HOUR)
        await acquire_lease(tx, "group", DEAD, HOUR)
    return delivery


async def is_free(storage: Storage) -> bool:
    async with storage.reading() as tx:
        owner, _ = await lease_of(tx, "group")
        return await has_abandoned(tx) and not owner


async def check_for(seconds: float, clock: TurnedClock, *processes: Presence) -> None:
    for _ in range(int(seconds / EVERY.total_seconds())):
        clock.turn(EVERY)
        for process in processes:
            await process.check()


async def test_leases_of_a_dead_process_are_released_after_its_presence_expired(
    storage, clock, left
):
    await Presence(storage, DEAD).check()

    await check_for(
        LEASE.total_seconds() + 2 * EVERY.total_seconds(), clock, Presence(storage, LIVING)
    )

    assert await is_free(storage)


async def test_a_living_process_keeps_its_leases(storage, clock, left):
    await check_for(
        600, clock, Presence(storage, DEAD), Presence(storage, LIVING), Presence(storage, "third")
    )

    assert not await is_free(storage)


async def test_a_new_process_waits_before_it_releases_leases_of_others(storage, clock, left):
    await Presence(storage, DEAD).check()
    clock.turn(2 * LEASE)
    new = Presence(storage, LIVING)

    await new.check()
    await check_for((LEASE - EVERY).total_seconds(), clock, new)

    assert not await is_free(storage)


async def test_processes_are_not_declared_dead_right_after_an_outage(storage, clock, left):
    other = Presence(storage, DEAD)
    one = Presence(storage, LIVING)
    await check_for(60, clock, one, other)

    clock.turn(4 * LEASE)  # the database was away from both; one is back first
    await one.check()
    await check_for((LEASE - EVERY).total_seconds(), clock, one)
    await other.check()
    await check_for(60, clock, one, other)

    assert not await is_free(storage)


async def test_an_ending_process_releases_its_leases_at_once_and_is_not_reported(
    storage, clock, left
):
    other = Presence(storage, LIVING)
    async with Presence(storage, DEAD).kept():
        assert not await is_free(storage)

    assert await is_free(storage)
    with capture_logs() as logged:
        await check_for(60, clock, other)
    assert logged == []


async def test_a_dead_process_is_reported(storage, clock, left):
    await Presence(storage, DEAD).check()

    with capture_logs() as logged:
        await check_for(60, clock, Presence(storage, LIVING))

    (said,) = logged
    assert said["event"] == "released the leases of dead processes"
    assert said["processes"] == [DEAD]


async def test_an_outage_of_the_database_raises_nothing():
    class Away:
        def writing(self):
            raise OperationalError("INSERT", None, OSError("gone"))

    await Presence(Away(), LIVING).check()  # type: ignore[arg-type]


def test_each_process_has_a_presence_name_of_bounded_length():
    assert presence_name(DEAD) != presence_name(LIVING)
    assert len(presence_name(DEAD)) == 32
    assert presence_name("me") == "alive:me"


async def contract(storage: Storage) -> None:
    """Leave the tables as a newer version that this one cannot work with."""
    async with storage.writing() as tx:
        for statement in CONTRACTED:
            await tx.change(text(statement))


async def watched(storage: Storage) -> SchemaCheck:
    schema, stopping = SchemaCheck(storage, every_seconds=0.001), asyncio.Event()
    await schema.run(stopping)
    return schema


@pytest.fixture
async def own_storage(own_database_url: str):
    storage = Storage.open(own_database_url)
    yield storage
    await storage.close()


async def test_a_process_stops_once_the_schema_is_of_another_version(
    own_storage: Storage,
):
    await contract(own_storage)

    schema = await watched(own_storage)

    with pytest.raises(StopError, match="newer version of Dateline; run that"):
        schema.raise_if_outdated()


async def test_a_process_goes_on_after_a_newer_version_only_added_to_the_schema(
    own_storage: Storage,
):
    async with own_storage.writing() as tx:
        await tx.change(text("ALTER TABLE ban ADD COLUMN reason VARCHAR(100)"))
        await tx.change(text("UPDATE alembic_version SET version_num = '9999'"))

    assert not await SchemaCheck(own_storage).is_outdated()


@pytest.mark.parametrize(
    "files",
    [
        pytest.param([], id="pip has emptied the folder"),
        pytest.param(["0001_tables.py"], id="pip has written half of it"),
        pytest.param(["0001_tables.py", "9999_more.py"], id="a newer version is installed"),
    ],
)
async def test_a_process_keeps_its_own_version_after_its_files_change(
    own_storage: Storage, monkeypatch, tmp_path, files
):
    for name in files:
        (tmp_path / "versions").mkdir(exist_ok=True)
        (tmp_path / "versions" / name).touch()
    monkeypatch.setattr("storage.schema.MIGRATIONS", tmp_path)

    check = SchemaCheck(own_storage)

    assert not await check.is_outdated()
    await contract(own_storage)
    assert await check.is_outdated()


async def test_a_process_of_the_same_version_keeps_running(storage: Storage):
    assert not await SchemaCheck(storage).is_outdated()


async def test_an_outage_of_the_database_stops_no_process(tmp_path):
    storage = Storage.open(f"sqlite+aiosqlite:///{tmp_path}/nothing.sqlite3")

    assert not await SchemaCheck(storage).is_outdated()

    await storage.close()
