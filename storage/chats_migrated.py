"""Groups that became supergroups: Telegram's id changes, our row and its keys stay."""

from sqlalchemy import Column, Exists, UniqueConstraint, and_, delete, exists, not_, update
from sqlmodel import SQLModel, col, select

from storage.bans import move_ban
from storage.chats import Chat, columns_naming_a_chat
from storage.deliveries_next import lock_lines
from storage.engine import Unit
from storage.words import ChatKind


async def migrate_chat(unit: Unit, old: int, new: int) -> None:
    """Write Telegram's id *new* wherever *old* stood.

    Where the supergroup has a row already, because its update came first, what belongs to it moves
    to the older row, unless that has the same; the newer row goes.
    """
    await move_ban(unit, old, new)
    moving = await unit.session.exec(select(Chat).where(col(Chat.telegram_id) == old))
    await lock_lines(unit)
    for chat in moving.all():
        await _absorb(unit, chat, new)
        chat.telegram_id = new
        chat.kind = ChatKind.SUPERGROUP
        await unit.session.flush()


async def _absorb(unit: Unit, chat: Chat, telegram_id: int) -> None:
    same_place = and_(col(Chat.telegram_id) == telegram_id, col(Chat.thread_id) == chat.thread_id)
    twin = (await unit.session.exec(select(Chat.id).where(same_place))).first()
    if twin is None or chat.id is None:
        return
    for column in columns_naming_a_chat():
        await _move(unit, column, twin, chat.id)
    await unit.session.exec(delete(Chat).where(col(Chat.id) == twin))


async def _move(unit: Unit, column: Column[int], source: int, target: int) -> None:
    clashes = [_same_at_target(column, names, target) for names in _unique_beside(column)]
    await unit.session.exec(
        update(column.table)
        .where(column == source, *(not_(clash) for clash in clashes))
        .values({column.name: target})
        .execution_options(synchronize_session=False)
    )


def _unique_beside(column: Column[int]) -> list[list[str]]:
    """Return, for each unique rule that *column* is part of, the names of the other columns."""
    table = SQLModel.metadata.tables[str(column.table)]
    rules = [table.primary_key, *(c for c in table.constraints if isinstance(c, UniqueConstraint))]
    return [
        [other.name for other in rule.columns if other is not column]
        for rule in rules
        if column.name in rule.columns
    ]


def _same_at_target(column: Column[int], names: list[str], target: int) -> Exists:
    theirs = column.table.alias("theirs")
    return exists().where(
        theirs.c[column.name] == target,
        *(theirs.c[name] == column.table.c[name] for name in names),
    )
