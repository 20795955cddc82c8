"""What belongs to a chat: a row in every table that names chats, and all its rows to compare.

Tables are found by themselves, so that what is added to the storage is walked too.
"""

from datetime import date, datetime
from enum import Enum
from typing import Any, get_origin

from sqlalchemy import Column, Table
from sqlmodel import SQLModel, col, select

from storage.db.engine import Storage, Transaction
from storage.schema import metadata

SECRET = "quagga"
"""Stands in every text that is the chat's own; nobody else ever types it."""

Rows = dict[str, list[dict[str, Any]]]

metadata()  # all models are known then
MODELS: dict[str, type[SQLModel]] = {
    str(mapper.class_.__tablename__): mapper.class_ for mapper in SQLModel._sa_registry.mappers
}


def tables_of_chats() -> list[Table]:
    """Return the tables whose rows name a chat, those before that others refer to."""
    return [
        table
        for table in metadata().sorted_tables
        if any(_target(column) == "chat" for column in table.columns)
    ]


async def rows_of(storage: Storage, chat_id: int) -> Rows:
    """Return all that is stored of the chat, by table; what it follows included."""
    async with storage.reading() as tx:
        found: Rows = {"chat": await _rows(tx, "chat", "id", [chat_id])}
        for table in tables_of_chats():
            (name, *_) = [c.name for c in table.columns if _target(c) == "chat"]
            found[table.name] = await _rows(tx, table.name, name, [chat_id])
        followed = [row["source_id"] for row in found["follow"]]
        found["source"] = await _rows(tx, "source", "id", followed)
    return found


async def ids_of(storage: Storage, chat_id: int) -> dict[str, list[int]]:
    """Return the ids that the chat's rows have or refer to, by table."""
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
    """Give the chat a row in each table that names chats and has none of it."""
    have = await rows_of(storage, chat_id)
    ids = await ids_of(storage, chat_id)
    known = {name: found[0] for name, found in ids.items()}
    async with storage.writing() as tx:
        for table in tables_of_chats():
            if not have[table.name] and table.name not in known:
                await _make(tx, table.name, known)


async def _make(tx: Transaction, name: str, known: dict[str, int]) -> int:
    """Make a row of whatever fits, and before it those that it must refer to."""
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
    tx.session.add(row)
    await tx.session.flush()
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
    model = MODELS[table]
    asked = select(model).where(col(getattr(model, column)).in_(ids))
    found = await tx.session.exec(asked.order_by(*metadata().tables[table].primary_key))
    return [{name: getattr(row, name) for name in model.model_fields} for row in found]


def _target(column: Column[Any]) -> str:
    """Return the table that the column refers to, "" for none."""
    keys = list(column.foreign_keys)
    return keys[0].target_fullname.partition(".")[0] if keys else ""
