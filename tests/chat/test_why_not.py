"""A link of a stored article: the bot says why the chat did not get it, and what changes that."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.sources.discovery.discover import LookupResult
from storage.articles import Article
from storage.enums import ArticleStage
from tests.chat.conftest import BOT_NAME, Talk, add_article, add_feed, labels

LINK = "https://news.example.org/1"
OFFERS = ["Its keywords", "Feeds of this site"]


@pytest.fixture
def stored(news, one_storage):
    """Return a function that stores the article at `LINK`, as one that has been published."""

    async def store(title: str = "Chip exports tightened", **values: object) -> None:
        await news(title, "The ministry limits exports of chips from Taiwan.", LINK)
        async with one_storage.writing() as tx:
            done = {"stage": ArticleStage.PUBLISHED} | values
            await tx.change(update(Article).values(**done))

    return store


async def why(talk: Talk, typed: str = LINK) -> dict[str, Any]:
    return await talk.says(typed)


async def test_an_article_without_the_words_names_the_topic_and_the_word(ann, stored):
    await ann.says("Korea", "Both")
    await stored()

    answer = await why(ann)

    assert answer["text"].startswith("Chip exports tightened\nSample Times · read ")
    assert (
        "You did not get it because your topic Korea asks for Korea, "
        "and this article doesn't have it."
    ) in answer["text"]
    assert labels(answer) == ["Change Korea", "Not now", *OFFERS]


async def test_the_button_asks_for_another_query(ann, stored):
    await ann.says("Korea", "Both")
    await stored()

    asked = await ann.presses(await why(ann), "Change Korea")

    assert "Korea" in asked["text"]
    assert labels(asked) == ["Cancel"]


@pytest.mark.parametrize("typed", [f"/test {LINK}", f"{LINK}?utm_source=x"])
async def test_other_forms_of_the_link_are_explained_too(ann, stored, typed):
    await stored()

    answer = await why(ann, typed)

    assert "haven't subscribed to anything yet" in answer["text"]
    assert "Catalogue" in labels(answer)


@pytest.mark.parametrize(
    ("mode", "values", "said", "button"),
    [
        ("Daily digest", {}, "comes in digests only. The next one: ", "Alert me"),
        ("Both", {"quiet": True}, "old news never alerts", None),
        ("Both", {"stage": ArticleStage.STORED}, "I have only just read it.", None),
        ("Both", {}, "its message has not arrived", None),
    ],
    ids=["digest only", "old", "in progress", "not arrived"],
)
async def test_a_matching_article_says_what_holds_it(
    ann, stored, clock, mode, values, said, button
):
    await ann.says("Taiwan", mode)
    clock.turn(timedelta(minutes=1))
    await stored(**values)

    answer = await why(ann)

    assert said in answer["text"]
    assert labels(answer) == [*([button, "Not now"] if button else []), *OFFERS]


async def test_alerts_are_added_in_one_tap(ann, stored):
    await ann.says("Taiwan", "Daily digest")
    await stored()

    page = await ann.presses(await why(ann), "Alert me")

    assert "✓ Both" in labels(page)


async def test_a_muted_topic_is_unmuted_in_one_tap(ann, stored):
    await ann.says("Taiwan", "Both")
    await ann.says("/topics", "Taiwan", "Mute", "Until I unmute")
    await stored()

    answer = await why(ann)
    page = await ann.presses(answer, "Unmute")

    assert "because you have muted your topic Taiwan." in answer["text"]
    assert "Mute ▸" in labels(page)


async def test_an_article_of_a_chats_own_feed_is_unknown_to_others(ann, house, one_storage):
    async with one_storage.writing() as tx:
        await add_feed(tx, "https://own.example/feed", title="Own Times")
        await add_article(tx, "https://own.example/feed", LINK, "A secret", "Nobody knows.")
    house.looking.told = LookupResult("")

    answer = await why(ann)
    while answer["text"].startswith("Looking at"):
        answer = await ann.next()

    assert "A secret" not in answer["text"]
    assert "Own Times" not in answer["text"]
    assert house.looking.asked == [LINK]


async def test_the_words_of_the_article_are_offered_with_the_way_back(ann, house, stored):
    await ann.says("Korea", "Both")
    await stored()
    house.looking.told = LookupResult("", title="Chip exports", text="Chips from Taiwan.")

    words = await ann.presses(await why(ann), "Its keywords")
    while words["text"].startswith("Looking at"):
        words = await ann.next()
    again = await ann.presses(words, "Why did I not get this?")

    assert "Feeds of this site" in labels(words)
    assert "your topic Korea asks for" in again["text"]


async def test_a_member_of_a_group_gets_the_reason_without_buttons(house, ann, eve, group, stored):
    await group.says(f"{BOT_NAME} Korea", "Both", from_id=ann.who.id)
    await stored()

    answer = await group.says(f"/test {LINK}", from_id=eve.id)

    assert "your topic Korea asks for Korea" in answer["text"]
    assert labels(answer) == ["Its keywords", "Feeds of this site"]
