"""The bot in groups: access, replies and rights to change subscriptions."""

import pytest

from bot.rendering.i18n import IN_ENGLISH
from bot.rendering.keyboards import SETTINGS, topics_page
from bot.rendering.messages import Button
from bot.rendering.renderer import Renderers
from bot.subscribers.access import Access, follow_access
from bot.telegram import markup_of
from storage.chats import chat_at, chats_of, private_chats_of_admins
from tests.catalogues.pseudo import pseudo, pseudo_translation
from tests.chat.conftest import BOT_NAME

FRIEND = 700


async def test_adding_the_bot_is_answered_with_thanks_and_instructions(house, ann, playground):
    chat = playground.chat("supergroup", "Newsroom", [ann.who], bot="left")

    playground.membership(chat, "member", from_id=ann.who.id)

    told = await house.talk_in(chat).next()
    assert told["text"].startswith("Thank you for adding me.")
    assert f"{BOT_NAME} Taiwan" in told["text"]
    async with house.storage.reading() as tx:
        row = await chat_at(tx, chat.id)
    assert row
    assert (row.name, row.kind, row.invited_by) == ("Newsroom", "supergroup", ann.who.id)


async def test_a_mention_with_a_query_shows_a_card_that_subscribes(house, ann, group):
    card = await group.says(f"{BOT_NAME} Taiwan", from_id=ann.who.id)
    subscribed = await group.presses(card, "Both", from_id=ann.who.id)

    assert card["text"].startswith("Taiwan · nothing in the last 7 days")
    assert subscribed["text"].startswith("Subscribed to Taiwan")
    assert await house.subscriptions_of(group) == ["Taiwan"]


async def test_a_member_reads_and_changes_nothing(house, ann, eve, group):
    card = await group.says(f"{BOT_NAME} Taiwan", from_id=ann.who.id)
    toast = await group.presses_quietly(card, "Both", from_id=eve.id)
    stop = await group.says("/stop", from_id=eve.id)
    topics = await group.says("/topics", from_id=eve.id)

    assert toast.startswith("Only administrators can change")
    assert stop["text"] == toast
    assert topics["text"].startswith("You haven't subscribed to anything yet.")
    assert await house.subscriptions_of(group) == []


async def test_a_member_cannot_answer_a_question_for_administrators(house, ann, eve, group):
    settings = await group.says("/settings", from_id=ann.who.id)
    times = await group.presses(settings, "Change time", from_id=ann.who.id)
    asked = await group.presses(times, "Another time", from_id=ann.who.id)

    refused = await group.replies(asked, "9:15", from_id=eve.id)
    changed = await group.replies(asked, "9:15", from_id=ann.who.id)

    assert refused["text"].startswith("Only administrators")
    assert "09:15" in changed["text"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("good morning", id="talk"),
        pytest.param("/weather", id="a command that another bot may know"),
        pytest.param("/ban 5", id="a command of the operator's"),
        pytest.param("/channels", id="a private command"),
        pytest.param("/topics@other_bot", id="another bot's command"),
        pytest.param("@dateline_playground_botany Taiwan", id="a longer name"),
    ],
)
@pytest.mark.parametrize("status", ["member", "administrator"])
async def test_messages_for_others_get_no_answer(ann, eve, group, playground, text, status):
    playground.membership(group.who, status)

    for who in (ann.who, eve):
        playground.send(group.who, text, from_id=who.id)
    answer = await group.says("/topics", from_id=ann.who.id)

    assert answer["text"].startswith("You haven't subscribed to anything yet.")


async def test_a_reply_of_thanks_gets_no_answer(ann, eve, group, playground):
    answer = await group.says("/topics", from_id=ann.who.id)

    for who in (ann.who, eve):
        playground.send(
            group.who, "thanks!", from_id=who.id, reply_to_message_id=answer["message_id"]
        )

    assert (await group.says("/topics", from_id=ann.who.id))["text"] == answer["text"]


async def test_an_unknown_command_by_name_is_answered(ann, group):
    assert "/help" in (await group.says(f"/weather{BOT_NAME}", from_id=ann.who.id))["text"]


async def test_an_anonymous_administrator_acts_for_the_group(house, ann, group, playground):
    playground.member(group.who, ann.who, "creator", is_anonymous=True)

    card = await group.says(f"{BOT_NAME} Taiwan", from_id=ann.who.id)
    await group.presses(card, "Alert me", from_id=ann.who.id)
    stopped = await group.says("/stop", from_id=ann.who.id)

    assert await house.subscriptions_of(group) == ["Taiwan"]
    assert stopped["text"].startswith("Paused.")


async def test_a_promoted_member_may_change_subscriptions_at_once(
    house, ann, eve, group, playground
):
    playground.membership(group.who, "administrator")
    card = await group.says(f"{BOT_NAME} Taiwan", from_id=ann.who.id)
    await group.presses_quietly(card, "Both", from_id=eve.id)
    playground.member(group.who, eve, "administrator")

    await group.presses(card, "Both", from_id=eve.id)

    assert await house.subscriptions_of(group) == ["Taiwan"]


@pytest.mark.parametrize(
    ("bots_own", "status"),
    [
        ("administrator", "member"),
        # Telegram sends role changes only to bots that are administrators.
        ("member", "member"),
        ("member", "left"),
        ("member", "kicked"),
    ],
)
async def test_a_demoted_administrator_changes_nothing(eve, group, playground, bots_own, status):
    playground.membership(group.who, bots_own)
    playground.member(group.who, eve, "administrator")
    card = await group.says(f"{BOT_NAME} Taiwan", from_id=eve.id)
    other = await group.says(f"{BOT_NAME} Korea", from_id=eve.id)
    await group.presses(card, "Both", from_id=eve.id)
    playground.member(group.who, eve, status)

    toast = await group.presses_quietly(other, "Alert me", from_id=eve.id)

    assert toast.startswith("Only administrators")


