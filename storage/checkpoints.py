"""Checkpoints: which saved indexes belong to this database, and to its history as it was.

Whoever saves an index puts a new token here first, and into the file. A database that knows the
token has all the changes that the index has seen: another one does not know it, and neither does
an older backup that was restored and went another way since, though its numbers may be the same.
A migration that rewrites queries empties this table.
"""

from datetime import datetime, timedelta
from secrets import token_hex

from sqlalchemy import delete
from sqlmodel import BigInteger, Field, SQLModel, col, select

from storage.engine import Unit

# A file that is older is not worth reading: everything is built anew.
_KEPT = timedelta(days=90)


class Checkpoint(SQLModel, table=True):
    token: str = Field(primary_key=True, max_length=32)
    number: int = Field(sa_type=BigInteger)  # the last change of the queries that was seen
    made_at: datetime


async def make_checkpoint(unit: Unit, number: int) -> str:
    """Return a new token for an index that has seen the change *number*, which is committed."""
    await unit.session.exec(delete(Checkpoint).where(col(Checkpoint.made_at) < unit.now - _KEPT))
    token = token_hex(16)
    unit.session.add(Checkpoint(token=token, number=number, made_at=unit.now))
    return token


async def checkpoints(unit: Unit) -> dict[str, int]:
    """The number of the last change that was seen, by token."""
    found = await unit.session.exec(select(Checkpoint.token, Checkpoint.number))
    return dict(found.all())
