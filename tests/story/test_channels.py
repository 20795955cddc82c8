"""Channels, from their posts to the alerts in the chats that follow them."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from storage.enums import Mode
from storage.sources import Source
from tests.chat.conftest import labels
from tests.sources.polled import rows_of
from tests.story.whole_bot import Item, User, WholeBot, hour, whole_bot

pytestmark = pytest.mark.slow

QUERY: Final = "harbour"
CLOSED: Final = "Fog closes the harbour of Keelung."
OPEN: Final = "The harbour of Keelung is open again."


@pytest.fixture
async def bot(database_url: str) -> AsyncIterator[WholeBot]:
    async with whole_bot(database_url) as bot:
        yield bot


@pytest.fixture
async def ann(bot: WholeBot) -> User:
    """Return the owner of the channel."""
    return await bot.user("Ann", (QUERY, Mode.INSTANT))


@pytest.fixture
async def channel(bot: WholeBot, ann: User) -> Any:
    """Return a channel of Ann's that the bot reads for the chats that have her link."""
    chat = bot.playground.chat("channel", "Desk", [ann.talk.who], bot="left")
    bot.playground.membership(chat, "administrator", from_id=ann.talk.who.id)
    await ann.talk.presses(await ann.talk.next(), "Read its posts", "Chats with my link")
    return chat


def link_in(user: User) -> str:
    """Return the parameter of the link to the channel in the newest message."""
    text = str(user.messages()[-1]["text"])
    return text.partition("?start=")[2].split()[0]


def is_offer(message: dict[str, Any]) -> bool:
    return "Follow this channel" in labels(message)


async def test_post_alerts_the_chats_that_were_allowed_and_no_others(
    bot: WholeBot, ann: User, channel: Any
) -> None:
    ben, eve = [await bot.user(name, (QUERY, Mode.INSTANT)) for name in ("Ben", "Eve")]
    await ben.press(await ben.send(f"/start {link_in(ann)}"), "Follow this channel")
    await bot.run_at(1)

    sent = bot.playground.send(channel, CLOSED, from_id=ann.talk.who.id)
    await bot.handled.wait_for(sent["update_id"])
    await bot.run_at(1.1)
    edit = bot.playground.edit(channel, sent["message_id"], OPEN, from_id=ann.talk.who.id)
    await bot.handled.wait_for(edit["update_id"])
    await bot.run_at(1.2)

    for reader in (ann, ben):
        (alert,) = reader.texts_with(CLOSED)
        assert alert.endswith("Desk · 13:00")
        assert reader.texts_with(OPEN) == []
        found = str(await reader.send("/search harbour"))
        assert OPEN in found
        assert CLOSED not in found
    assert eve.texts_with("Keelung") == []
    assert "Keelung" not in str(await eve.send("/search harbour"))
    assert (await eve.search_inline("Keelung"))["results"] == []
    assert all("Keelung" not in str(each) for each in bot.playground.messages(channel)[1:])


async def test_link_of_a_known_kind_of_site_offers_its_feed_from_the_newsroom(
    bot: WholeBot, ann: User
) -> None:
    await ann.send(f"{bot.playground.base_url}/news/gazette/-/releases")
    offer = await bot.playground.wait_for_message(
        ann.talk.who, lambda shown: "Add" in labels(shown)
    )
    await ann.press(offer, "Add")
    await bot.playground.wait_for_message(ann.talk.who, lambda shown: "Added" in shown["text"])

    (source,) = await rows_of(bot.storage, Source)
    assert source.url == f"{bot.playground.base_url}/news/gazette/-/releases.atom"


async def test_album_alerts_once(bot: WholeBot, ann: User, channel: Any) -> None:
    await bot.run_at(1)

    for name, caption in (("pier.png", CLOSED), ("quay.png", ""), ("fog.png", "")):
        facts = {"caption": caption, "from_id": ann.talk.who.id, "album": "7"}
        sent = bot.playground.upload(channel, name, b"x", **facts)
        await bot.handled.wait_for(sent["update_id"])
    await bot.run_at(1.1)

    assert len(ann.texts_with("Keelung")) == 1


async def test_post_on_the_preview_of_a_channel_alerts_and_its_edit_changes_the_alert(
    bot: WholeBot, ann: User
) -> None:
    times = bot.feed("times", "Example Times")
    times.publish(Item("Welcome", "http://times.example/welcome", "Welcome. " * 60))
    await bot.add_public(times)
    await ann.send("@sample_harbour")
    offer = await bot.playground.wait_for_message(ann.talk.who, is_offer)
    await ann.press(offer, "Follow this channel")
    await bot.playground.wait_for_message(ann.talk.who, lambda shown: "Added" in shown["text"])
    await bot.run_at(1)
    backlog = ann.texts_with("harbour master")

    bot.playground.publish()
    await bot.run_at(1.1)
    (first,) = ann.texts_with("harbour master")
    bot.playground.publish()
    await bot.run_at(1.2)
    report = f"{CLOSED} No ship leaves before two o'clock, the harbour master now says."
    times.publish(Item(CLOSED, "http://times.example/fog", report, hour(1.2)))
    await bot.run_at(1.3)

    assert backlog == []
    assert "before noon" in first
    (alert,) = ann.texts_with("harbour master")
    assert "before two o'clock" in alert
    assert alert.endswith("also Example Times")
