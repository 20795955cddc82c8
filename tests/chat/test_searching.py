"""/search: what is stored, found again."""

from datetime import timedelta

import pytest

from tests.chat.conftest import buttons, labels

NAMES = (
    *("Alba", "Bruno", "Carla", "Dario", "Elena", "Fabio"),
    *("Greta", "Hugo", "Irina", "Jonas", "Katya", "Lukas"),
)


@pytest.fixture
async def twelve(news, clock):
    """Store twelve articles, a minute apart, the twelfth the newest."""
    for number, name in enumerate(NAMES, 1):
        clock.turn(timedelta(hours=30))
        await news(f"{name} visits Taiwan", f"{name} spoke.", f"https://news.example.org/{number}")


def titles(message) -> list[str]:
    text = message["text"].encode("utf-16-le")
    return [
        text[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode("utf-16-le")
        for entity in message["entities"]
        if entity["type"] == "text_link"
    ]


async def test_the_newest_come_first_and_pages_turn_in_place(ann, twelve):
    first = await ann.says("/search taiwan")
    second = await ann.presses(first, "Older ›")
    third = await ann.presses(second, "Older ›")
    back = await ann.presses(third, "‹ Newer")

    assert first["text"].startswith("taiwan · 12 stories\n\n1. Lukas visits Taiwan · Sample Times")
    assert "\n6. Greta visits Taiwan" in second["text"]
    assert titles(third) == ["Bruno visits Taiwan", "Alba visits Taiwan"]
    assert back["text"] == second["text"]
    assert labels(first) == ["Older ›", "Subscribe"]
    assert labels(third) == ["‹ Newer", "Subscribe"]
    assert first["message_id"] == second["message_id"] == third["message_id"]


async def test_what_comes_meanwhile_moves_no_page(ann, twelve, news):
    first = await ann.says("/search taiwan")
    await news("Maria visits Taiwan", "Maria spoke.", "https://news.example.org/13")

    second = await ann.presses(first, "Older ›")

    assert titles(second)[0] == "Greta visits Taiwan"
    assert titles(await ann.presses(second, "‹ Newer"))[0] == "Lukas visits Taiwan"


async def test_words_that_matched_are_bold_with_their_line(ann, news):
    await news("A visit", "Nothing much. The envoy went to Taiwan on Monday. The end came later.")

    found = await ann.says('/search "envoy went" OR title:nobody')

    assert "The envoy went to Taiwan on Monday." in found["text"]
    assert "bold" in {entity["type"] for entity in found["entities"]}


async def test_long_words_stand_in_the_message(ann, twelve):
    words = "taiwan OR " + " OR ".join(f"nothing{number}" for number in range(20))
    first = await ann.says(f"/search {words}")

    second = await ann.presses(first, "Older ›")

    assert dict(buttons(first))["Older ›"].endswith("|")
    assert titles(second)[0] == "Greta visits Taiwan"


async def test_what_is_found_can_be_subscribed_to(ann, twelve):
    assert "Alert me" in labels(await ann.says("/search taiwan", "Subscribe"))


async def test_nothing_found_says_so_and_can_be_subscribed_to(ann):
    found = await ann.says("/search nobody")

    assert found["text"] == "nobody · nothing so far"
    assert labels(found) == ["Subscribe"]


async def test_without_words_it_says_how_it_goes(ann):
    assert "/search Taiwan OR Japan" in (await ann.says("/search"))["text"]


async def test_what_cannot_be_read_is_pointed_at(ann):
    assert "never closed" in (await ann.says("/search (taiwan"))["text"]


async def test_a_page_behind_an_article_that_is_gone_is_the_first(ann, twelve, house):
    await ann.says("/start")
    old = await house.show_button(ann, "find|424242|0|taiwan")

    assert titles(await ann.presses(old, "By hand"))[0] == "Lukas visits Taiwan"
