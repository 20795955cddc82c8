from datetime import timedelta

from storage.db.engine import Storage
from storage.queries import add_index_version, index_versions
from tests.conftest import TurnedClock


async def made(storage: Storage, number: int) -> str:
    async with storage.writing() as tx:
        return await add_index_version(tx, number)


async def known(storage: Storage) -> dict[str, int]:
    async with storage.reading() as tx:
        return await index_versions(tx)


async def test_each_checkpoint_has_a_token_of_its_own(storage: Storage):
    one, same = await made(storage, 5), await made(storage, 5)

    assert one != same
    assert await known(storage) == {one: 5, same: 5}


async def test_those_long_past_are_forgotten(storage: Storage, clock: TurnedClock):
    old = await made(storage, 5)
    clock.turn(timedelta(days=89))
    newer = await made(storage, 6)
    assert await known(storage) == {old: 5, newer: 6}
    clock.turn(timedelta(days=2))

    newest = await made(storage, 7)

    assert await known(storage) == {newer: 6, newest: 7}
