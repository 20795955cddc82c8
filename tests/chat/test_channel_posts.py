"""A channel as a source, through the dispatcher and the playground."""

import asyncio
from typing import Any

import pytest
from aiogram.types import Update

from bot.chat.callbacks import OpenChannel, ShareChannel
from bot.chat.rate_limit import RateLimiter, Verdict
from storage.articles import Article
from storage.channel_sources import ChannelSource
from storage.enums import ChannelSharing
from storage.sources import Source
from tests.chat.conftest import labels
from tests.sources.polled import rows_of


@pytest.fixture(autouse=True)
def tell_the_same_time(playground, clock):
    """Date the posts of the playground by the clock of the storage."""
    playground.world.clock = lambda: int(clock.now.timestamp())


@pytest.fixture
async def channel(house, ann, playground):
    """Return the talk of a channel in which Ann made the bot an administrator."""
    await ann.says("/start")
    chat = playground.chat("channel", "Desk", [ann.who], bot="left")
    playground.membership(chat, "administrator", from_id=ann.who.id)
    return house.talk_in(chat)


@pytest.fixture
async def read(ann, channel):
    """Return the page of the channel after Ann has allowed to read it for her alone."""
    return await ann.presses(await ann.next(), "Read its posts", "Only me")


async def stored(house, update_id: int) -> dict[str, str]:
    await house.handled.wait_for(update_id)
    return {article.title: article.text for article in await rows_of(house.storage, Article)}


async def test_adding_the_bot_asks_whether_it_may_read_the_channel(ann, channel):
    asked = await ann.presses(await ann.next(), "Read its posts")
    assert asked["text"].startswith("Read Desk as a source?")
    assert labels(asked) == ["Only me", "Chats with my link"]
    page = await ann.presses(asked, "Only me")
    assert page["text"].startswith("Desk · nothing received yet")
    assert "for you alone" in page["text"]
    assert channel.all() == []


async def test_channel_shows_what_it_says_about_itself_when_its_page_opens(
    house, ann, channel, read, playground
):
    (source,) = await rows_of(house.storage, Source)
    for said, shown in (
        ("Tides.\n\u202eDaily.\n" + "ab" * 5_000, "\n\nTides.\nDaily.\n\nI read"),
        (None, "\n\nI read"),
    ):
        playground.world.chats[channel.who.id].description = said
        button = await house.show_button(ann, OpenChannel(source_id=source.id).pack())
        page = await ann.presses(button, labels(button)[0])
        assert page["text"].startswith(f"Desk · nothing received yet{shown}")
        (source,) = await rows_of(house.storage, Source)
        assert len(source.description) == (500 if said else 0)


async def test_post_and_its_edit_become_an_entry(house, ann, channel, read, playground, clock):
    sent = playground.send(channel.who, "A storm\nThe harbour is closed.", from_id=ann.who.id)
    assert await stored(house, sent["update_id"]) == {"A storm": "The harbour is closed."}
    shown = "A storm\nIt is open."
    edit = playground.edit(channel.who, sent["message_id"], shown, from_id=ann.who.id)
    assert await stored(house, edit["update_id"]) == {"A storm": "It is open."}
    assert channel.all() == []


async def test_album_of_the_playground_is_one_entry(house, ann, channel, read, playground):
    for name, caption in (("a.pdf", "The plans"), ("b.pdf", "")):
        facts = {"caption": caption, "from_id": ann.who.id, "album": "7"}
        sent = playground.upload(channel.who, name, b"x", **facts)
    assert await stored(house, sent["update_id"]) == {"The plans": "a.pdf\n\nb.pdf"}


async def test_posts_of_a_channel_that_nobody_allowed_are_not_stored(
    house, ann, channel, playground
):
    sent = playground.send(channel.who, "A storm", from_id=ann.who.id)
    assert await stored(house, sent["update_id"]) == {}


async def membership(house, channel, by, status: str) -> None:
    house.playground.membership(channel.who, status, from_id=by.who.id)
    *_, update = house.playground.world.updates
    await house.handled.wait_for(update["update_id"])


async def test_removed_bot_shows_that_no_posts_come(house, ann, channel, read, playground):
    await membership(house, channel, ann, "left")
    (source,) = await rows_of(house.storage, Source)
    assert source.error == "not_a_member"
    own = await ann.says("/sources")
    assert "unhealthy: has removed me" in own["text"]
    await membership(house, channel, ann, "administrator")
    (source,) = await rows_of(house.storage, Source)
    assert source.error is None


async def test_chat_follows_by_the_link_and_is_revoked(house, ann, channel, read):
    page = await ann.presses(read, "Chats with my link")
    start = page["text"].partition("?start=")[2].partition("\n")[0].split()[0]
    ben = house.talk("Ben")
    offer = await ben.says(f"/start {start}")
    assert offer["text"].startswith("Desk")
    await ben.presses(offer, "Follow this channel")
    assert "Desk" in (await ben.says("/sources"))["text"]

    page = await ann.presses((await ann.says("/sources", "1")), "Who may follow")
    assert "1. " in page["text"]
    assert "Ben" in page["text"]
    await ann.presses(page, "1 ✕")

    assert "You haven't added a source" in (await ben.says("/sources"))["text"]
    gone = await ben.says(f"/start {start}")
    assert gone["text"].startswith("I don't read this channel for you")


async def test_stop_reading_ends_the_source(house, ann, channel, read, playground):
    stopped = await ann.presses(read, "Stop reading", "Stop reading")
    assert stopped["text"] == "I no longer read Desk."
    sent = playground.send(channel.who, "A storm", from_id=ann.who.id)
    assert await stored(house, sent["update_id"]) == {}


