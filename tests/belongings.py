"""Fills every table that refers to chats, and returns all rows of a chat for comparison.

The tables come from the metadata, so that a new table is included.
"""

from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, get_origin

from sqlalchemy import Column, Table, bindparam
from sqlmodel import SQLModel, select

from storage.db.engine import Storage, Transaction
from storage.schema import metadata

SECRET = "quagga"
"""A word in every text of the chat, and in no other text."""

Rows = dict[str, list[dict[str, Any]]]

metadata()  # loads all models
MODELS: dict[str, type[SQLModel]] = {
    str(mapper.class_.__tablename__): mapper.class_ for mapper in SQLModel._sa_registry.mappers
}


@cache
def tables_of_chats() -> list[Table]:
    """Return the tables that refer to a chat, sorted so that each follows those it refers to."""
    return [
        table
        for table in metadata().sorted_tables
        if any(_target(column) == "chat" for column in table.columns)
    ]


async def rows_of(storage: Storage, chat_id: int) -> Rows:
    """Return all rows of the chat by table, with the sources that it follows."""
    async with storage.reading() as tx:
        found: Rows = {"chat": await _rows(tx, "chat", "id", [chat_id])}
        for table in tables_of_chats():
            (name, *_) = [c.name for c in table.columns if _target(c) == "chat"]
            found[table.name] = await _rows(tx, table.name, name, [chat_id])
        followed = [row["source_id"] for row in found["follow"]]
        found["source"] = await _rows(tx, "source", "id", followed)
    return found


async def ids_of(storage: Storage, chat_id: int) -> dict[str, list[int]]:
    """Return the ids that the rows of the chat have or refer to, by table."""
    ids: dict[str, set[int]] = {}
    for name, rows in (await rows_of(storage, chat_id)).items():
        table = metadata().tables[name]
        for row in rows:
            if "id" in row:
                ids.setdefault(name, set()).add(row["id"])
            for column in table.columns:
                if (target := _target(column)) and row[column.name] is not None:
                    ids.setdefault(target, set()).add(row[column.name])
    return {name: sorted(found) for name, found in ids.items()}


async def fill(storage: Storage, chat_id: int) -> None:
    """Add a row for the chat to each table that refers to chats and has no row of it."""
    have = await rows_of(storage, chat_id)
    ids = await ids_of(storage, chat_id)
    known = {name: found[0] for name, found in ids.items()}
    async with storage.writing() as tx:
        for table in tables_of_chats():
            if not have[table.name] and table.name not in known:
                await _make(tx, table.name, known)


async def _make(tx: Transaction, name: str, known: dict[str, int]) -> int:
    """Make a row with any valid values, and first the rows that it must refer to."""
    table, model = metadata().tables[name], MODELS[name]
    values: dict[str, Any] = {}
    for field, facts in model.model_fields.items():
        target = _target(table.columns[field])
        if target and (facts.is_required() or target in known):
            if target != name:
                values[field] = known.get(target) or await _make(tx, target, known)
        elif facts.is_required() and field != "id":
            values[field] = _made_up(facts.annotation, tx.now)
    row = model(**values)
    await tx.add(row)
    known[name] = getattr(row, "id", 0)
    return known[name]


def _made_up(kind: Any, now: datetime) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    kind = get_origin(kind) or kind
    if kind is datetime:
        return now
    if kind is date:
        return now.date()
    if kind is str:
        return SECRET
    if kind is bool:
        return False
    return kind(1) if kind is int else kind()


async def _rows(tx: Transaction, table: str, column: str, ids: list[int]) -> list[dict[str, Any]]:
    names = metadata().tables[table].columns.keys()
    rows = await tx.rows(_query(table, column), ids=ids)
    return [dict(zip(names, row, strict=True)) for row in rows]


@cache
def _query(table: str, column: str) -> Any:
    columns = metadata().tables[table].columns
    query = select(*columns).where(columns[column].in_(bindparam("ids", expanding=True)))
    return query.order_by(*metadata().tables[table].primary_key)


def _target(column: Column[Any]) -> str:
    """Return the name of the table that the column refers to, "" for none."""
    keys = list(column.foreign_keys)
    return keys[0].target_fullname.partition(".")[0] if keys else ""
