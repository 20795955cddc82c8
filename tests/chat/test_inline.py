"""Inline queries through the dispatcher: results, access and privacy."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.handlers.search import Turns, link_to_card, payload_of
from bot.subscribers.share_links import LONGEST_START, LinkedQuery, LinkedTopic, read_start
from storage.feeds_followed import follow
from tests.chat.conftest import House, Talk, add_article, add_feed

PRIVATE = "https://private.example/feed"


async def asks(house: House, talk: Talk, text: str, offset: str = "") -> dict[str, Any]:
    query = house.playground.inline(talk.who, text, offset)
    return await house.playground.wait_for_inline_answer(query)


@pytest.fixture
async def ferry(ann, news):
    await ann.says("/start")
    await news("Ferry sinks off Bohara", "A ferry sank in Taiwan's waters. More to come.")


async def test_the_newest_stories_come_as_cards(house, ann, ferry):
    answer = await asks(house, ann, "ferry")

    (card,) = answer["results"]
    assert card["title"] == "Ferry sinks off Bohara"
    assert card["description"].startswith("Sample Times · 21:00 · A ferry sank")
    assert card["message"]["text"].startswith("Ferry sinks off Bohara\n\nA ferry sank")
    assert card["message"]["entities"][0]["type"] == "text_link"
    assert (answer["cache_time"], answer["is_personal"], answer["next_offset"]) == (30, True, "")


async def test_a_shared_card_leads_others_to_its_query(house, ann, ferry):
    answer = await asks(house, ann, "ferry")
    ((button,),) = answer["results"][0]["reply_markup"]["inline_keyboard"]
    bob = house.talk("Bob")

    card = await bob.says(f"/start {button['url'].partition('?start=')[2]}")

    assert button["text"] == "Subscribe"
    assert card["text"].startswith("ferry · 1 story in the last 7 days")


async def test_a_chosen_card_is_not_read_as_a_query(house, ann, ferry):
    query = house.playground.inline(ann.who, "ferry")
    answer = await house.playground.wait_for_inline_answer(query)

    house.playground.choose(ann.who, query, answer["results"][0]["id"])
    after = await ann.says("/help")

    assert after["text"].startswith("Subscribe · type what you want")
    assert house.playground.messages(ann.who)[-3]["via_bot"]["is_bot"]


async def test_a_page_has_ten_results(house, ann, news):
    await ann.says("/start")
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "more"]
    for number, word in enumerate(words):
        url = f"https://news.example.org/{number}"
        await news(f"Ferry {word} sinks", f"It was {word}. " * 9, url)

    first = await asks(house, ann, "ferry")
    second = await asks(house, ann, "ferry", first["next_offset"])

    assert (len(first["results"]), first["next_offset"]) == (10, "10")
    assert (len(second["results"]), second["next_offset"]) == (1, "")


async def test_an_empty_query_shows_the_newest_of_ones_own_topics(house, ann, ferry):
    nothing = await asks(house, ann, "")
    await ann.says("ferry", "Both")

    answer = await asks(house, ann, " ")

    assert nothing["button"]["text"] == "Your topics have found nothing yet. Add one?"
    assert [card["title"] for card in answer["results"]] == ["Ferry sinks off Bohara"]


async def test_private_articles_are_not_found(house, ann, one_storage):
    await ann.says("/start")
    async with one_storage.writing() as tx:
        await follow(tx, 1, await add_feed(tx, PRIVATE))
        await add_article(tx, PRIVATE, "https://private.example/1", "Ferry sinks", "A ferry.")
    card = await ann.says("ferry")
    await ann.presses(card, "Both")

    found, own = await asks(house, ann, "ferry"), await asks(house, ann, "")

    assert card["text"].startswith("ferry · 1 story")
    assert (found["results"], own["results"]) == ([], [])
    assert found["button"]["text"] == "Nothing in 30 days. Subscribe?"


async def test_an_unreadable_query_leads_to_an_explanation(house, ann):
    await ann.says("/start")

    answer = await asks(house, ann, "Taiwan OR (consul")
    told = await ann.says(f"/start {answer['button']['start_parameter']}")

    assert answer["results"] == []
    assert answer["button"]["text"] == "I can't read this query yet: see why"
    assert "This bracket is never closed" in told["text"]


async def test_an_unauthorized_user_gets_a_button_and_no_row(house, one_storage):
    eve = house.talk("Eve", started=False)

    answer = await asks(house, eve, "ferry")

    assert answer["results"] == []
    assert answer["button"] == {"text": "Start the bot", "start_parameter": "inline"}
    assert answer["cache_time"] == 0
    assert await house.row_of(eve) is None


async def test_the_last_of_several_quick_queries_is_answered(house, ann, ferry):
    queries = [house.playground.inline(ann.who, "ferry"[:n]) for n in (3, 4, 5)]

    assert len((await house.playground.wait_for_inline_answer(queries[-1]))["results"]) == 1


async def test_only_the_last_waiting_query_is_run():
    turns, counted = Turns(), []
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def ask(number: int) -> None:
        async with turns.turn(7) as turn:
            if turn.is_last:
                counted.append(number)
                begun.set()
                await go_on.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(ask(1))
        await begun.wait()
        for number in (2, 3, 4):
            group.create_task(ask(number))
        await asyncio.sleep(0)
        go_on.set()

    assert counted == [1, 4]
    assert turns.queues == {}


@given(st.text(max_size=80))
def test_a_link_carries_a_whole_query_or_none(words):
    payload = payload_of(words)

    if payload is None:
        assert link_to_card("bot", words) == "https://t.me/bot"
    else:
        assert len(payload) <= LONGEST_START
        assert read_start(payload) == LinkedQuery(words)


@given(st.text(max_size=80))
def test_forged_links_are_read_without_error(payload):
    linked = read_start(f"q_{payload}")
    assert linked is None or (isinstance(linked, LinkedQuery) and linked.typed)
    assert read_start("topic_1") == LinkedTopic("1")
