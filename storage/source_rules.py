"""What an operator sets for how one source is read, and the entries that its rules dropped.

Nearly all sources have no row. `Source.has_rules` says which have one, so that a round of the poll
stage reads this table only if it has claimed such a source.

A site may ask for a secret before it lets a source be read. The database holds no key: `sealed` has
all secrets of a source in one piece, which only a process with SECRETS_KEY, or with the key file
beside an SQLite database, can open.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, Index, bindparam, delete, func, update
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article
from storage.db.engine import Transaction
from storage.db.sql import CLUSTERED, ROW_ID, among, upsert
from storage.entries import Entry
from storage.sources import Source, change_source

LONGEST_TITLE_KEPT: Final = 100  # characters of a dropped entry's title
MOST_REMEMBERED: Final = 10_000  # dropped entries of one source
REMEMBERED_FOR: Final = timedelta(days=60)


class SourceRules(SQLModel, table=True):
    """The rules of one source; "" and an empty list are no rule.

    `problem`: why the selectors were not used the last time that a page was read, see
    `SelectorProblem`.
    """

    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    article: str = ""
    dropped: list[str] = Field(default_factory=list, sa_type=JSON)
    keep_query: str = ""
    drop_query: str = ""
    language: str = ""
    zone: str = ""
    problem: str | None = None
    problem_at: datetime | None = None


class DroppedEntry(SQLModel, table=True):
    """An entry that a rule dropped. It has no article, and is new again only if it changes."""

    __table_args__ = (Index("ix_droppedentry_newest", "source_id", "dropped_at"), CLUSTERED)

    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    guid_hash: str = Field(primary_key=True, max_length=32)
    content_hash: str = Field(max_length=32)
    title: str = Field(default="", max_length=LONGEST_TITLE_KEPT)
    dropped_at: datetime


_RULES: Final = (
    select(SourceRules)
    .where(among(col(SourceRules.source_id), bindparam("ids")))
    .execution_options(populate_existing=True)  # `set_rules` bypasses the session
)


async def rules_of(tx: Transaction, source_ids: Collection[int]) -> dict[int, SourceRules]:
    """Return the rules of the sources that have any."""
    return {rules.source_id: rules for rules in await tx.rows(_RULES, ids=source_ids)}


async def set_rules(tx: Transaction, rules: SourceRules) -> None:
    """Store the rules of a source, or delete its row if no rule is left."""
    columns = rules.model_dump(exclude={"source_id", "problem", "problem_at"})
    has_rules = any(columns.values())
    await change_source(tx, rules.source_id, {"has_rules": has_rules})
    if not has_rules:
        await tx.change(delete(SourceRules).where(col(SourceRules.source_id) == rules.source_id))
        return
    row = columns | {"source_id": rules.source_id, "problem": None, "problem_at": None}
    changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != "source_id")
    await upsert(tx, SourceRules, [row], key="source_id", changes=changes)


async def note_selector_problem(tx: Transaction, source_id: int, problem: str | None) -> None:
    """Record why the selectors were not used on a page; None: they were."""
    at = tx.now if problem else None
    noted = update(SourceRules).where(col(SourceRules.source_id) == source_id)
    await tx.change(noted.values(problem=problem, problem_at=at))


async def dropped_entries(
    tx: Transaction, shown: Mapping[int, Collection[str]]
) -> dict[int, dict[str, str]]:
    """Return the hashes of the contents of dropped entries, by source and hash of the guid.

    *shown*: the hashes of the guids in each source's last fetch.
    """
    found: dict[int, dict[str, str]] = {}
    for source_id, guids in shown.items():
        rows = await tx.rows(
            select(DroppedEntry.guid_hash, DroppedEntry.content_hash).where(
                col(DroppedEntry.source_id) == source_id,
                among(col(DroppedEntry.guid_hash), guids),
            )
        )
        found[source_id] = dict(rows)
    return found


async def remember_dropped(
    tx: Transaction, source_id: int, entries: Sequence[Mapping[str, Any]]
) -> None:
    """Remember dropped entries: their `guid_hash`, `content_hash` and `title`.

    Forgets the oldest beyond `MOST_REMEMBERED`, because a feed may invent guids without end.
    """
    rows = [
        {**entry, "source_id": source_id, "dropped_at": tx.now}
        for entry in {entry["guid_hash"]: entry for entry in entries}.values()
    ]
    changes = (
        "content_hash = excluded.content_hash, title = excluded.title,"
        " dropped_at = excluded.dropped_at"
    )
    await upsert(tx, DroppedEntry, rows, key="source_id, guid_hash", changes=changes)
    tx.made[str(DroppedEntry.__tablename__)] += len(rows)
    own = col(DroppedEntry.source_id) == source_id
    oldest_kept = (
        select(DroppedEntry.dropped_at)
        .where(own)
        .order_by(col(DroppedEntry.dropped_at).desc())
        .offset(MOST_REMEMBERED)
        .limit(1)
        .scalar_subquery()
    )
    forgotten = col(DroppedEntry.dropped_at) < func.coalesce(oldest_kept, tx.now - REMEMBERED_FOR)
    await tx.change(delete(DroppedEntry).where(own, forgotten))


class DroppedCount(NamedTuple):
    """The entries of a source that its rules dropped, and all that it has shown."""

    dropped: int
    shown: int


async def count_dropped(tx: Transaction, source_id: int, since: datetime) -> DroppedCount:
    """Count the new entries of the source after *since*."""
    dropped = await tx.one(
        select(func.count()).where(
            col(DroppedEntry.source_id) == source_id, col(DroppedEntry.dropped_at) > since
        )
    )
    stored = await tx.one(
        select(func.count()).where(
            col(Entry.source_id) == source_id, col(Entry.first_seen_at) > since
        )
    )
    return DroppedCount(dropped, dropped + stored)


class StoredWording(NamedTuple):
    """An article as a rule judges it."""

    article_id: int
    title: str
    text: str
    language: str
    author: str
    categories: str  # one on each line


async def newest_texts(tx: Transaction, source_id: int, limit: int) -> list[StoredWording]:
    """Return the texts of the last stored articles of the source, the newest first."""
    newest = (
        select(Entry.article_id)
        .where(col(Entry.source_id) == source_id)
        .distinct()
        .order_by(col(Entry.article_id).desc())
        .limit(limit)
    )
    shown_text = func.coalesce(func.nullif(col(Article.text), ""), col(Article.summary))
    rows = await tx.rows(
        select(  # type: ignore[call-overload]
            Article.id,
            Article.title,
            shown_text,
            Article.language,
            Article.author,
            Article.categories,
        )
        .where(col(Article.id).in_(newest))
        .order_by(col(Article.id).desc())
    )
    return [StoredWording(*row) for row in rows]


async def selector_problems(tx: Transaction) -> dict[int, str]:
    """Return why selectors were not used on the last page, by the ids of the sources."""
    rules = select(SourceRules.source_id, SourceRules.problem)
    rows = await tx.rows(rules.where(col(SourceRules.problem).is_not(None)))
    return {source_id: str(problem) for source_id, problem in rows}


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
