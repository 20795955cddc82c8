"""The catalogue's first topics: read from `starter_topics.toml`, made or brought up to date."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from bot.matching.query import parse
from storage.engine import Storage, Unit
from storage.queries import query_for, retire_query
from storage.topics import Topic, topic_named


@dataclass(frozen=True, slots=True)
class Catalogue:
    storage: Storage

    async def load(self) -> int:
        """Bring the public topics to what the file says; return how many were new or changed.

        Topics that are not in the file stay.
        """
        async with self.storage.writing() as unit:
            changed = [
                await _keep(unit, position, slug, starter)
                for position, (slug, starter) in enumerate(starter_topics().items())
            ]
        return sum(changed)


def starter_topics() -> dict[str, dict[str, str]]:
    """Return name and query of each topic by its slug."""
    text = files("bot.subscribers").joinpath("starter_topics.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


async def _keep(unit: Unit, position: int, slug: str, starter: Mapping[str, str]) -> bool:
    wanted = {"name": starter["name"], "typed": starter["query"], "position": position}
    topic = await topic_named(unit, slug)
    if topic is not None and all(getattr(topic, key) == value for key, value in wanted.items()):
        return False
    query = await query_for(unit, parse(starter["query"]).canonical)
    values = {**wanted, "query_id": query.id, "slug": slug}
    former = topic.query_id if topic else None
    if topic is None:
        topic = Topic(name="", query_id=query.id or 0, typed="", created_at=unit.now)
    topic.sqlmodel_update(values)
    unit.session.add(topic)
    await unit.session.flush()
    if former not in {None, query.id}:
        await retire_query(unit, former or 0)
    return True
