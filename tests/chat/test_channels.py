"""Channels, managed from the private chat of an administrator."""

import pytest

from bot.chat.callbacks import Manage
from bot.rendering.messages import Button
from bot.sources.discovery.discover import FoundFeed, LookupResult
from bot.sources.discovery.opml import Outline, write_opml
from bot.subscribers import settings
from bot.telegram import markup_of
from storage.feeds_followed import sources_followed
from tests.chat.conftest import Talk, labels


@pytest.fixture
async def channel(house, ann, playground):
    """Return the talk of a channel in which Ann made the bot an administrator."""
    await ann.says("/start")
    chat = playground.chat("channel", "Desk", [ann.who], bot="left")
    playground.membership(chat, "administrator", from_id=ann.who.id)
    return house.talk_in(chat)


@pytest.fixture
async def managed(ann, channel):
    """Return the channel while Ann manages it."""
    asked = await ann.next()
    await ann.presses(asked, "Choose its topics")
    return channel


async def test_adding_the_bot_asks_for_the_topics_of_the_channel(ann, channel):
    asked = await ann.next()
    managing = await ann.presses(asked, "Choose its topics")

    assert asked["text"] == "I can post in Desk now. What should it get?"
    assert managing["text"].startswith(
        "For the channel Desk\n\nIt has no subscriptions yet. Everything"
    )
    assert labels(managing)[-1] == "Back to my own topics"
    assert channel.all() == []


async def test_a_typed_query_subscribes_the_channel(house, ann, managed):
    card = await ann.says("Taiwan")
    subscribed = await ann.presses(card, "Both")
    await ann.presses(subscribed, "Back to my own topics")
    own = await ann.says("/topics")

    assert card["text"].startswith("For the channel Desk\n\nTaiwan")
    assert subscribed["text"].startswith("For the channel Desk\n\nSubscribed to Taiwan")
    assert own["text"].startswith("You haven't subscribed to anything yet.")
    assert await house.subscriptions_of(managed) == ["Taiwan"]


async def test_an_old_button_acts_for_the_channel_that_it_was_made_for(house, ann, managed):
    again = await ann.says("Taiwan")
    back = await ann.says("Korea", "Back to my own topics")
    subscribed = await ann.says("Japan", "Both")
    late = await ann.presses(again, "Both")

    assert back["text"].startswith("Everything that you type or tap here applies to you again.")
    assert subscribed["text"].startswith("Subscribed to Japan")
    assert late["text"].startswith("For the channel Desk\n\nSubscribed to Taiwan")
    assert await house.subscriptions_of(managed) == ["Taiwan"]


@pytest.mark.parametrize("is_reply", [True, False], ids=["by a reply", "typed next"])
async def test_a_question_asked_for_the_channel_is_answered_for_it(house, ann, managed, is_reply):
    question = await ann.says("/settings", "Change time", "Another time")
    changed = await (ann.replies(question, "9:15") if is_reply else ann.says("9:15"))

    assert question["text"].startswith("For the channel Desk\n\nAt what time")
    assert changed["text"].startswith("For the channel Desk\n\nSaved.")
    assert "every day at 09:15" in changed["text"]
    own = await settings.get_settings(house.storage, (await house.row_of(ann)).id)
    assert [time.minutes for time in own.plan.times] == [480]


async def test_a_query_too_long_for_a_button_is_read_from_the_card(house, ann, managed):
    words = "Taiwan AND (semiconductor OR foundry OR chips OR lithography)"

    subscribed = await ann.says(words, "Both")

    assert subscribed["text"].startswith("For the channel Desk")
    assert await house.subscriptions_of(managed) == ["Taiwan, semiconductor, foundry …"]


async def test_a_former_administrator_changes_nothing(house, ann, managed, playground):
    card = await ann.says("Taiwan")
    playground.member(managed.who, ann.who, "member")

    said = await ann.says("Japan")
    own = await ann.says("Japan")
    toast = await ann.presses_quietly(card, "Both")

    assert toast.startswith("You no longer administer this chat")
    assert said["text"] == toast
    assert own["text"].startswith("Japan ·")
    assert await house.subscriptions_of(managed) == []


async def test_a_forged_button_does_not_open_the_channel_of_another_user(
    house, ann, channel, playground
):
    await ann.next()  # the channel has a row now
    eve = house.talk("Eve")
    answer = await eve.says("/topics")
    row = await house.row_of(channel)
    markup = answer["reply_markup"]["inline_keyboard"]
    shown = playground.world.chats[eve.who.id].messages[answer["message_id"]]
    for data in (f"@{row.id}|topics:0", Manage(chat_id=row.id).pack(), "@x|topics:0"):
        shown.reply_markup = {"inline_keyboard": [[{"text": "Go", "callback_data": data}], *markup]}
        pressed = playground.press(eve.who, answer["message_id"], data)
        toast = (await playground.wait_for_answer(pressed))["text"]
        assert toast.startswith(("You no longer administer this chat", "This button"))


