"""Managing a channel from the private chat: what it applies to, and when it ends."""

from datetime import timedelta

import pytest
from aiogram.types import Update

from bot.chat.callbacks import Ask, Question
from bot.subscribers import audit, settings
from storage.chats import set_inviter
from storage.enums import AuditAction
from tests.chat.conftest import buttons, labels
from tests.resources import ADMIN

BANNER = "For the channel Daily Strait"


@pytest.fixture
async def channel(house, ann, playground):
    """Return the talk of a channel that Ann manages, subscribed to Taiwan as she is to Korea."""
    await ann.says("Korea", "Both")
    chat = playground.chat("channel", "Daily Strait", [ann.who], bot="left")
    playground.membership(chat, "administrator", from_id=ann.who.id)
    await ann.presses(await ann.next(), "Choose its topics")
    await ann.says("Taiwan", "Both")
    return house.talk_in(chat)


@pytest.fixture
def file_of(house):
    async def content(message):
        downloaded = await house.bot.download(message["document"]["file_id"])
        return downloaded.read()

    return content


class TestTheEnd:
    async def test_an_hour_without_use_ends_it_and_says_so(self, house, ann, channel, clock):
        clock.turn(timedelta(minutes=61))

        told = await ann.says("Japan")
        card = await ann.next()
        await ann.presses(card, "Both")

        assert told["text"].startswith("An hour has passed since you last managed Daily Strait")
        assert labels(told) == ["Manage Daily Strait"]
        assert card["text"].startswith("Japan ·")
        assert await house.subscriptions_of(channel) == ["Taiwan"]
        assert await house.subscriptions_of(ann) == ["Korea", "Japan"]

    @pytest.mark.usefixtures("channel")
    async def test_each_use_gives_another_hour(self, ann, clock):
        for _ in range(3):
            clock.turn(timedelta(minutes=40))
            assert (await ann.says("/topics"))["text"].startswith(BANNER)

    @pytest.mark.usefixtures("channel")
    async def test_managing_goes_on_with_one_tap(self, ann, clock):
        clock.turn(timedelta(minutes=61))
        told = await ann.says("Japan")
        await ann.next()

        managing = await ann.presses(told, "Manage Daily Strait")

        assert managing["text"].startswith(f"{BANNER}\n\nIt gets 1 topic.")


class TestOneself:
    @pytest.mark.usefixtures("channel")
    @pytest.mark.parametrize("command", ["/privacy", "/feedback", "/feedback hello", "/delete_me"])
    async def test_a_command_about_the_sender_has_no_banner(self, ann, command):
        answer = await ann.says(command)

        assert "For the channel" not in answer["text"]
        assert "Back to my own topics" not in labels(answer)

    async def test_the_admin_panel_has_no_banner(self, house, playground):
        admin = house.talk("Ada", id=ADMIN)
        await admin.says("/start")
        chat = playground.chat("channel", "Daily Strait", [admin.who], bot="left")
        playground.membership(chat, "administrator", from_id=ADMIN)
        await admin.presses(await admin.next(), "Choose its topics")

        panel = await admin.says("/admin")
        own = await admin.says("/sources")
        public = await admin.presses(own, "Sources for everyone")

        assert "For the channel" not in panel["text"]
        assert own["text"].startswith(BANNER)
        assert "For the channel" not in public["text"]

    @pytest.mark.usefixtures("channel")
    async def test_the_export_has_the_users_own_topics(self, ann, file_of):
        answer = await ann.says("/export")

        data = await file_of(answer)
        assert b"Korea" in data
        assert b"Taiwan" not in data
        assert not answer["caption"].startswith("For the channel")

    @pytest.mark.usefixtures("channel")
    async def test_the_data_of_the_channel_come_with_a_button(self, ann, file_of):
        page = await ann.says("/channels", "Daily Strait")

        answer = await ann.presses(page, "Its data as a file")

        data = await file_of(answer)
        assert b"Taiwan" in data
        assert b"Korea" not in data
        assert answer["caption"].startswith(BANNER)

    async def test_deleting_oneself_keeps_the_channel(self, house, ann, channel):
        asked = await ann.says("/delete_me")
        done = await ann.presses(asked, "Delete everything")

        assert "To delete Daily Strait's data instead, open it: /channels" in asked["text"]
        assert done["text"].startswith("Done. Everything is deleted")
        assert await house.row_of(ann) is None
        assert await house.subscriptions_of(channel) == ["Taiwan"]


class TestDeletingTheChannel:
    async def test_its_topics_go_and_ones_own_stay(self, house, ann, channel):
        page = await ann.says("/channels", "Daily Strait")
        asked = await ann.presses(page, "Delete its data")
        done = await ann.presses(asked, "Delete everything")
        listed = await ann.presses(done, "Channels")

        assert asked["text"].startswith(f"{BANNER}\n\nDelete all of Daily Strait's data?")
        assert "your name" not in asked["text"]
        assert done["text"].startswith("Daily Strait's topics are deleted. Your own are untouched.")
        assert "1. Daily Strait · channel" in listed["text"]
        assert await house.subscriptions_of(channel) == []
        assert await house.subscriptions_of(ann) == ["Korea"]
        assert (await ann.says("Japan"))["text"].startswith("Japan ·")

    @pytest.mark.usefixtures("channel")
    async def test_a_second_press_deletes_nothing(self, house, ann):
        page = await ann.says("/channels", "Daily Strait")
        asked = await ann.presses(page, "Delete its data")
        (data,) = [data for text, data in buttons(asked) if text == "Delete everything"]
        await ann.presses(asked, "Delete everything")
        again = await house.show_button(ann, data)

        toast = await ann.presses_quietly(again, "By hand")

        assert toast.startswith("You no longer administer this chat")
        assert await house.subscriptions_of(ann) == ["Korea"]


