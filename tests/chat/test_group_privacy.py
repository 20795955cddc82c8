"""What the members of a group see: nothing that only its administrators may know.

Every command and every button is used by a member, an administrator and an anonymous one.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import select

from bot.chat.callbacks import ShowIntent
from bot.chat.commands import CHAT_COMMANDS
from bot.chat.senders import ANONYMOUS_ADMINISTRATOR
from bot.mail.bounces import mailbox_notices, unsubscribe_address
from bot.rendering.autolinks import without_joiners
from bot.rendering.renderer import Renderer
from bot.subscribers import own_feeds, subscriptions
from bot.subscribers.intents import Intent
from storage.chats import Chat
from storage.enums import DigestMedium, Mode
from storage.feeds_followed import follow
from storage.mailboxes import mailbox_of_chat
from storage.outbox import Delivery
from storage.suspension import confirm_mailbox, open_mailbox
from tests.belongings import ids_of
from tests.chat.conftest import BOT_NAME, House, Talk, add_feed, buttons, labels
from tests.chat.pressings import classes, data_of, press, say
from tests.resources import LINKS

ADDRESS = "boss@private.example"
TOKEN = "k3y0fthepaper"
FEED = f"https://paper.example/feed.xml?token={TOKEN}"
SECRETS = (ADDRESS, TOKEN, "https://bot.example/f/", "https://bot.example/m/", "/u/")
ROLES = ("member", "administrator", "anonymous")
ARGUMENTS = ("", " Taiwan", f" {FEED}", f" {ADDRESS}", f" add {FEED}", " queries")


@dataclass
class Newsroom:
    """A group with an address, a private feed and published feeds; *roles*: user ids by role."""

    house: House
    talk: Talk
    chat_id: int
    roles: dict[str, int]

    @property
    def place(self) -> dict[str, Any]:
        return {"id": self.talk.who.id, "type": "supergroup", "title": "Newsroom"}

    async def seen_after_saying(self, role: str, text: str) -> list[str]:
        """Return what the group sees after a user with *role* has typed *text*."""
        return self.seen(await self.calls_after_saying(role, text))

    async def calls_after_saying(self, role: str, text: str) -> list[dict[str, Any]]:
        facts: dict[str, Any] = {"chat": self.place}
        if text.startswith(BOT_NAME):
            facts["entities"] = [{"type": "mention", "offset": 0, "length": len(BOT_NAME)}]
        if role == "anonymous":
            facts["sender_chat"] = self.place
        return await self.house.feed(say(self.roles[role], text, **facts))

    async def seen_after_pressing(self, role: str, data: str, message_id: int) -> list[str]:
        made = press(self.roles[role], data, chat=self.place, message_id=message_id)
        return self.seen(await self.house.feed(made))

    def seen(self, calls: list[dict[str, Any]]) -> list[str]:
        """Return the calls that change the group's chat, as text."""
        here = str(self.place["id"])
        mine = [call for call in calls if str(call["params"].get("chat_id")) == here]
        return [as_text(f"{call['method']} {call['params']}") for call in mine]


@pytest.fixture
async def newsroom(house, ann, eve, group):
    """Return a group of Ann's, who has a private chat with the bot; Eve is a member."""
    await ann.says("/start")
    row = await house.row_of(group)
    storage = house.storage
    for words in ("Taiwan", "Korea"):
        await subscriptions.subscribe(
            storage, row.id, words, Mode.BOTH, limits=house.resources.limits
        )
    async with storage.writing() as tx:
        await confirm_mailbox(tx, await open_mailbox(tx, row.id, ADDRESS))
        chat = await tx.get_one(Chat, row.id)
        chat.digest_by = DigestMedium.BOTH
        await follow(tx, row.id, await add_feed(tx, FEED, title="Paper"))
    await own_feeds.get_feeds(storage, row.id, links=LINKS)
    roles = {"member": eve.id, "administrator": ann.who.id, "anonymous": ANONYMOUS_ADMINISTRATOR}
    return Newsroom(house, group, row.id, roles)


def as_text(shown: object) -> str:
    return without_joiners(str(shown)).replace("\\u2060", "")


def secrets_in(seen: list[str]) -> list[str]:
    return [secret for secret in SECRETS if any(secret in one for one in seen)]


@pytest.mark.parametrize("role", ROLES)
async def test_no_command_shows_a_group_what_is_private(newsroom, role):
    for name in (row.name for row in CHAT_COMMANDS):
        for arguments in ARGUMENTS:
            text = f"/{name}{BOT_NAME}{arguments}"

            seen = await newsroom.seen_after_saying(role, text)

            # The group has seen what the user typed, so the answer may repeat it.
            untyped = [secret for secret in secrets_in(seen) if secret not in text]
            assert untyped == [], text
            assert not [one for one in seen if one.startswith("sendDocument")], text


