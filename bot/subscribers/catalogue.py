"""The catalogue's first topics: read from `starter_topics.toml`, made or brought up to date."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from bot.matching.query import parse
from storage.db.engine import Storage, Transaction
from storage.db.sql import insert_new
from storage.queries import query_for, retire_query
from storage.subscriptions import changed_slugs
from storage.topics import Topic, topic_named


async def load_catalogue(storage: Storage) -> int:
    """Bring the public topics to what the file says; return how many were new or changed.

    Topics that are not in the file stay, and those that an admin has changed or retired.
    """
    async with storage.writing() as tx:
        edited = await changed_slugs(tx)
        changed = [
            await _keep(tx, position, slug, starter)
            for position, (slug, starter) in enumerate(starter_topics().items())
            if slug not in edited
        ]
    return sum(changed)


def starter_topics() -> dict[str, dict[str, str]]:
    """Return name and query of each topic by its slug."""
    text = files("bot.subscribers").joinpath("starter_topics.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


async def _keep(tx: Transaction, position: int, slug: str, starter: Mapping[str, str]) -> bool:
    wanted = {"name": starter["name"], "typed": starter["query"], "position": position}
    topic = await topic_named(tx, slug)
    if topic is None:
        return await _make(tx, slug, wanted)
    if all(getattr(topic, key) == value for key, value in wanted.items()):
        return False
    former, query = topic.query_id, await query_for(tx, parse(starter["query"]).canonical)
    topic.sqlmodel_update({**wanted, "query_id": query.id})
    tx.session.add(topic)
    await tx.session.flush()
    if former != query.id:
        await retire_query(tx, former)
    return True


async def _make(tx: Transaction, slug: str, wanted: Mapping[str, Any]) -> bool:
    query = await query_for(tx, parse(wanted["typed"]).canonical)
    row = {**wanted, "slug": slug, "query_id": query.id, "created_at": tx.now}
    # Another process that starts at the same time may have made it since we looked.
    return bool(await insert_new(tx, Topic, [row], returning=Topic.id))
