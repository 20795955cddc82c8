"""Admins: people who may run the bot from the chat, and the code that makes the first one."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Admin(SQLModel, table=True):
    person_id: int = Field(primary_key=True, sa_type=BigInteger)
    since: datetime


class AdminCode(SQLModel, table=True):
    """At most one row: the hash of the code printed at the last start; its link uses it up."""

    code_hash: str = Field(primary_key=True, max_length=64)
    made_at: datetime