async def test_forged_buttons_decide_nothing(house, ann, channel, read):
    (source,) = await rows_of(house.storage, Source)
    eve = house.talk("Eve")
    await eve.says("/start")
    for pressed in (
        OpenChannel(source_id=source.id),
        ShareChannel(source_id=source.id, sharing=ChannelSharing.LINK),
    ):
        shown = await house.show_button(eve, pressed.pack())
        toast = await eve.presses_quietly(shown, "By hand")
        assert toast.startswith("I don't read this channel for you")
    own = await house.show_button(
        ann, ShareChannel(source_id=source.id, sharing=ChannelSharing.EVERYBODY).pack()
    )
    assert (await ann.presses_quietly(own, "By hand")).startswith("I don't read this channel")
    (kept,) = await rows_of(house.storage, ChannelSource)
    assert kept.sharing == "own"


async def test_demoted_owner_does_not_widen_who_may_follow(house, ann, channel, read, playground):
    playground.member(channel.who, ann.who, "member")
    toast = await ann.presses_quietly(read, "Chats with my link")
    assert toast.startswith("I don't read this channel for you")


# Hostile posts


def channel_update(channel: Any, clock: Any, number: int = 900, kind="channel_post", **more: Any):
    chat = {"id": channel.who.id, "type": "channel", "title": "Desk"}
    date = int(clock.now.timestamp())
    message = {"message_id": number, "date": date, "chat": chat, "sender_chat": chat} | more
    return Update.model_validate({"update_id": 10**6 + number, kind: message})


BOT_ITSELF = {"id": 1, "is_bot": True, "first_name": "Dateline"}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"from": BOT_ITSELF}, id="from the bot"),
        pytest.param({"via_bot": BOT_ITSELF}, id="by way of the bot"),
        pytest.param(
            {"forward_origin": {"type": "user", "date": 1, "sender_user": BOT_ITSELF}},
            id="forwarded from the bot",
        ),
    ],
)
async def test_message_of_the_bot_is_no_entry(house, ann, channel, read, clock, more):
    assert await house.feed(channel_update(channel, clock, text="Digest", **more)) == []
    assert await rows_of(house.storage, Article) == []


WIDE = [{"type": "bold", "offset": number, "length": 1} for number in range(10_000)]
OFF = [{"type": "text_link", "offset": 10**9, "length": -5, "url": "http://[::bad"}]


@pytest.mark.parametrize(
    ("more", "title"),
    [
        pytest.param({"text": "x" * 4096, "entities": WIDE}, "x" * 149 + "…", id="entities"),
        pytest.param({"text": "Words", "entities": OFF}, "Words", id="invalid entities"),
        pytest.param({"caption": "Caption " * 128}, None, id="long caption"),
        pytest.param({"text": "A\x00B \ud800"}, "A\N{REPLACEMENT CHARACTER}B", id="NUL"),
        pytest.param({"text": "<b>&amp;</b> {{ 7 }}"}, "<b>&amp;</b> {{ 7 }}", id="markup"),
        pytest.param(
            {
                "poll": {
                    "id": "1",
                    "question": "Storm?",
                    "options": [
                        {"text": "Yes", "voter_count": 9, "persistent_id": "1"},
                        {"text": "No", "voter_count": 1, "persistent_id": "2"},
                    ],
                    "total_voter_count": 10,
                    "is_closed": False,
                    "is_anonymous": True,
                    "type": "regular",
                    "allows_multiple_answers": False,
                    "allows_revoting": False,
                    "members_only": False,
                }
            },
            "Storm?",
            id="poll",
        ),
    ],
)
async def test_hostile_post_is_stored_as_plain_text(house, channel, read, clock, more, title):
    assert await house.feed(channel_update(channel, clock, **more)) == []
    (article,) = await rows_of(house.storage, Article)
    assert title is None or article.title.startswith(title)
    assert len(article.title) <= 150


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="empty"),
        pytest.param({"text": " \n "}, id="blank"),
        pytest.param({"new_chat_title": "News"}, id="service message"),
        pytest.param(
            {"story": {"id": 1, "chat": {"id": -5, "type": "channel", "title": "x"}}}, id="story"
        ),
    ],
)
async def test_post_without_words_is_no_entry(house, channel, read, clock, more):
    await house.feed(channel_update(channel, clock, **more))
    await house.feed(
        channel_update(channel, clock, kind="edited_channel_post", edit_date=2**31 - 1, **more)
    )
    assert await rows_of(house.storage, Article) == []


async def test_reply_and_quote_are_words_of_other_posts(house, channel, read, clock):
    chat = {"id": channel.who.id, "type": "channel", "title": "Desk"}
    other = {"message_id": 5, "date": 1, "chat": chat, "text": "Taiwan"}
    update = channel_update(
        channel,
        clock,
        text="I agree",
        reply_to_message=other,
        quote={"text": "Taiwan", "position": 0},
    )
    await house.feed(update)
    (article,) = await rows_of(house.storage, Article)
    assert (article.title, article.text) == ("I agree", "")


async def test_update_that_comes_twice_is_stored_once(house, channel, read, clock):
    update = channel_update(channel, clock, text="A storm")
    await asyncio.gather(*(house.feed(update) for _ in range(3)))
    assert len(await rows_of(house.storage, Article)) == 1


def test_backlog_of_a_day_is_not_dropped_but_a_flood_is():
    limiter = RateLimiter()
    chat = {"id": -1_001_000_000_001, "type": "channel", "title": "Desk"}
    message = {"message_id": 1, "date": 1, "chat": chat, "sender_chat": chat, "text": "x"}
    update = Update.model_validate({"update_id": 1, "channel_post": message})
    verdicts = [limiter.decide(update, now=0.0).verdict for _ in range(1_100)]
    assert verdicts.count(Verdict.HANDLE) == 1_000
    assert verdicts.count(Verdict.DROP) == 100
