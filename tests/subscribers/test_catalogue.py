"""The catalogue as it is shipped, and as admins change it."""

import asyncio

import pytest
from sqlmodel import select

from bot.matching.query import QueryError, parse
from bot.subscribers import audit, catalogue, mutes, topics
from bot.subscribers.catalogue import parts_of, starter_topics
from bot.subscribers.errors import NoSuchTopic, NotAName
from bot.subscribers.mutes import Duration, TopicSubject
from storage.enums import AuditAction, Mode
from storage.mutes import Mute
from storage.queries import Query, query_for
from storage.topics import Topic, add_public_topic
from tests.subscribers.conftest import subscribe, subscribe_to_topic


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


async def test_a_changed_query_of_the_catalogue_reaches_its_subscribers(
    storage, arrive, monkeypatch
):
    await catalogue.load_catalogue(storage)
    chat_id = await arrive()
    space = await topics.topic_by_name(storage, chat_id, "space")
    await subscribe_to_topic(storage, chat_id, space.id)
    changed = starter_topics() | {"space": {"name": "Space flight", "query": "rocket*"}}
    monkeypatch.setattr(catalogue, "starter_topics", lambda: changed)

    number = await catalogue.load_catalogue(storage)

    assert number == 1
    (watched,) = (await topics.subscribed(storage, chat_id)).items
    assert (watched.id, watched.name, watched.typed) == (space.id, "Space flight", "rocket*")


ADMIN = 900


@pytest.fixture
async def three(storage) -> list[int]:
    """Return the topics of a small catalogue."""
    return [await catalogue.add_topic(storage, name, name) for name in ("Ports", "Ships", "Trains")]


async def names(storage) -> list[str]:
    return [topic.name for topic in (await catalogue.catalogue_topics(storage)).items]


async def test_a_topic_is_added_at_the_end_under_a_link_of_its_own(three, storage):
    again = await catalogue.add_topic(storage, "Ports", "harbour OR port", by=ADMIN)
    japanese = await catalogue.add_topic(storage, "港", "港")

    assert await names(storage) == ["Ports", "Ships", "Trains", "Ports", "港"]
    assert (await catalogue.catalogue_topic(storage, again)).slug == "ports_2"
    assert (await catalogue.catalogue_topic(storage, japanese)).slug == "topic"
    with pytest.raises(QueryError):
        await catalogue.add_topic(storage, "Ports", "(port")
    with pytest.raises(NotAName):
        await catalogue.add_topic(storage, " ", "port")


async def test_every_topic_of_a_large_catalogue_can_be_named_in_a_query(storage, arrive):
    slugs = [f"t{number}" for number in range(101)]
    async with storage.writing() as tx:
        query = await query_for(tx, "taiwan")
        for place, slug in enumerate(slugs):
            await add_public_topic(
                tx, slug, name=slug, typed="Taiwan", query_id=query.id, position=place
            )

    saved = await topics.saved_queries(storage, await arrive())

    assert list(saved) == slugs


async def test_topics_are_moved_up_and_down_and_no_further(three, storage):
    await catalogue.move_topic(storage, three[2], -1)
    moved = await names(storage)
    await catalogue.move_topic(storage, three[2], -9)
    await catalogue.move_topic(storage, three[2], -1)

    assert moved == ["Ports", "Trains", "Ships"]
    assert await names(storage) == ["Trains", "Ports", "Ships"]


async def test_a_new_query_is_for_all_subscribers(storage, three, arrive, backfills):
    ann = await arrive(1)
    await subscribe_to_topic(storage, ann, three[0])

    await catalogue.change_query(storage, three[0], "harbour", by=ADMIN)

    assert (await topics.get_topic(storage, ann, three[0])).typed == "harbour"
    assert backfills[-1][0] == "harbour"
    async with storage.reading() as tx:
        live = list(await tx.rows(select(Query.canonical).where(Query.live)))
    assert sorted(live) == ["harbour", "ships", "trains"]


