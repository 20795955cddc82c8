import asyncio

from sqlalchemy import delete

from storage.access import Secret, keyed_hash, signing_key
from storage.db.engine import Storage


async def key_of(storage: Storage) -> bytes:
    async with storage.writing() as tx:
        return await signing_key(tx)


async def test_the_key_is_made_once_even_by_several_at_a_time(storage):
    first, second = await asyncio.gather(key_of(storage), key_of(storage))

    assert first == second == await key_of(storage)
    assert len(first) == 32


async def test_no_two_databases_have_the_same(storage):
    before = await key_of(storage)

    async with storage.writing() as tx:
        await tx.session.exec(delete(Secret))

    assert await key_of(storage) != before


def test_a_keyed_hash_differs_by_key_purpose_and_value():
    hashes = [
        keyed_hash(key, purpose, value)
        for key in (b"k" * 32, b"l" * 32)
        for purpose in ("account", "mailbox")
        for value in ("1", "2")
    ]

    assert len(set(hashes)) == 8
    assert {len(each) for each in hashes} == {32}
    assert keyed_hash(b"k" * 32, "account", "1") == hashes[0]
