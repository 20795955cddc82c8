"""No button, command or text reaches the data of another chat."""

import json
from contextlib import closing
from dataclasses import dataclass

import pytest
from aiogram.types import Update

from bot.subscribers.users import Sender
from storage.enums import ChatKind
from tests.belongings import SECRET, Rows, ids_of, rows_of, tables_of_chats
from tests.chat.conftest import House, add_article
from tests.chat.pressings import Commits, add_owner, classes, data_of, press, say
from tests.chat.registrations import commands_of

pytestmark = pytest.mark.slow

EVE = 666
VERA = 777
FEED = f"https://{SECRET}.example.org/feed.xml"
# Typed arguments never contain SECRET, which marks Vera's data; they do contain its other words.
KNOWN_WORDS = ("okapi", "1", "topic_1", "queries", "add okapi", "remove okapi", "30")


@dataclass
class Victim:
    house: House
    chat_id: int
    before: Rows
    ids: dict[str, list[int]]
    commits: Commits
    harm: str = ""
    read_at: int | None = None

    async def is_untouched_by(self, update: Update) -> str:
        """Feed *update*; return how it leaked or changed the victim's data, or ""."""
        calls = [call["params"] for call in await self.house.feed(update)]
        if SECRET in json.dumps(calls, default=str).casefold():
            return f"told {calls}"
        if any(str(params.get("chat_id")) == str(VERA) for params in calls):
            return "wrote to the victim"
        return await self.changed()

    async def changed(self) -> str:
        latest = self.commits.latest()
        if latest != self.read_at:
            after = await rows_of(self.house.storage, self.chat_id)
            changed = {name: rows for name, rows in after.items() if rows != self.before[name]}
            self.harm = f"changed {changed}" if changed else ""
            self.read_at = latest
        return self.harm


@pytest.fixture
def commits(house, tmp_path):
    with closing(Commits(tmp_path / "dateline.sqlite3")) as commits:
        yield commits


@pytest.fixture
async def victim(house, commits):
    """Return a user with a row in every table and the secret in all texts."""
    house.talk("Vera", id=VERA)
    house.talk("Eve", id=EVE)
    return await _with_belongings(house, commits, Sender(VERA, VERA, name=f"Vera {SECRET}"))


@pytest.fixture
async def group(house, commits):
    """Return a group as Telegram describes it, with Eve as a member, and its data."""
    people = [house.talk("Vera", id=VERA).who, house.talk("Eve", id=EVE).who]
    made = house.playground.chat("supergroup", "Zoo", people, "administrator")
    sender = Sender(VERA, made.id, kind=ChatKind.SUPERGROUP, title="Zoo")
    place = {"id": made.id, "type": "supergroup", "title": "Zoo"}
    victim = await _with_belongings(house, commits, sender)
    await house.feed(say(EVE, "/topics", chat=place))  # stores who administers the group
    victim.before = await rows_of(house.storage, victim.chat_id)
    return place, victim


async def _with_belongings(house: House, commits: Commits, sender: Sender) -> Victim:
    chat_id = await add_owner(house, sender, FEED, f"{SECRET} Times", name=f"{SECRET} herd")
    async with house.storage.writing() as tx:
        await add_article(tx, FEED, f"{FEED}/1", f"Okapi meets {SECRET}", "Both were seen.")
    ids = await ids_of(house.storage, chat_id)
    return Victim(house, chat_id, await rows_of(house.storage, chat_id), ids, commits)


async def test_the_victim_has_rows_in_every_table(victim):
    assert [table.name for table in tables_of_chats() if not victim.before[table.name]] == []


async def test_the_victim_finds_its_own_article(victim):
    """The tests below prove nothing unless the article can be found."""
    assert "told" in await victim.is_untouched_by(say(VERA, "okapi"))


async def test_no_button_reaches_the_data_of_another_chat(victim):
    pressed = [data for kind in classes() for data in data_of(kind, victim.ids)]

    harm = {data: await victim.is_untouched_by(press(EVE, data)) for data in pressed}

    assert len(pressed) > len(classes())
    assert {data: what for data, what in harm.items() if what} == {}


async def test_no_command_reaches_the_data_of_another_chat(victim):
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
            await victim.house.feed(press(EVE, data, chat=place))
            harm[data] = await victim.changed()

    assert {data: what for data, what in harm.items() if what} == {}


async def test_no_command_in_a_group_changes_anything_for_a_plain_member(group):
    place, victim = group
    harm: dict[str, str] = {}
    for command in commands_of(victim.house.dispatcher):
        for words in ("", *KNOWN_WORDS):
            said = say(EVE, f"/{command} {words}".rstrip(), chat=place)
            await victim.house.feed(said)
            harm[f"{command} {words}"] = await victim.changed()

    assert {text: what for text, what in harm.items() if what} == {}


@pytest.mark.parametrize("text", ["okapi", "#okapi", "lang:en okapi", "123456", "8:00", "1"])
async def test_no_typed_text_finds_the_data_of_another_chat(victim, text):
    assert await victim.is_untouched_by(say(EVE, text)) == ""
