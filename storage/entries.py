"""Entries: the items that each source has shown, one row for each source and guid."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Index, bindparam, delete, func, text, tuple_, update
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import POSTGRESQL, Transaction
from storage.db.sql import CLUSTERED, ROW_ID, among, insert_new

MAX_PUBLISHER_LENGTH = 100  # characters


class Entry(SQLModel, table=True):
    # Covering index for the articles of each source, in stored order.
    __table_args__ = (
        Index("ix_entry_source_id_article_id", "source_id", "article_id"),
        CLUSTERED,
    )

    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    guid_hash: str = Field(primary_key=True, max_length=32)
    article_id: int = Field(
        foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    content_hash: str = Field(max_length=32)
    first_seen_at: datetime
    # The publisher of the entry as named by a search feed.
    publisher: str = Field(default="", max_length=MAX_PUBLISHER_LENGTH)
    publisher_host: str = Field(default="", max_length=MAX_PUBLISHER_LENGTH)


class KnownEntry(NamedTuple):
    """The stored state of an entry."""

    article_id: int
    content_hash: str


_GUIDS_AT_ONCE: Final = 2_000

# All pairs of source and guid are one parameter, so that the statement is always the same.
_KNOWN = """
    SELECT entry.source_id, entry.guid_hash, entry.article_id, entry.content_hash
    FROM ({shown}) AS shown
    JOIN entry ON entry.source_id = shown.source_id AND entry.guid_hash = shown.guid_hash
"""
_KNOWN_ON_SQLITE: Final = text(
    _KNOWN.format(
        shown="SELECT value ->> 0 AS source_id, value ->> 1 AS guid_hash FROM json_each(:pairs)"
    )
)
_KNOWN_ON_POSTGRESQL: Final = text(
    _KNOWN.format(
        shown="SELECT CAST(value ->> 0 AS bigint) AS source_id, value ->> 1 AS guid_hash"
        " FROM json_array_elements(CAST(:pairs AS json))"
    )
)


async def known_entries(
    tx: Transaction, shown: Mapping[int, Iterable[str]]
) -> dict[int, dict[str, KnownEntry]]:
    """Return the stored entries among *shown*, by source and hash of the guid.

    *shown*: the hashes of the guids in each source's last fetch, by the source's id.
    """
    statement = _KNOWN_ON_POSTGRESQL if tx.dialect == POSTGRESQL else _KNOWN_ON_SQLITE
    pairs = [(source_id, guid) for source_id, guids in shown.items() for guid in guids]
    known: dict[int, dict[str, KnownEntry]] = {}
    for start in range(0, len(pairs), _GUIDS_AT_ONCE):
        batch = json.dumps(pairs[start : start + _GUIDS_AT_ONCE])
        for source_id, guid_hash, *entry in await tx.rows(statement, pairs=batch):
            known.setdefault(source_id, {})[guid_hash] = KnownEntry(*entry)
    return known


async def count_newest(tx: Transaction, source_id: int, since: datetime, most: int) -> int:
    """Return how many of the source's newest entries, at most *most*, came after *since*."""
    newest = (
        select(Entry.first_seen_at)
        .where(col(Entry.source_id) == source_id)
        .order_by(col(Entry.article_id).desc())
        .limit(most)
        .subquery()
    )
    counted = select(func.count()).select_from(newest).where(newest.c.first_seen_at > since)
    return await tx.one(counted)


async def store_entries(tx: Transaction, entries: Sequence[Mapping[str, Any]]) -> None:
    """Store the entries whose guid is new in their source. *entries*: the columns of each."""
    await insert_new(tx, Entry, entries)


_UPDATE_CONTENT_HASH: Final = (
    update(Entry)
    .where(col(Entry.source_id) == bindparam("source"), col(Entry.guid_hash) == bindparam("guid"))
    .values(content_hash=bindparam("content"))
)


async def update_content_hashes(tx: Transaction, source_id: int, hashes: Mapping[str, str]) -> None:
    """Store the hashes of changed contents. *hashes*: by the hash of the guid."""
    if not hashes:
        return
    rows = [
        {"source": source_id, "guid": guid, "content": content} for guid, content in hashes.items()
    ]
    await tx.change(_UPDATE_CONTENT_HASH, rows)


async def delete_entries_older_than(
    tx: Transaction, shown: Collection[tuple[int, int]], most: int
) -> None:
    """Delete surplus entries of each pair of source and article, because some feeds change guids.

    Keeps *most* entries of each pair: the first and the newest. Some feeds give an entry a new guid
    with each poll.
    """
    rows = await tx.rows(
        select(Entry.source_id, Entry.article_id, Entry.guid_hash)
        .where(
            among(col(Entry.source_id), {source_id for source_id, _ in shown}),
            among(col(Entry.article_id), {article_id for _, article_id in shown}),
        )
        .order_by(col(Entry.first_seen_at), col(Entry.guid_hash))
    )
    guids: dict[tuple[int, int], list[str]] = {}
    for source_id, article_id, guid_hash in rows:
        guids.setdefault((source_id, article_id), []).append(guid_hash)
    for (source_id, _), hashes in guids.items():
        if surplus := hashes[1 : max(len(hashes) - most, 0) + 1]:
            await tx.change(
                delete(Entry).where(
                    col(Entry.source_id) == source_id, among(col(Entry.guid_hash), surplus)
                )
            )


async def delete_entries_of(tx: Transaction, source_ids: Collection[int], limit: int) -> int:
    """Delete up to *limit* entries of the sources; return their number."""
    some = select(Entry.source_id, Entry.guid_hash).where(among(col(Entry.source_id), source_ids))
    key = tuple_(col(Entry.source_id), col(Entry.guid_hash))
    return await tx.change(delete(Entry).where(key.in_(some.limit(limit))))
