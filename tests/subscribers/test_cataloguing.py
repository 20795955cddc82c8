import pytest
from sqlmodel import select

from bot.matching.query import QueryError
from bot.subscribers.audit import Audit
from bot.subscribers.catalogue import Catalogue, starter_topics
from bot.subscribers.cataloguing import Cataloguing, parts_of
from bot.subscribers.changing import Changing
from bot.subscribers.errors import NoSuchTopic, NotAName
from bot.subscribers.topics import Topics
from storage.enums import AuditAction, Mode
from storage.mutes import Mute
from storage.queries import Query
from storage.topics import Topic

ADMIN = 900


@pytest.fixture
def desk(storage, past) -> Cataloguing:
    return Cataloguing(storage, past)


@pytest.fixture
async def three(desk) -> list[int]:
    """Return the topics of a small catalogue."""
    return [await desk.add(name, name) for name in ("Ports", "Ships", "Trains")]


async def names(desk: Cataloguing) -> list[str]:
    return [topic.name for topic in (await desk.page()).items]


async def test_a_topic_is_added_at_the_end_under_a_link_of_its_own(desk, three):
    again = await desk.add("Ports", "harbour OR port", by=ADMIN)
    japanese = await desk.add("港", "港")

    assert await names(desk) == ["Ports", "Ships", "Trains", "Ports", "港"]
    assert (await desk.one(again)).slug == "ports_2"
    assert (await desk.one(japanese)).slug == "topic"
    with pytest.raises(QueryError):
        await desk.add("Ports", "(port")
    with pytest.raises(NotAName):
        await desk.add(" ", "port")


async def test_topics_are_moved_up_and_down_and_no_further(desk, three):
    await desk.move(three[2], -1)
    moved = await names(desk)
    await desk.move(three[2], -9)
    await desk.move(three[2], -1)

    assert moved == ["Ports", "Trains", "Ships"]
    assert await names(desk) == ["Trains", "Ports", "Ships"]


async def test_another_query_is_for_all_who_watch_it(storage, desk, three, watching, arrive, past):
    ann = await arrive(1)
    await watching.watch_topic(ann, three[0], Mode.BOTH)

    await desk.reword(three[0], "harbour", by=ADMIN)

    assert (await Topics(storage).one(ann, three[0])).typed == "harbour"
    assert past.asked[-1][0] == "harbour"
    async with storage.reading() as tx:
        live = list(await tx.session.exec(select(Query.canonical).where(Query.live)))
    assert sorted(live) == ["harbour", "ships", "trains"]


async def test_what_is_retired_stays_with_all_who_watch_it(
    storage, desk, three, watching, arrive, past
):
    ann, bob, eve = await arrive(1), await arrive(2), await arrive(3)
    await watching.watch_topic(ann, three[0], Mode.INSTANT)
    await watching.watch_topic(bob, three[0], Mode.BOTH)
    await Changing(storage, past).mute(bob, three[0], 3)
    await watching.watch_topic(eve, three[0], Mode.DIGEST)
    await watching.watch_words(eve, "ports", Mode.INSTANT)

    await desk.retire(three[0], by=ADMIN)

    assert await names(desk) == ["Ships", "Trains"]
    seen = [(await Topics(storage).watched(chat)).items for chat in (ann, bob, eve)]
    assert [[(one.name, one.mode, one.is_public) for one in items] for items in seen] == [
        [("Ports", Mode.INSTANT, False)],
        [("Ports", Mode.BOTH, False)],
        [("Ports", Mode.BOTH, False)],
    ]
    async with storage.reading() as tx:
        (mute,) = await tx.session.exec(select(Mute))
        assert await tx.session.get(Topic, three[0]) is None
    assert mute.subject_id == seen[1][0].id
    with pytest.raises(NoSuchTopic):
        await desk.one(three[0])


async def test_a_retirement_that_was_cut_off_is_finished_at_the_next_start(
    storage, desk, three, watching, arrive
):
    ann = await arrive(1)
    await watching.watch_topic(ann, three[0], Mode.BOTH)
    async with storage.writing() as tx:
        (await tx.session.get_one(Topic, three[0])).slug = None

    await desk.hand_over()

    (topic,) = (await Topics(storage).watched(ann)).items
    assert (topic.name, topic.is_public) == ("Ports", False)


async def test_what_an_admin_changed_no_start_undoes(storage, desk):
    await Catalogue(storage).load()
    first, second, third = (await desk.page()).items[:3]
    await desk.rename(first.id, "Mine")
    await desk.retire(second.id)
    await desk.move(third.id, -1)

    changed = await Catalogue(storage).load()

    assert changed == 0
    assert (await names(desk))[0] in {"Mine", third.name}
    assert second.name not in [
        topic.name for page in range(5) for topic in (await desk.page(page)).items
    ]
    assert (await desk.page()).total == len(starter_topics()) - 1


async def test_each_is_an_act(storage, desk, three):
    await desk.rename(three[0], "Harbours", by=ADMIN)
    await desk.reword(three[0], "harbour", by=ADMIN)
    await desk.move(three[0], 1, by=ADMIN)
    await desk.retire(three[0], by=ADMIN)

    acts = (await Audit(storage).newest(10))[:4]

    assert [act.deed for act in acts] == [
        AuditAction.TOPIC_RETIRED,
        AuditAction.TOPIC_MOVED,
        AuditAction.TOPIC_REWORDED,
        AuditAction.TOPIC_RENAMED,
    ]
    assert {(act.user_id, act.subject) for act in acts} == {(ADMIN, "ports")}
    assert acts[3].details == {"before": "Ports", "after": "Harbours"}


async def test_a_topic_of_a_chat_is_none_of_the_catalogues(desk, watching, arrive):
    ann = await arrive(1)
    own = await watching.watch_words(ann, "a secret", Mode.BOTH)

    for act in (
        desk.rename(own.topic_id, "Mine"),
        desk.reword(own.topic_id, "mine"),
        desk.move(own.topic_id, 1),
        desk.retire(own.topic_id),
        desk.one(own.topic_id),
    ):
        with pytest.raises(NoSuchTopic):
            await act


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        pytest.param("Ports: port OR harbour", ("Ports", "port OR harbour"), id="both"),
        pytest.param("harbour", ("harbour", "harbour"), id="a query alone is its own name"),
        pytest.param("title:port", ("title:port", "title:port"), id="a colon of the query"),
    ],
)
def test_name_and_query_are_told_apart(typed, parts):
    assert parts_of(typed) == parts
