"""A channel's own title, introduction and end of its digests."""

import pytest
from sqlmodel import select

from bot.subscribers.digest_words import get_words, set_words
from bot.subscribers.errors import NoWords
from storage.chats import DigestWords
from storage.enums import WordsPart
from tests.chat.conftest import House, labels


@pytest.fixture
async def words(house, ann, playground):
    """Return the page of the words of a channel that Ann manages."""
    await ann.says("/start")
    chat = playground.chat("channel", "Desk", [ann.who], bot="left")
    playground.membership(chat, "administrator", from_id=ann.who.id)
    await ann.presses(await ann.next(), "Choose its topics")
    return await ann.says("/settings", "Your words")


async def stored(house: House) -> dict[WordsPart, str]:
    async with house.storage.reading() as tx:
        found = await tx.session.exec(select(DigestWords))
        return {row.part: row.text for row in found if row.text}


async def test_words_are_previewed_before_they_are_saved(house, ann, words):
    await ann.presses(words, "Introduction")
    preview = await ann.says("<b>Good</b> day: {stories} stories & more\nof {date}")
    before = await stored(house)
    saved = await ann.presses(preview, "Save")

    assert "Good day: 0 stories & more\nof 2 March" in preview["text"]
    assert before == {}
    assert await stored(house) == {
        WordsPart.INTRO: "<b>Good</b> day: {stories} stories & more\nof {date}"
    }
    assert "Remove introduction" in labels(saved)


async def test_a_change_of_words_can_be_undone(house, ann, words):
    for text in ("First", "Second"):
        await ann.presses(words, "Title")
        words = await ann.presses(await ann.says(text), "Save")

    await ann.presses(words, "Undo")
    assert await stored(house) == {WordsPart.TITLE: "First"}
    removed = await ann.presses(await ann.says("/settings", "Your words"), "Remove title")
    assert await stored(house) == {}
    await ann.presses(removed, "Undo")
    assert await stored(house) == {WordsPart.TITLE: "First"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{datum}", "I don't know {datum}."),
        ("x" * 101, "This is too long"),
        ("one\ntwo", "This is too long: one line"),
        (" \u200b".strip("\u200b") + " .", "Preview"),
    ],
    ids=["unknown variable", "long", "two lines", "short"],
)
async def test_words_that_no_digest_can_have_are_refused(house, ann, words, text, said):
    await ann.presses(words, "Title")

    assert said in (await ann.says(text))["text"]
    assert await stored(house) == {}


async def test_a_private_chat_has_no_words_of_its_own(house, ann):
    settings = await ann.says("/settings")
    chat = await house.row_of(ann)

    assert "Your words in the digests" not in labels(settings)
    with pytest.raises(NoWords):
        await set_words(house.storage, chat.id, WordsPart.TITLE, "Mine")
    assert await get_words(house.storage, chat.id) == {}