@pytest.mark.parametrize("is_reply", [True, False], ids=["by a reply", "typed next"])
async def test_an_answer_belongs_to_the_chat_that_was_asked_about(house, ann, channel, is_reply):
    row, own = await house.row_of(channel), await house.row_of(ann)
    await ann.presses(await ann.says("/topics"), "Back to my own topics")
    old = await house.show_button(ann, f"@{row.id}|{Ask(question=Question.TIME).pack()}")

    asked = await ann.presses(old, "By hand")
    await (ann.replies(asked, "9:15") if is_reply else ann.says("9:15"))

    assert asked["text"].startswith(f"{BANNER}\n\nAt what time")
    times = [
        (await settings.get_settings(house.storage, chat.id)).plan.times[0].minutes
        for chat in (row, own)
    ]
    assert times == [555, 480]


async def test_a_long_search_is_turned_while_managing(ann, channel, news):
    for number in range(30):
        url = f"https://news.example.org/{number}"
        await news(f"Semiconductor lithography exports no. {number}", "About chips.", url)
    query = "semiconductor lithography exports chips no"

    first = await ann.says(f"/search {query}")
    second = await ann.presses(first, "Older")

    assert first["text"].startswith(f"{BANNER}\n\n{query} · 30 stories")
    assert second["text"].startswith(f"{BANNER}\n\n{query} · 30 stories")
    assert "‹ Newer" in labels(second)


class TestChannelsList:
    @pytest.mark.usefixtures("channel")
    async def test_the_list_of_channels_asks_telegram_nothing(self, ann, playground):
        for number in range(12):
            chat = playground.chat("channel", f"Desk {number}", [ann.who], bot="left")
            playground.membership(chat, "administrator", from_id=ann.who.id)
            await ann.next()
        before = len(playground.journal("getChatAdministrators"))

        listed = await ann.says("/channels")

        assert "page 1 of 2" in listed["text"]
        assert len(playground.journal("getChatAdministrators")) == before

    async def test_other_administrators_find_the_chat_too(self, house, ann, playground):
        bob = house.talk("Bob")
        chat = playground.chat("channel", "Desk", [ann.who, bob.who], bot="left")
        playground.member(chat, bob.who, "administrator")
        playground.membership(chat, "administrator", from_id=ann.who.id)
        await bob.settled()

        assert "1. Desk · channel" in (await bob.says("/channels"))["text"]

    async def test_a_promotion_and_a_demotion_are_followed(self, house, channel, playground):
        bob = house.talk("Bob")
        playground.member(channel.who, bob.who, "administrator")
        await bob.settled()
        promoted = await bob.says("/channels")
        playground.member(channel.who, bob.who, "member")
        await bob.settled()
        demoted = await bob.says("/channels")

        assert "1. Daily Strait · channel" in promoted["text"]
        assert demoted["text"].startswith("I am not in any channel or group")

    async def test_a_stale_entry_goes_when_it_is_used(self, house, ann, playground):
        group = await house.group(ann)
        await ann.says("/start")
        listed = await ann.says("/channels")
        # The bot, a plain member, does not hear of this.
        playground.member(group.who, ann.who, "member")
        await house.feed(rights_forgotten(group.who.id, ann.who.id))

        toast = await ann.presses_quietly(listed, "Newsroom")
        again = await ann.says("/channels")

        assert toast.startswith("You no longer administer this chat")
        assert again["text"].startswith("I am not in any channel or group")

    async def test_the_user_who_added_the_bot_need_not_administer_the_chat(self, house, ann, eve):
        group = await house.group(ann, eve)
        async with house.storage.writing() as tx:
            await set_inviter(tx, group.who.id, eve.id)
        talk = house.talk_in(eve)

        assert (await talk.says("/channels"))["text"].startswith("I am not in any channel")


def rights_forgotten(chat_id: int, user_id: int) -> Update:
    """Return an update that makes the bot forget whom Telegram listed, and changes no rights."""
    user = {"id": user_id + 1000, "is_bot": False, "first_name": "Somebody"}
    member = {"status": "member", "user": user}
    event = {
        "chat": {"id": chat_id, "type": "supergroup", "title": "Newsroom"},
        "from": user,
        "date": 1,
        "old_chat_member": member,
        "new_chat_member": member,
    }
    return Update.model_validate({"update_id": 10**6, "chat_member": event})


async def test_a_feed_added_for_everybody_is_in_the_activity_log(house, playground):
    admin = house.talk("Ada", id=ADMIN)
    offer = await house.show_button(
        admin,
        "follow:0:1",
        "Add Paper?",
        entities=[
            {"type": "text_link", "offset": 4, "length": 5, "url": "https://paper.example/feed"}
        ],
    )

    await admin.presses(offer, "By hand")

    (event,) = (await audit.activity_page(house.storage, 0)).items
    assert (event.action, event.subject) == (AuditAction.SOURCE_ADDED, "https://paper.example/feed")
