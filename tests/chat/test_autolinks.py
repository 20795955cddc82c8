"""Quoted text never becomes a link; commands in our own sentences do."""

import pytest

from tests.chat.conftest import buttons

HOSTILE = "Taiwan @evil_bot evil.com #win $TSLA /delete_me https://evil.example/a me@evil.org"
FOUND = {"mention", "url", "hashtag", "cashtag", "bot_command", "email"}


def found_in(message) -> set[str]:
    """Return the kinds of links in the text, each without a joiner to break it."""
    return {entity["type"] for entity in message.get("entities", ())} & FOUND


@pytest.mark.parametrize("asked", ["/search taiwan", "taiwan", "/test taiwan"])
async def test_a_hostile_title_is_shown_without_links(ann, news, asked):
    await news(HOSTILE, f"{HOSTILE}. {HOSTILE}", "https://news.example.org/1")

    answer = await ann.says(asked)

    assert "evil" in answer["text"]
    assert found_in(answer) == set()


async def test_a_topic_name_is_shown_without_links_and_stored_unchanged(ann, house):
    subscribed = await ann.says('"evil.com" OR "@evil_bot"', "Alert me")
    listed = await ann.says("/topics")

    assert found_in(subscribed) <= {"bot_command"}
    assert found_in(listed) == set()
    assert any("Evil.com" in label for label, _ in buttons(listed))


async def test_commands_in_our_own_sentences_are_links(ann):
    assert "bot_command" in found_in(await ann.says("/help"))
