"""/search in the stored articles."""

from datetime import timedelta

import pytest

from tests.chat.conftest import buttons, labels

NAMES = (
    *("Alba", "Bruno", "Carla", "Dario", "Elena", "Fabio"),
    *("Greta", "Hugo", "Irina", "Jonas", "Katya", "Lukas"),
)


@pytest.fixture
async def twelve(news, clock):
    """Store twelve articles a minute apart; the twelfth is the newest."""
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


async def test_results_are_newest_first_and_paged_in_place(ann, twelve):
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


async def test_new_articles_do_not_shift_the_pages(ann, twelve, news):
    first = await ann.says("/search taiwan")
    await news("Maria visits Taiwan", "Maria spoke.", "https://news.example.org/13")

    second = await ann.presses(first, "Older ›")

    assert titles(second)[0] == "Greta visits Taiwan"
    assert titles(await ann.presses(second, "‹ Newer"))[0] == "Lukas visits Taiwan"


async def test_matched_words_are_bold_in_their_line(ann, news):
    await news("A visit", "Nothing much. The envoy went to Taiwan on Monday. The end came later.")

    found = await ann.says('/search "envoy went" OR title:nobody')

    assert "The envoy went to Taiwan on Monday." in found["text"]
    assert "bold" in {entity["type"] for entity in found["entities"]}


async def test_a_long_query_is_kept_in_the_message(ann, twelve):
    words = "taiwan OR " + " OR ".join(f"nothing{number}" for number in range(20))
    first = await ann.says(f"/search {words}")

    second = await ann.presses(first, "Older ›")

    assert dict(buttons(first))["Older ›"].endswith("|")
    assert titles(second)[0] == "Greta visits Taiwan"


async def test_search_results_offer_a_subscription(ann, twelve):
    assert "Alert me" in labels(await ann.says("/search taiwan", "Subscribe"))


async def test_an_empty_result_offers_a_subscription(ann):
    found = await ann.says("/search nobody")

    assert found["text"] == "nobody · nothing so far"
    assert labels(found) == ["Subscribe"]


async def test_an_unreadable_query_is_pointed_at(ann):
    assert "never closed" in (await ann.says("/search (taiwan"))["text"]


async def test_a_page_after_a_deleted_article_is_the_first(ann, twelve, house):
    await ann.says("/start")
    old = await house.show_button(ann, "find|424242|0|taiwan")

    assert titles(await ann.presses(old, "By hand"))[0] == "Lukas visits Taiwan"
