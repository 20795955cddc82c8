"""What others wrote is quoted in the chat without links of its own; our commands stay live."""

import pytest

from tests.chat.conftest import buttons

HOSTILE = "Taiwan @evil_bot evil.com #win $TSLA /delete_me https://evil.example/a me@evil.org"
FOUND = {"mention", "url", "hashtag", "cashtag", "bot_command", "email"}


def found_in(message) -> set[str]:
    """Return the kinds of what is linked in it, which is so where people see no joiner."""
    return {entity["type"] for entity in message.get("entities", ())} & FOUND


@pytest.mark.parametrize("asked", ["/search taiwan", "taiwan", "/test taiwan"])
async def test_a_hostile_title_is_found_without_links(ann, news, asked):
    await news(HOSTILE, f"{HOSTILE}. {HOSTILE}", "https://news.example.org/1")

    answer = await ann.says(asked)

    assert "evil" in answer["text"]
    assert found_in(answer) == set()


async def test_a_name_of_a_topic_is_shown_without_links_and_kept_as_it_is(ann, house):
    card = await ann.says('"evil.com" OR "@evil_bot"')
    watching = await ann.presses(card, "Alert me")
    listed = await ann.says("/topics")

    assert found_in(watching) <= {"bot_command"}
    assert found_in(listed) == set()
    assert any("Evil.com" in label for label, _ in buttons(listed))


async def test_the_commands_of_our_own_sentences_are_live(ann):
    helped = await ann.says("/help")

    assert "bot_command" in found_in(helped)
