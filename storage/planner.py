"""What PostgreSQL's planner knows of the tables, told anew after much was loaded at once.

Autovacuum looks after it some minutes later; until then a claim may take fifteen times as long.
SQLite plans by the indexes alone: with its statistics claims took as long as without, and to delete
messages took a hundred times as long, since it then looked for their replies without the index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from storage.chats import Chat, DigestTime
from storage.db.engine import POSTGRESQL
from storage.mailboxes import Mailbox
from storage.mutes import Mute
from storage.queries import Query
from storage.sources import Follow, Source
from storage.subscriptions import Subscription
from storage.topics import Topic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import SQLModel

    from storage.db.engine import Storage

OF_PEOPLE: Final[tuple[type[SQLModel], ...]] = (
    Chat,
    DigestTime,
    Topic,
    Query,
    Subscription,
    Source,
    Follow,
    Mute,
    Mailbox,
)


async def learn_sizes(storage: Storage, tables: Iterable[type[SQLModel]]) -> None:
    """Let the planner look at samples of *tables*, of each in a unit of its own."""
    for table in tables:
        async with storage.writing() as unit:
            if unit.dialect == POSTGRESQL:
                connection = await unit.session.connection()
                await connection.execute(text(f'ANALYZE "{table.__tablename__}"'))
