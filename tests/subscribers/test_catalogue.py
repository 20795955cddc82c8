import asyncio

import pytest

from bot.matching.query import parse
from bot.subscribers import catalogue as module
from bot.subscribers.catalogue import Catalogue, starter_topics
from bot.subscribers.topics import Topics
from storage.enums import Mode


@pytest.mark.parametrize("slug", starter_topics())
def test_every_starter_topic_is_a_query_and_fits_a_link(slug):
    starter = starter_topics()[slug]

    assert parse(starter["query"]).canonical
    assert len(starter["name"]) <= 30
    assert len(f"topic_{slug}") <= 64
    assert slug.replace("-", "").isalnum()


async def test_loading_makes_the_catalogue_once(storage, arrive):
    first, second = await Catalogue(storage).load(), await Catalogue(storage).load()

    page = await Topics(storage).catalogue(await arrive(), per_page=100)
    assert (first, second) == (len(starter_topics()), 0)
    assert [one.name for one in page.items] == [one["name"] for one in starter_topics().values()]


async def test_two_processes_that_start_at_once_make_one_catalogue(storage):
    made = await asyncio.gather(*(Catalogue(storage).load() for _ in range(4)))

    assert sum(made) == len(starter_topics())


async def test_a_changed_query_reaches_those_who_watch(storage, watching, arrive, monkeypatch):
    await Catalogue(storage).load()
    chat_id, topics = await arrive(), Topics(storage)
    space = await topics.named(chat_id, "space")
    await watching.watch_topic(chat_id, space.id, Mode.BOTH)
    changed = starter_topics() | {"space": {"name": "Space flight", "query": "rocket*"}}
    monkeypatch.setattr(module, "starter_topics", lambda: changed)

    number = await Catalogue(storage).load()

    assert number == 1
    (watched,) = (await topics.watched(chat_id)).items
    assert (watched.id, watched.name, watched.typed) == (space.id, "Space flight", "rocket*")
