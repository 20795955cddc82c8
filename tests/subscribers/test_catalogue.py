import asyncio

import pytest

from bot.matching.query import parse
from bot.subscribers import catalogue, subscriptions, topics
from bot.subscribers import catalogue as module
from bot.subscribers.catalogue import starter_topics
from bot.subscribers.limits import USUAL_LIMITS
from storage.enums import Mode


@pytest.mark.parametrize("slug", starter_topics())
def test_every_starter_topic_is_a_query_and_fits_a_link(slug):
    starter = starter_topics()[slug]

    assert parse(starter["query"]).canonical
    assert len(starter["name"]) <= 30
    assert len(f"topic_{slug}") <= 64
    assert slug.replace("-", "").isalnum()


async def test_loading_makes_the_catalogue_once(storage, arrive):
    first, second = await catalogue.load_catalogue(storage), await catalogue.load_catalogue(storage)

    page = await topics.catalogue_page(storage, await arrive(), per_page=100)
    assert (first, second) == (len(starter_topics()), 0)
    assert [one.name for one in page.items] == [one["name"] for one in starter_topics().values()]


async def test_two_processes_that_start_at_once_make_one_catalogue(storage):
    made = await asyncio.gather(*(catalogue.load_catalogue(storage) for _ in range(4)))

    assert sum(made) == len(starter_topics())


async def test_a_changed_query_reaches_those_who_watch(storage, arrive, monkeypatch):
    await catalogue.load_catalogue(storage)
    chat_id = await arrive()
    space = await topics.topic_by_name(storage, chat_id, "space")
    await subscriptions.subscribe_to_topic(
        storage, chat_id, space.id, Mode.BOTH, limits=USUAL_LIMITS
    )
    changed = starter_topics() | {"space": {"name": "Space flight", "query": "rocket*"}}
    monkeypatch.setattr(module, "starter_topics", lambda: changed)

    number = await catalogue.load_catalogue(storage)

    assert number == 1
    (watched,) = (await topics.subscribed(storage, chat_id)).items
    assert (watched.id, watched.name, watched.typed) == (space.id, "Space flight", "rocket*")
