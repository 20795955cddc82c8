"""Admins: people who may run the bot from the chat, and the code that makes the first one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, delete
from sqlmodel import Field, SQLModel, col, select

from storage.engine import Unit
from storage.insert import insert_new


class Admin(SQLModel, table=True):
    person_id: int = Field(primary_key=True, sa_type=BigInteger)
    since: datetime


class AdminCode(SQLModel, table=True):
    """At most one row: the hash of the code printed at the last start; its link uses it up."""

    code_hash: str = Field(primary_key=True, max_length=64)
    made_at: datetime


async def admin_ids(unit: Unit) -> Sequence[int]:
    return (await unit.session.exec(select(Admin.person_id))).all()


async def appoint(unit: Unit, person_id: int) -> None:
    await insert_new(
        unit, Admin, [{"person_id": person_id, "since": unit.now}], returning=Admin.person_id
    )


async def dismiss(unit: Unit, person_id: int) -> None:
    await unit.session.exec(delete(Admin).where(col(Admin.person_id) == person_id))


async def replace_code(unit: Unit, code_hash: str) -> None:
    """Let this be the one code; an older one opens nothing any more."""
    await unit.session.exec(delete(AdminCode))
    unit.session.add(AdminCode(code_hash=code_hash, made_at=unit.now))


async def use_code(unit: Unit, code_hash: str) -> bool:
    """Use the code up; False if there is no such code, or no longer."""
    used = await unit.session.exec(delete(AdminCode).where(col(AdminCode.code_hash) == code_hash))
    return used.rowcount == 1