async def test_a_retired_topic_stays_with_all_its_subscribers(storage, three, arrive):
    ann, bob, eve = await arrive(1), await arrive(2), await arrive(3)
    await subscribe_to_topic(storage, ann, three[0], Mode.INSTANT)
    await subscribe_to_topic(storage, bob, three[0])
    await mutes.mute(storage, bob, TopicSubject(three[0]), Duration.WEEK)
    await subscribe_to_topic(storage, eve, three[0], Mode.DIGEST)
    await subscribe(storage, eve, "ports", Mode.INSTANT)

    await catalogue.remove_topic(storage, three[0], by=ADMIN)

    assert await names(storage) == ["Ships", "Trains"]
    seen = [(await topics.subscribed(storage, chat)).items for chat in (ann, bob, eve)]
    assert [[(one.name, one.mode, one.is_public) for one in items] for items in seen] == [
        [("Ports", Mode.INSTANT, False)],
        [("Ports", Mode.BOTH, False)],
        [("Ports", Mode.BOTH, False)],
    ]
    async with storage.reading() as tx:
        (mute,) = await tx.rows(select(Mute))
        assert await tx.get(Topic, three[0]) is None
    assert mute.subject_id == seen[1][0].id
    with pytest.raises(NoSuchTopic):
        await catalogue.catalogue_topic(storage, three[0])


async def test_an_interrupted_retirement_is_finished_at_the_next_start(storage, three, arrive):
    ann = await arrive(1)
    await subscribe_to_topic(storage, ann, three[0])
    async with storage.writing() as tx:
        (await tx.get_one(Topic, three[0])).slug = None

    await catalogue.hand_over_topics(storage)

    (topic,) = (await topics.subscribed(storage, ann)).items
    assert (topic.name, topic.is_public) == ("Ports", False)


async def test_a_start_undoes_no_change_of_an_admin(storage):
    await catalogue.load_catalogue(storage)
    first, second, third = (await catalogue.catalogue_topics(storage)).items[:3]
    await catalogue.rename_topic(storage, first.id, "Mine")
    await catalogue.remove_topic(storage, second.id)
    await catalogue.move_topic(storage, third.id, -1)

    changed = await catalogue.load_catalogue(storage)

    assert changed == 0
    assert (await names(storage))[0] in {"Mine", third.name}
    assert second.name not in [
        topic.name
        for page in range(5)
        for topic in (await catalogue.catalogue_topics(storage, page)).items
    ]
    assert (await catalogue.catalogue_topics(storage)).total == len(starter_topics()) - 1


async def test_every_change_is_an_audit_event(storage, three):
    await catalogue.rename_topic(storage, three[0], "Harbours", by=ADMIN)
    await catalogue.change_query(storage, three[0], "harbour", by=ADMIN)
    await catalogue.move_topic(storage, three[0], 1, by=ADMIN)
    await catalogue.remove_topic(storage, three[0], by=ADMIN)

    events = (await audit.newest_events(storage, 10))[:4]

    assert [event.action for event in events] == [
        AuditAction.TOPIC_RETIRED,
        AuditAction.TOPIC_MOVED,
        AuditAction.TOPIC_REWORDED,
        AuditAction.TOPIC_RENAMED,
    ]
    assert {(event.user_id, event.subject) for event in events} == {(ADMIN, "ports")}
    assert events[3].details == {"before": "Ports", "after": "Harbours"}


async def test_admins_cannot_change_a_topic_of_a_chat(arrive, storage):
    ann = await arrive(1)
    own = await subscribe(storage, ann, "a secret")

    for change in (
        catalogue.rename_topic(storage, own.topic_id, "Mine"),
        catalogue.change_query(storage, own.topic_id, "mine"),
        catalogue.move_topic(storage, own.topic_id, 1),
        catalogue.remove_topic(storage, own.topic_id),
        catalogue.catalogue_topic(storage, own.topic_id),
    ):
        with pytest.raises(NoSuchTopic):
            await change


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        pytest.param("Ports: port OR harbour", ("Ports", "port OR harbour"), id="both"),
        pytest.param("harbour", ("harbour", "harbour"), id="a query alone is its own name"),
        pytest.param("title:port", ("title:port", "title:port"), id="a colon of the query"),
    ],
)
def test_name_and_query_are_split_at_the_first_colon(typed, parts):
    assert parts_of(typed) == parts
