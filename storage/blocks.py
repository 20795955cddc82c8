"""What each host prints on all its pages, as far as it has been learned from them."""

from sqlalchemy import update
from sqlmodel import Field, SQLModel, col

from storage.engine import Unit
from storage.insert import insert_new


class LearnedBlocks(SQLModel, table=True):
    host: str = Field(primary_key=True)
    blocks: str  # as the reader of pages writes them; small, for it forgets


async def learned_blocks(unit: Unit, host: str) -> str:
    """Return what has been learned of *host*, "" for nothing."""
    row = await unit.session.get(LearnedBlocks, host)
    return row.blocks if row else ""


async def store_blocks(unit: Unit, host: str, blocks: str) -> None:
    """Of two processes that learn of one host at the same moment, the later one counts."""
    row = {"host": host, "blocks": blocks}
    if not await insert_new(unit, LearnedBlocks, [row], returning=LearnedBlocks.host):
        learned = update(LearnedBlocks).where(col(LearnedBlocks.host) == host)
        await unit.session.exec(learned.values(blocks=blocks))
