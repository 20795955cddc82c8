import asyncio

import pytest
from sqlalchemy import delete, literal
from sqlmodel import select

from storage.access import Secret, hashing_secret, keyed_hash, keyed_hash_of, signing_key
from storage.db.engine import Storage


async def key_of(storage: Storage) -> bytes:
    async with storage.writing() as tx:
        return await signing_key(tx)


async def test_the_key_is_made_once_even_by_two_transactions_at_a_time(storage):
    first, second = await asyncio.gather(key_of(storage), key_of(storage))

    assert first == second == await key_of(storage)
    assert len(first) == 32


async def test_no_two_databases_have_the_same_key(storage):
    before = await key_of(storage)

    async with storage.writing() as tx:
        await tx.change(delete(Secret))

    assert await key_of(storage) != before


def test_a_keyed_hash_depends_on_the_secret_the_purpose_and_the_value():
    hashes = {
        keyed_hash(b"secret", "pace", "7"),
        keyed_hash(b"another", "pace", "7"),
        keyed_hash(b"secret", "budget", "7"),
        keyed_hash(b"secret", "pace", "8"),
    }

    assert len(hashes) == 4
    assert {len(digits) for digits in hashes} == {32}


@pytest.mark.parametrize(
    "number", [pytest.param(7, id="a user"), pytest.param(-1001234567890, id="a group")]
)
async def test_both_databases_hash_as_the_program_does(storage, number):
    async with storage.writing() as tx:
        secret = await hashing_secret(tx)
        hashed = await tx.one(select(keyed_hash_of(literal(secret), "pace", literal(number))))

    assert hashed == keyed_hash(secret, "pace", str(number))


async def lose(storage: Storage, learned: list[bytes]) -> None:
    async with storage.writing() as tx:
        learned.append(await hashing_secret(tx))
        raise LookupError


async def test_a_process_does_not_keep_a_secret_that_was_not_committed(storage):
    lost: list[bytes] = []
    with pytest.raises(LookupError):
        await lose(storage, lost)

    async with storage.writing() as tx:
        kept = await hashing_secret(tx)

    assert kept not in lost
    assert kept == await key_of(storage)