async def test_the_administrators_are_requested_once(ann, group, playground):
    for _ in range(3):
        await group.says("/topics", from_id=ann.who.id)

    assert len(playground.journal("getChatAdministrators")) == 1


async def test_deleting_a_group_keeps_private_subscriptions(house, ann, group):
    card = await group.says(f"{BOT_NAME} Taiwan", from_id=ann.who.id)
    await group.presses(card, "Both", from_id=ann.who.id)
    await ann.says("Japan", "Both")

    asked = await group.says("/delete_me", from_id=ann.who.id)
    await group.presses(asked, "Delete everything", from_id=ann.who.id)

    async with house.storage.reading() as tx:
        assert await chats_of(tx, group.who.id) == []
    assert (await ann.says("/topics"))["text"].startswith("Your topics")


class TestWithoutAccess:
    @pytest.fixture
    def access(self):
        return Access(is_open=False, allowed=frozenset({FRIEND}))

    async def test_a_group_without_access_learns_how_to_get_it(self, house, ann, playground):
        chat = playground.chat("supergroup", "Newsroom", [ann.who], bot="left")
        talk = house.talk_in(chat)

        playground.membership(chat, "member", from_id=ann.who.id)
        told = await talk.next()

        assert "give Ann access; their Telegram ID is" in told["text"]
        assert str(ann.who.id) in told["text"]
        async with house.storage.reading() as tx:
            assert await chats_of(tx, chat.id) == []

    async def test_members_of_an_allowed_users_group_have_access(self, house, ann):
        friend = house.talk("Fritz", id=FRIEND)
        talk = await house.group(friend, ann.who, kind="group")

        topics = await talk.says("/topics", from_id=ann.who.id)

        assert topics["text"].startswith("You haven't subscribed to anything yet.")
        assert (await ann.says("/start"))["text"].startswith("I am a private news bot")

    async def test_the_group_of_a_disallowed_user_gets_an_explanation(self, house, ann):
        talk = await house.group(house.talk("Fritz", id=FRIEND), ann.who, kind="group")
        await follow_access(house.storage, access=Access(is_open=False))

        told = [await talk.says("/topics", from_id=user) for user in (ann.who.id, FRIEND)]

        assert {message["text"].partition(",")[0] for message in told} == {
            "The user who added me here may no longer use this bot"
        }


async def test_a_button_under_a_digest_does_not_replace_the_digest(house, eve, group, playground):
    keyboard = ((Button("Topics", topics_page()), Button("Time & pause", SETTINGS)),)
    sent = await house.bot.send_message(
        group.who.id, "Your digest", reply_markup=markup_of(keyboard)
    )
    digest = next(m for m in group.all() if m["message_id"] == sent.message_id)
    group.seen = digest["version"]

    topics = await group.presses(digest, "Topics", from_id=eve.id)
    settings = await group.presses(digest, "Time", from_id=eve.id)

    assert topics["text"].startswith("You haven't subscribed to anything yet.")
    assert settings["text"].startswith("Settings")
    assert "Your digest" in [message["text"] for message in group.all()]


async def test_topics_explains_how_to_subscribe_in_a_group(ann, group):
    empty = await group.says("/topics", from_id=ann.who.id)
    asked = await group.says("/watch", from_id=ann.who.id)
    card = await group.replies(asked, "Taiwan", from_id=ann.who.id)
    await group.presses(card, "Both", from_id=ann.who.id)
    full = await group.says("/topics", from_id=ann.who.id)
    direct = await group.says("/watch Korea", from_id=ann.who.id)

    assert "Type /subscribe and what I should look for" in empty["text"]
    assert card["text"].startswith("Taiwan ·")
    assert "For another one: /subscribe Taiwan" in full["text"]
    assert direct["text"].startswith("Korea ·")


async def test_help_in_a_group_lists_what_works_there(ann, group):
    there = (await group.says("/help", from_id=ann.who.id))["text"]
    here = (await ann.says("/help"))["text"]

    assert "/subscribe Taiwan" in there
    assert "send a link" not in there
    assert "/subscribe Taiwan" not in here
    assert "send a link" in here


class TestInAnotherLanguage:
    @pytest.fixture
    def renderer(self):
        return Renderers(translations={"en": IN_ENGLISH, "ja": pseudo_translation()}).of("en")

    async def test_a_question_in_the_language_of_the_group_is_answered(self, house, ann, group):
        async with house.storage.writing() as tx:
            row = await chat_at(tx, group.who.id)
            assert row
            row.chosen_language = "ja"
            tx.session.add(row)
        asked = await group.says("/watch", from_id=ann.who.id)

        card = await group.replies(asked, "Taiwan", from_id=ann.who.id)

        assert asked["text"].startswith(pseudo("What should I look for? Type it."))
        assert card["text"].startswith("\u200f\u2068Taiwan\u2069 ·")


async def test_administrators_who_made_changes_can_be_notified(house, ann, eve, group):
    await group.says("/stop", from_id=ann.who.id)
    await group.says("/stop", from_id=eve.id)

    async with house.storage.reading() as tx:
        told = await private_chats_of_admins(tx, group.who.id, limit=3)
        assert told == []
    await ann.says("/topics")
    async with house.storage.reading() as tx:
        assert [each.name for each in await private_chats_of_admins(tx, group.who.id, limit=3)] == [
            "Ann"
        ]
    await ann.says("/delete_me", "Delete everything")
    await ann.says("/topics")
    async with house.storage.reading() as tx:
        assert await private_chats_of_admins(tx, group.who.id, limit=3) == []
