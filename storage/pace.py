"""Pace: when the next message may go, one row for each bot token and each chat."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Pace(SQLModel, table=True):
    key: str = Field(primary_key=True, max_length=64)  # `bot:<hash of the token>`, `chat:<row>`
    tat: datetime  # theoretical arrival time (GCRA)
    paused_until: datetime | None = None
