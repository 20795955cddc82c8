"""Topics: named queries, in the public catalogue or private to one chat."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.columns import ROW_ID


class Topic(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    name: str = Field(max_length=200)
    query_id: int = Field(foreign_key="query.id", sa_type=ROW_ID, index=True)
    typed: str  # the query as a person wrote it
    chat_id: int | None = Field(
        default=None, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    slug: str | None = Field(default=None, max_length=64, unique=True)  # of the public catalogue
    position: int = 0
    created_at: datetime
