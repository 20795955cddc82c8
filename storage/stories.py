"""Stories: the articles that tell the same event; not grouped yet, each article is its own."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.columns import ROW_ID


class Story(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    created_at: datetime
