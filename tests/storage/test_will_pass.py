"""Which trouble of the database passes by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage.db.engine import is_transient

if TYPE_CHECKING:
    from storage.db.engine import Storage


async def lock_both(storage: Storage, first: int, second: int, met: asyncio.Barrier) -> None:
    async with storage.writing() as tx:
        await tx.session.exec(text(f"SELECT pg_advisory_xact_lock({first})"))  # type: ignore[call-overload]
        await met.wait()
        await tx.session.exec(text(f"SELECT pg_advisory_xact_lock({second})"))  # type: ignore[call-overload]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_deadlock_will_pass(storage):
    met = asyncio.Barrier(2)

    outcomes = await asyncio.gather(
        lock_both(storage, 1, 2, met), lock_both(storage, 2, 1, met), return_exceptions=True
    )

    (lost,) = (one for one in outcomes if one is not None)
    assert isinstance(lost, DBAPIError)
    assert is_transient(lost)


def test_what_breaks_a_rule_will_not_pass():
    assert not is_transient(IntegrityError("INSERT", {}, ValueError("there is one")))
