"""Entries: what each source holds, by (source, guid)."""

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
    # What each source carried, newest last, without a look at the rows.
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
    # Named by a search that found it there.
    publisher: str = Field(default="", max_length=MAX_PUBLISHER_LENGTH)
    publisher_host: str = Field(default="", max_length=MAX_PUBLISHER_LENGTH)


class KnownEntry(NamedTuple):
    """What the source showed last under one guid."""

    article_id: int
    content_hash: str


_AT_ONCE: Final = 2_000  # guids that are asked for

# One value for all that is asked, and so one text of the statement.
_SEEN = """
    SELECT entry.source_id, entry.guid_hash, entry.article_id, entry.content_hash
    FROM {asked}
    JOIN entry ON entry.source_id = asked.source_id AND entry.guid_hash = asked.guid_hash
"""

_ON_SQLITE = """(
    SELECT value ->> 0 AS source_id, value ->> 1 AS guid_hash FROM json_each(:asked)
) AS asked"""

_ON_POSTGRESQL = """(
    SELECT CAST(value ->> 0 AS bigint) AS source_id, value ->> 1 AS guid_hash
    FROM json_array_elements(CAST(:asked AS json))
) AS asked"""


async def known_entries(
    tx: Transaction, asked: Mapping[int, Iterable[str]]
) -> dict[int, dict[str, KnownEntry]]:
    """Return what each source, by id, has shown before of the hashes of guids *asked*."""
    pairs = [(source_id, guid) for source_id, guids in asked.items() for guid in guids]
    on_which = _ON_POSTGRESQL if tx.dialect == POSTGRESQL else _ON_SQLITE
    connection = await tx.session.connection()
    asking = text(_SEEN.format(asked=on_which))
    found: dict[int, dict[str, KnownEntry]] = {}
    for at in range(0, len(pairs), _AT_ONCE):
        some = json.dumps(pairs[at : at + _AT_ONCE])
        for source_id, guid_hash, article_id, content in await connection.execute(
            asking, {"asked": some}
        ):
            found.setdefault(source_id, {})[guid_hash] = KnownEntry(article_id, content)
    return found


async def count_newest(tx: Transaction, source_id: int, since: datetime, most: int) -> int:
    """Return how many of the *most* newest entries of the source it has shown *since* then."""
    newest = (
        select(Entry.first_seen_at)
        .where(col(Entry.source_id) == source_id)
        .order_by(col(Entry.article_id).desc())
        .limit(most)
        .subquery()
    )
    counted = select(func.count()).select_from(newest).where(newest.c.first_seen_at > since)
    return (await tx.session.exec(counted)).one()


async def store_entries(tx: Transaction, entries: Sequence[Mapping[str, Any]]) -> None:
    """Store those whose guid is new in their source; each is given by its columns."""
    await insert_new(tx, Entry, entries)


async def update_content_hashes(tx: Transaction, source_id: int, hashes: Mapping[str, str]) -> None:
    """Remember what the source shows now, by the hash of the guid."""
    if not hashes:
        return
    rows = [{"b_guid": guid, "b_content": content} for guid, content in hashes.items()]
    change = (
        update(Entry)
        .where(col(Entry.source_id) == source_id, col(Entry.guid_hash) == bindparam("b_guid"))
        .values(content_hash=bindparam("b_content"))
    )
    connection = await tx.session.connection()
    await connection.execute(change, rows)


async def delete_entries_older_than(
    tx: Transaction, shown: Collection[tuple[int, int]], most: int
) -> None:
    """Keep *most* guids of what was *shown*, pairs of source and article: the first and the newest.

    Some feeds give an entry a new guid with each poll.
    """
    rows = await tx.session.exec(
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
    for (source_id, _), all_ in guids.items():
        if surplus := all_[1 : max(len(all_) - most, 0) + 1]:
            await tx.session.exec(
                delete(Entry).where(
                    col(Entry.source_id) == source_id, among(col(Entry.guid_hash), surplus)
                )
            )


async def delete_entries_of(tx: Transaction, source_ids: Collection[int], limit: int) -> int:
    """Delete up to *limit* entries of the sources; return how many there were."""
    some = select(Entry.source_id, Entry.guid_hash).where(among(col(Entry.source_id), source_ids))
    key = tuple_(col(Entry.source_id), col(Entry.guid_hash))
    gone = await tx.session.exec(delete(Entry).where(key.in_(some.limit(limit))))
    return int(gone.rowcount)
