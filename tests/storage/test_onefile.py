"""A file that another program locks: waited for once, and told to all who stand in line."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url, text

from storage.db.engine import DatabaseError, Storage, is_disconnected, is_unavailable
from storage.db.sqlite import BUSY_SECONDS
from tests.database_errors import on_writer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def other_program(database_url: str) -> Iterator[sqlite3.Connection]:
    file = make_url(database_url).database or ""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        yield connection


async def write(storage: Storage) -> None:
    await on_writer(storage, "SELECT 1")


async def patience_ms(storage: Storage) -> int:
    async with storage._engine_of_writers.connect() as connection:
        return int((await connection.execute(text("PRAGMA busy_timeout"))).scalar_one())


async def test_a_lock_is_waited_for_once_by_all_who_stand_in_line(storage, other_program):
    before = await patience_ms(storage)
    await on_writer(storage, "PRAGMA busy_timeout = 1")
    other_program.execute("BEGIN EXCLUSIVE")

    failed = await asyncio.gather(*(write(storage) for _ in range(4)), return_exceptions=True)
    meanwhile = await patience_ms(storage)
    other_program.execute("ROLLBACK")
    await write(storage)

    errors = [error for error in failed if isinstance(error, DatabaseError)]
    assert len(errors) == len(failed)
    assert all(is_unavailable(error) and is_disconnected(error) for error in errors)
    assert meanwhile == 0
    assert before == await patience_ms(storage) == BUSY_SECONDS * 1000


async def test_who_reads_goes_on(storage, other_program):
    await write(storage)
    other_program.execute("BEGIN EXCLUSIVE")

    async with storage.reading() as tx:
        assert await tx.session.scalar(text("SELECT count(*) FROM chat")) == 0


async def test_what_breaks_a_rule_is_no_lock(storage):
    with pytest.raises(DatabaseError) as failed:
        await on_writer(storage, "INSERT INTO chat (id) VALUES (NULL)")

    assert not is_disconnected(failed.value)
    assert await patience_ms(storage) == BUSY_SECONDS * 1000