async def test_a_member_gets_no_button_that_is_refused(newsroom):
    texts = [f"/{row.name}{BOT_NAME}{words}" for row in CHAT_COMMANDS for words in ("", " Japan")]
    offered: set[str] = set()
    for text in (*texts, f"{BOT_NAME} Japan"):
        for call in await newsroom.calls_after_saying("member", text):
            offered |= {data for _, data in buttons(call["params"]) if data}

    refused = []
    for data in sorted(offered):
        made = press(newsroom.roles["member"], data, chat=newsroom.place)
        answers = await newsroom.house.feed(made)
        toasts = [call for call in answers if call["method"] == "answerCallbackQuery"]
        refused += [data for call in toasts if "Only admin" in call["params"].get("text", "")]

    assert len(offered) > 10
    assert refused == []


@pytest.mark.parametrize("intent", Intent)
async def test_a_member_gets_no_button_that_is_refused_under_an_answer(newsroom, intent):
    """The answers are those to questions about the bot itself."""
    shown = await newsroom.house.bot.send_message(newsroom.place["id"], "okapi")
    data = ShowIntent(intent=intent).pack()
    shown_at = {"chat": newsroom.place, "message_id": shown.message_id}
    made = press(newsroom.roles["member"], data, **shown_at)
    calls = await newsroom.house.feed(made)
    sent = [call["params"] for call in calls if call["method"] == "sendMessage"]

    assert sent
    for _, offered in [pair for one in sent for pair in buttons(one)]:
        pressed = press(newsroom.roles["member"], offered, chat=newsroom.place)
        answers = await newsroom.house.feed(pressed)
        toasts = [one for one in answers if one["method"] == "answerCallbackQuery"]
        assert not [one for one in toasts if "Only admin" in one["params"].get("text", "")]


@pytest.mark.parametrize("role", ["member", "administrator"])
async def test_no_button_shows_a_group_what_is_private(newsroom, role):
    ids = await ids_of(newsroom.house.storage, newsroom.chat_id)
    shown = await newsroom.house.bot.send_message(newsroom.place["id"], "okapi")
    pressed = {data for kind in classes() for data in data_of(kind, ids)[:4]}

    for data in sorted(pressed):
        seen = await newsroom.seen_after_pressing(role, data, shown.message_id)

        assert secrets_in(seen) == [], data


@pytest.mark.parametrize("text", [ADDRESS, "123456", "8:00"])
@pytest.mark.parametrize("role", ROLES)
async def test_no_reply_shows_a_group_what_is_private(newsroom, role, text):
    page = await newsroom.talk.says("/help", from_id=newsroom.roles["member"])
    facts = {"chat": newsroom.place, "reply_to_message": page}
    if role == "anonymous":
        facts["sender_chat"] = newsroom.place

    calls = await newsroom.house.feed(say(newsroom.roles[role], text, **facts))

    assert calls
    assert secrets_in(newsroom.seen(calls)) == []


class TestSettings:
    async def test_a_group_reads_that_digests_come_by_mail_and_not_where(self, newsroom, eve):
        settings = await newsroom.talk.says("/settings", from_id=eve.id)

        assert "Digests come here and by e-mail." in settings["text"]
        assert ADDRESS not in as_text(settings)

    async def test_the_button_for_mail_answers_in_private(self, newsroom, ann):
        settings = await newsroom.talk.says("/settings", from_id=ann.who.id)
        toast = await newsroom.talk.presses_quietly(settings, "E-mail", from_id=ann.who.id)
        answer = await ann.next()

        assert toast == "I've answered in our private chat."
        assert answer["text"].startswith("For the group Newsroom\n\nE-mail")
        assert ADDRESS in as_text(answer)


class TestSources:
    async def test_a_member_reads_names_and_no_addresses(self, newsroom, eve):
        listed = await newsroom.talk.says("/sources", from_id=eve.id)

        assert "1. Paper" in listed["text"]
        assert TOKEN not in as_text(listed)
        assert labels(listed) == []

    async def test_an_administrator_gets_the_addresses_in_private(self, newsroom, ann):
        note = await newsroom.talk.says("/sources", from_id=ann.who.id)
        answer = await ann.next()

        assert note["text"] == "I've answered in our private chat."
        assert answer["text"].startswith("For the group Newsroom")
        assert TOKEN in as_text(answer)


class TestMailboxNotices:
    async def test_the_notice_about_a_groups_address_goes_to_its_administrator(self, newsroom, ann):
        storage = newsroom.house.storage
        await newsroom.talk.says("/stop", from_id=ann.who.id)  # she changed something last
        async with storage.reading() as tx:
            mailbox = await mailbox_of_chat(tx, newsroom.chat_id)
        assert mailbox

        await unsubscribe_address(storage, mailbox.id, renderer=Renderer())

        async with storage.reading() as tx:
            (notice,) = list(await tx.session.exec(select(Delivery)))
        assert notice.chat_id == (await newsroom.house.row_of(ann)).id
        assert ADDRESS in as_text(notice.body["text"])
        assert notice.body["text"].startswith("About Newsroom")

    async def test_nobody_is_told_if_no_administrator_has_a_private_chat(self, newsroom):
        async with newsroom.house.storage.writing() as tx:
            mailbox = await mailbox_of_chat(tx, newsroom.chat_id)
            chat = await tx.get_one(Chat, newsroom.chat_id)
            chat.invited_by = None

            assert mailbox
            assert await mailbox_notices(tx, mailbox, chat, renderer=Renderer()) == []
