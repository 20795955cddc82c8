"""The secret of this database: made once, the same for all processes, never shown."""

import secrets
from datetime import datetime

from sqlmodel import Field, SQLModel, select

from storage.engine import Unit
from storage.insert import insert_new

_KEY_BYTES = 32
_THE_ONE = 1


class Secret(SQLModel, table=True):
    """One row; what is sealed with its key opens nothing once it is lost."""

    id: int = Field(default=_THE_ONE, primary_key=True, sa_column_kwargs={"autoincrement": False})
    key: bytes
    made_at: datetime


async def sealing_key(unit: Unit) -> bytes:
    """Return the key of all seals, made now if there is none; the unit must be a writing one."""
    row = {"id": _THE_ONE, "key": secrets.token_bytes(_KEY_BYTES), "made_at": unit.now}
    await insert_new(unit, Secret, [row], returning=Secret.id)
    return (await unit.session.exec(select(Secret.key))).one()


async def known_key(unit: Unit) -> bytes | None:
    return (await unit.session.exec(select(Secret.key))).first()
