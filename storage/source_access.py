"""Access of sources: what a site asks for before it lets a source be read. At most one row each.

The database holds no key. `sealed` has all secrets of a source in one piece, which only a process
with SECRETS_KEY, or with the key file beside an SQLite database, can open.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import JSON, delete, func
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.sql import ROW_ID, upsert
from storage.sources import Source, change_source

_CHANGES = "kinds = excluded.kinds, sealed = excluded.sealed, changed_at = excluded.changed_at"


class SourceAccess(SQLModel, table=True):
    """*kinds*: which of login, token, … are set, so that a page can show them without the key."""

    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    kinds: list[str] = Field(sa_type=JSON)
    sealed: bytes
    changed_at: datetime


class SealedSource(NamedTuple):
    url: str
    access: SourceAccess


async def access_of_source(tx: Transaction, source_id: int) -> SourceAccess | None:
    access: SourceAccess | None = await tx.get(SourceAccess, source_id)
    return access


async def sealed_source(tx: Transaction, source_id: int) -> SealedSource | None:
    """Return the address of the source and its access; None if it has none."""
    row = await tx.first(
        select(Source.url, SourceAccess)
        .join(SourceAccess, col(SourceAccess.source_id) == col(Source.id))
        .where(col(Source.id) == source_id)
    )
    return SealedSource(*row) if row else None


async def sealed_sources(tx: Transaction) -> Sequence[SealedSource]:
    """Return all sources with an access, by their ids."""
    rows = await tx.rows(
        select(Source.url, SourceAccess)
        .join(SourceAccess, col(SourceAccess.source_id) == col(Source.id))
        .order_by(col(Source.id))
    )
    return [SealedSource(*row) for row in rows]


async def count_sealed(tx: Transaction) -> int:
    return await tx.one(select(func.count()).select_from(SourceAccess))


async def store_access(
    tx: Transaction, source_id: int, kinds: Sequence[str], sealed: bytes
) -> None:
    """Store the access of a source, which is read anew with it at once.

    Its validators are forgotten, because a response to somebody else's login may differ.
    """
    row = {"source_id": source_id, "kinds": [*kinds], "sealed": sealed, "changed_at": tx.now}
    await upsert(tx, SourceAccess, [row], key="source_id", changes=_CHANGES)
    await change_source(tx, source_id, {"has_access": True, **_unread(tx)})


async def reseal(tx: Transaction, source_id: int, sealed: bytes) -> None:
    """Replace the sealed secrets by the same ones under another key."""
    access = await access_of_source(tx, source_id)
    if access is not None:
        access.sealed = sealed


async def delete_access(tx: Transaction, source_id: int) -> bool:
    """Delete the access of a source; return whether it had one."""
    gone = await tx.change(delete(SourceAccess).where(col(SourceAccess.source_id) == source_id))
    await change_source(tx, source_id, {"has_access": False, **_unread(tx)})
    return bool(gone)


def _unread(tx: Transaction) -> dict[str, object]:
    return {
        "etag": None,
        "last_modified": None,
        "body_hash": None,
        "fingerprints": b"",
        "next_fetch_at": tx.now,
    }
