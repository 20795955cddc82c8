"""Links to the bot, and topics that are shared by links."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers import catalogue, deletion, share_links, topics
from bot.subscribers.errors import NoSuchTopic
from storage.topics import Share
from tests.subscribers.conftest import subscribe


@pytest.mark.parametrize(
    ("linked", "start"),
    [
        pytest.param(share_links.LinkedTopic("central-banks"), "topic_central-banks", id="a slug"),
        pytest.param(share_links.LinkedTopic("12"), "topic_12", id="a number"),
        pytest.param(share_links.LinkedQuery("Taiwan"), "q_VGFpd2Fu", id="words"),
        pytest.param(
            share_links.LinkedQuery("台湾 OR 台灣"), "q_5Y-w5rm-IE9SIOWPsOeBow", id="in any script"
        ),
        pytest.param(share_links.LinkedShare("abc_-1"), "s_abc_-1", id="something shared"),
    ],
)
def test_a_start_parameter_is_read_back(linked, start):
    assert share_links.start_for(linked) == start
    assert share_links.read_start(start) == linked


@pytest.mark.parametrize(
    "start",
    ["", "whatever", "q_", "q_!!!!", "q__w", "admin_1"],
    ids=["nothing", "unknown", "no words", "no base64", "no UTF-8", "another's"],
)
def test_an_unknown_start_parameter_is_none(start):
    assert share_links.read_start(start) is None


@given(st.text(min_size=1))
def test_a_query_that_fits_is_read_back_and_telegram_takes_the_link(typed):
    start = share_links.start_for(share_links.LinkedQuery(typed))

    if start is None:
        assert len(typed.encode()) > 46
    else:
        assert re.fullmatch(rf"[A-Za-z0-9_-]{{1,{share_links.LONGEST_START}}}", start)
        assert share_links.read_start(start) == share_links.LinkedQuery(typed)


@given(st.text(max_size=70))
def test_no_start_parameter_raises(start):
    for prefix in ("", "q_", "s_", "topic_"):
        linked = share_links.read_start(prefix + start)
        again = None
        if isinstance(linked, share_links.Linked):
            again = share_links.start_for(linked)
        assert again is None or share_links.read_start(again) == linked


LONG = " OR ".join(f"word{number}" for number in range(20))


async def test_a_topic_of_the_catalogue_is_shared_by_its_name(storage, arrive):
    await catalogue.load_catalogue(storage)
    topic = (await topics.catalogue_page(storage, await arrive())).items[0]

    assert await share_links.share(storage, await arrive(), topic.id) == "topic_japan-china"


async def test_a_query_of_the_chat_is_shared_in_the_link(chat_id, storage):
    topic = await subscribe(storage, chat_id, "Taiwan export")

    start = await share_links.share(storage, chat_id, topic.topic_id)

    assert share_links.read_start(start) == share_links.LinkedQuery("Taiwan export")


async def test_a_long_query_is_stored_and_found_by_its_token(chat_id, storage):
    topic = await subscribe(storage, chat_id, LONG)

    shared = share_links.read_start(await share_links.share(storage, chat_id, topic.topic_id))

    assert isinstance(shared, share_links.LinkedShare)
    assert len(shared.token) >= 20
    assert await share_links.shared_query(storage, shared.token) == LONG


async def test_a_query_shared_twice_has_one_link(chat_id, storage):
    topic = await subscribe(storage, chat_id, LONG)

    links = {await share_links.share(storage, chat_id, topic.topic_id) for _ in range(2)}

    assert len(links) == 1


async def test_a_topic_of_another_chat_cannot_be_shared(arrive, storage):
    topic = await subscribe(storage, await arrive(1), "Taiwan")

    with pytest.raises(NoSuchTopic):
        await share_links.share(storage, await arrive(2), topic.topic_id)


async def test_a_token_that_was_guessed_opens_nothing(storage):
    with pytest.raises(NoSuchTopic):
        await share_links.shared_query(storage, "guessed")


async def test_shares_go_with_their_chat(storage, chat_id):
    topic = await subscribe(storage, chat_id, LONG)
    await share_links.share(storage, chat_id, topic.topic_id)

    await deletion.delete_chat(storage, chat_id, None)

    async with storage.reading() as tx:
        assert await tx.get(Share, 1) is None
