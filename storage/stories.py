"""Stories: the articles that tell the same event; not grouped yet, each article is its own."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Field, SQLModel, col

from storage.columns import ROW_ID
from storage.engine import Unit
from storage.insert import insert_new


class Story(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    created_at: datetime


async def start_stories(unit: Unit, count: int) -> list[int]:
    rows = [{"created_at": unit.now}] * count
    return sorted(await insert_new(unit, Story, rows, returning=Story.id))


async def drop_stories(unit: Unit, story_ids: Collection[int]) -> None:
    if story_ids:
        await unit.session.exec(delete(Story).where(col(Story.id).in_(story_ids)))
