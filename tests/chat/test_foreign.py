"""Nobody sees or touches what another chat has, whatever they press or type."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from bot.sources.drafts import draft_of, identify, url_hash
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.store import store_drafts
from bot.subscribers import subscriptions, users
from bot.subscribers.users import Sender
from storage.enums import ChatKind, Mode
from storage.feeds_followed import follow
from storage.sources import add_source
from storage.topics import Topic
from tests.belongings import SECRET, Rows, fill, ids_of, rows_of, tables_of_chats
from tests.chat.pressings import classes, commands_of, data_of, press, say

if TYPE_CHECKING:
    from aiogram.types import Update

    from storage.db.engine import Transaction
    from tests.chat.conftest import House

pytestmark = pytest.mark.slow

EVE = 666
VERA = 777
FEED = f"https://{SECRET}.example.org/feed.xml"
# What makes the names of Vera's things hers is never typed; what they are found by is.
KNOWN_WORDS = ("okapi", "1", "topic_1", "queries", "add okapi", "remove okapi", "30")


@dataclass
class Victim:
    house: House
    chat_id: int
    before: Rows
    ids: dict[str, list[int]]

    async def is_untouched_by(self, update: Update) -> str:
        """Feed it; return what it told of the victim or changed, "" for nothing."""
        playground = self.house.playground
        seen = max((call["n"] for call in playground.journal()), default=0)
        await self.house.dispatcher.feed_update(self.house.bot, update)
        told = [call["params"] for call in playground.journal(after=seen)]
        if SECRET in json.dumps(told, default=str).casefold():
            return f"told {told}"
        if any(str(params.get("chat_id")) == str(VERA) for params in told):
            return "wrote to the victim"
        return await self.changed()

    async def changed(self) -> str:
        after = await rows_of(self.house.storage, self.chat_id)
        changed = {name: rows for name, rows in after.items() if rows != self.before[name]}
        return f"changed {changed}" if changed else ""


@pytest.fixture
async def victim(house):
    """Somebody who has a row in every table, with words of their own in all texts."""
    house.talk("Vera", id=VERA)
    house.talk("Eve", id=EVE)
    return await _with_belongings(house, Sender(VERA, VERA, name=f"Vera {SECRET}"))


@pytest.fixture
async def group(house):
    """A group that has as much, of which Eve is a member, and how Telegram names it."""
    people = [house.talk("Vera", id=VERA).who, house.talk("Eve", id=EVE).who]
    made = house.playground.chat("supergroup", "Zoo", people, "administrator")
    sender = Sender(VERA, made.id, kind=ChatKind.SUPERGROUP, title="Zoo")
    victim = await _with_belongings(house, sender)
    return {"id": made.id, "type": "supergroup", "title": "Zoo"}, victim


async def _with_belongings(house: House, sender: Sender) -> Victim:
    storage = house.storage
    user = await users.identify(house.storage, sender, access=house.resources.access)
    assert user
    await subscriptions.subscribe(
        house.storage, user.chat_id, "okapi", Mode.BOTH, {}, limits=house.resources.limits
    )
    async with storage.writing() as tx:
        (topic,) = await tx.session.exec(select(Topic).where(Topic.chat_id == user.chat_id))
        topic.name = f"{SECRET} herd"
        await _own_source(tx, user.chat_id)
    await fill(storage, user.chat_id)
    ids = await ids_of(storage, user.chat_id)
    return Victim(house, user.chat_id, await rows_of(storage, user.chat_id), ids)


async def _own_source(tx: Transaction, chat_id: int) -> None:
    """Let the chat follow a source of its own, with an article in it."""
    values: dict[str, Any] = {
        "url": FEED,
        "url_hash": url_hash(FEED),
        "host": f"{SECRET}.example.org",
        "title": f"{SECRET} Times",
        "created_at": tx.now,
        "next_fetch_at": tx.now,
    }
    source_id = await add_source(tx, values) or 0
    await follow(tx, chat_id, source_id)
    item = Item("", f"{FEED}/1", f"Okapi meets {SECRET}", "", "Both were seen.", tx.now, "en")
    (entry,) = identify(Document(DocumentKind.FEED, items=(item,)), FEED)
    found = draft_of(*entry, source_url=FEED, now=tx.now, backlog=False)
    await store_drafts(tx, source_id, [found])


async def test_the_victim_has_something_in_every_table(victim):
    assert [table.name for table in tables_of_chats() if not victim.before[table.name]] == []


async def test_the_victim_itself_finds_its_own_article(victim):
    """Else nothing would be shown by others not finding it."""
    assert "told" in await victim.is_untouched_by(say(VERA, "okapi"))


async def test_no_button_reaches_what_another_chat_has(victim):
    pressed = [data for kind in classes() for data in data_of(kind, victim.ids)]

    harm = {data: await victim.is_untouched_by(press(EVE, data)) for data in pressed}

    assert len(pressed) > len(classes())
    assert {data: what for data, what in harm.items() if what} == {}


async def test_no_command_reaches_what_another_chat_has(victim):
    numbers = sorted({str(each) for found in victim.ids.values() for each in found})
    said = [
        f"/{command} {words}".rstrip()
        for command in commands_of(victim.house.dispatcher)
        for words in ("", *KNOWN_WORDS, *numbers)
    ]

    harm = {text: await victim.is_untouched_by(say(EVE, text)) for text in said}

    assert "/topics" in said
    assert {text: what for text, what in harm.items() if what} == {}


async def test_no_button_in_a_group_changes_anything_for_a_plain_member(group):
    place, victim = group
    harm: dict[str, str] = {}
    for kind in classes():
        for data in data_of(kind, victim.ids):
            await victim.house.dispatcher.feed_update(
                victim.house.bot, press(EVE, data, chat=place)
            )
            harm[data] = await victim.changed()

    assert {data: what for data, what in harm.items() if what} == {}


async def test_no_command_in_a_group_changes_anything_for_a_plain_member(group):
    place, victim = group
    harm: dict[str, str] = {}
    for command in commands_of(victim.house.dispatcher):
        for words in ("", *KNOWN_WORDS):
            said = say(EVE, f"/{command} {words}".rstrip(), chat=place)
            await victim.house.dispatcher.feed_update(victim.house.bot, said)
            harm[f"{command} {words}"] = await victim.changed()

    assert {text: what for text, what in harm.items() if what} == {}


@pytest.mark.parametrize("text", ["okapi", "#okapi", "lang:en okapi", "123456", "8:00", "1"])
async def test_nothing_typed_finds_what_another_chat_has(victim, text):
    assert await victim.is_untouched_by(say(EVE, text)) == ""
