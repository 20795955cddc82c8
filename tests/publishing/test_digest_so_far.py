from datetime import timedelta

import pytest

from bot.publishing.contents import load_digest_so_far
from bot.publishing.pages import edition_page
from bot.rendering.messages import Message
from storage.enums import Mode

HOUR = timedelta(hours=1)


@pytest.fixture
def show(storage, renderer):
    """Return a function that shows the next digest of a chat."""

    async def messages(chat_id: int) -> list[Message]:
        return edition_page(renderer, await load_digest_so_far(storage, chat_id))

    return messages


async def test_the_next_digest_is_shown_without_changing_anything(show, newsroom, clock):
    source, chat, query = (
        await newsroom.source(),
        await newsroom.chat(next_digest_at=clock.now + HOUR),
        await newsroom.query("words"),
    )
    await newsroom.subscribe(chat, query, "My words", Mode.BOTH)
    await newsroom.article("A headline", query, source_id=source)

    first, second = await show(chat), await show(chat)

    assert first == second
    assert first[0].text.startswith(
        "Your digest so far · since Sun 21:00 · 1 story from 1 publisher, 1 minute"
    )
    assert "• A headline · Example Wire" in first[0].text
    assert first[0].text.endswith("your digest still comes every day at 08:00 Tokyo time.")
    assert await newsroom.editions() == []


async def test_alerted_stories_are_shown_too(show, publishing, newsroom, clock):
    source, chat, query = (
        await newsroom.source(),
        await newsroom.chat(),
        await newsroom.query("words"),
    )
    await newsroom.subscribe(chat, query, "My words", Mode.BOTH)
    clock.turn(HOUR)
    await newsroom.article("A headline", query, source_id=source)
    await publishing.alerts()

    (message,) = await show(chat)

    assert "Alerted earlier:\n• A headline" in message.text


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        pytest.param(Mode.DIGEST, "Nothing new on your topic yet.", id="nothing came"),
        pytest.param(Mode.INSTANT, "No topic of yours is in a digest yet.", id="no topic"),
    ],
)
async def test_an_empty_digest_says_why(show, newsroom, mode, sentence):
    chat = await newsroom.chat()
    await newsroom.subscribe(chat, await newsroom.query("words"), "My words", mode)

    (message,) = await show(chat)

    assert message.text.startswith(sentence)


async def test_a_chat_that_does_not_exist_has_no_digest(show):
    with pytest.raises(LookupError):
        await show(404)