async def test_channels_lists_chats_that_the_user_administers(ann, channel, house, playground):
    eve = house.talk("Eve")
    playground.chat("channel", "Not ours", [eve.who])

    await ann.next()
    mine = await ann.says("/channels")
    theirs = await eve.says("/channels")

    assert "1. Desk · channel" in mine["text"]
    assert "Desk" in labels(mine)
    assert theirs["text"].startswith("I am not in any channel or group that you administer.")


async def test_many_channels_are_paged(ann, channel, playground):
    for number in range(1, 10):
        chat = playground.chat("channel", f"Desk {number}", [ann.who], bot="left")
        playground.membership(chat, "administrator", from_id=ann.who.id)
    for _ in range(10):
        await ann.next()

    first = await ann.says("/channels")
    second = await ann.presses(first, "2 ›")
    managing = await ann.presses(second, "Desk")

    assert "· page 1 of 2" in first["text"]
    assert "10. Desk · channel" in second["text"]
    assert managing["text"].startswith("For the channel Desk")


async def test_a_press_in_the_channel_is_answered_only_to_its_administrator(
    house, ann, managed, playground
):
    sent = await house.bot.send_message(
        managed.who.id, "Digest", reply_markup=markup_of(((Button("Topics", "topics:0"),),))
    )
    eve = playground.user("Eve")
    post = next(m for m in managed.all() if m["message_id"] == sent.message_id)

    toast = await managed.presses_quietly(post, "Topics", from_id=eve.id)
    await managed.presses_quietly(post, "Topics", from_id=ann.who.id)
    answer = await ann.next()

    assert toast == "Only administrators of this channel can use these buttons."
    assert answer["text"].startswith("For the channel Desk")
    assert len(managed.all()) == 1
    assert managed.all()[0]["text"] == "Digest"


async def test_a_group_is_managed_from_a_private_chat_too(house, ann, playground):
    await ann.says("/start")
    group = await house.group(ann)

    managing = await ann.says("/channels", "Newsroom")
    await ann.says("Taiwan", "Both")

    assert managing["text"].startswith("For the group Newsroom")
    assert await house.subscriptions_of(group) == ["Taiwan"]


async def test_a_later_right_to_post_is_noticed(house, ann, playground):
    await ann.says("/start")
    chat = playground.chat("channel", "Desk", [ann.who], bot="left")
    rights = ["can_edit_messages"]
    playground.membership(chat, "administrator", rights=rights, from_id=ann.who.id)
    playground.membership(chat, "administrator", from_id=ann.who.id)

    assert (await ann.next())["text"].startswith("I can post in Desk now")
    assert len(ann.all()) == 2


async def test_a_feed_added_for_a_managed_channel_belongs_to_it(house, ann, managed):
    feed = FoundFeed("https://paper.example/feed.xml", "Paper")
    house.looking.told = LookupResult("", (feed,), is_feed=True)
    offer = await ann.says(feed.url)
    while offer["text"].startswith("For the channel Desk\n\nLooking at "):
        offer = await ann.next()

    await ann.presses_quietly(offer, "Add")
    while not (added := await ann.next())["text"].startswith("For the channel Desk\n\nAdded"):
        pass

    assert "Own Times" in added["text"]
    assert await followed_by(house, managed) == [feed.url]
    assert await followed_by(house, ann) == []


async def test_an_imported_list_for_a_channel_is_reported_in_the_private_chat(house, ann, managed):
    data = write_opml([Outline("https://paper.example/feed", "Paper")], "Feeds")
    house.playground.upload(ann.who, "feeds.opml", data)
    offer = await ann.next()
    adding = house.feed_list_stage()

    begun = await ann.presses(offer, "Add it")
    while await adding.run_once():
        pass

    report = ann.all()[-1]
    assert begun["text"].startswith("For the channel Desk\n\nAdding your sources: 0 of 1")
    assert report["text"].startswith("For the channel Desk\n\n1 source added")
    assert report["message_id"] == begun["message_id"]
    assert labels(report)[-1] == "Back to my own topics"
    assert managed.all() == []
    assert await followed_by(house, managed) == ["https://paper.example/feed"]


async def followed_by(house, talk: Talk) -> list[str]:
    chat = await house.row_of(talk)
    async with house.storage.reading() as tx:
        return [source.url for source in await sources_followed(tx, chat.id)]
