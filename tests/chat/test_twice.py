"""Updates that Telegram sends twice, after a crash or a late answer, change nothing more."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiogram.types import Update

from bot.chat.callbacks import RenewChannelLink
from bot.subscribers.users import Sender
from tests.belongings import ids_of
from tests.chat.conftest import House
from tests.chat.pressings import Kept, add_owner, classes, data_of, press, say
from tests.chat.registrations import commands_of
from tests.resources import ADMIN

pytestmark = pytest.mark.slow

Stored = dict[str, list[tuple[Any, ...]]]

FEED = "https://paper.example/feed.xml"
# Send permits, counted requests and id sequences may differ.
_NOT_OURS = {"pace", "usage", "sqlite_sequence"}
TYPED = (
    "okapi",
    "8:00",
    "8:00 and 18:30, Mondays 9:00",
    "quiet 23:00-7:00",
    "UTC+9",
    "new@dateline.example",
    "https://paper.example/",
)


_ANOTHER = {("chat", "question")}  # names the message that asks


@dataclass
class Twice:
    """Feeds an update twice, then restores the database."""

    house: House
    kept: Kept
    ids: dict[str, list[int]]
    selects: dict[str, str]
    rows: Stored = field(default_factory=dict)
    read_at: int | None = None

    async def differ(self, update: Update) -> list[str]:
        """Return the tables that the second feeding changed."""
        before = self.kept.commits.latest()
        once = await self._stored_after(update)
        if self.kept.commits.latest() == before:
            return []  # only the database remembers an update, because another process may get it
        twice = await self._stored_after(update)
        self.kept.put_back()
        return [name for name, rows in twice.items() if rows != once.get(name)]

    async def _stored_after(self, update: Update) -> Stored:
        await self.house.feed(update)
        await self.house.resources.background.wait()
        return self._stored()

    def _stored(self) -> Stored:
        latest = self.kept.commits.latest()
        if latest != self.read_at:
            with closing(sqlite3.connect(self.kept.path)) as ours:
                self.rows = {name: list(ours.execute(sql)) for name, sql in self.selects.items()}
            self.read_at = latest
        return self.rows


def _selects(path: Path) -> dict[str, str]:
    """Return a statement for each table, which reads what must be the same."""
    with closing(sqlite3.connect(path)) as ours:
        asked = "SELECT name FROM sqlite_master WHERE type = 'table'"
        names = [name for (name,) in ours.execute(asked) if name not in _NOT_OURS]
        return {name: _select(ours, name) for name in names}


def _select(ours: sqlite3.Connection, table: str) -> str:
    columns = [column for _, column, *_ in ours.execute(f'PRAGMA table_info("{table}")')]
    same = ", ".join(f'"{column}"' for column in columns if (table, column) not in _ANOTHER)
    return f'SELECT {same} FROM "{table}"'  # noqa: S608


@pytest.fixture
async def twice(house, tmp_path):
    """Yield the twice of an admin with a row in every table, who may press everything."""
    house.talk("Ada", id=ADMIN)
    sender = Sender(ADMIN, ADMIN, name="Eve", language="en")
    chat_id = await add_owner(house, sender, FEED, "Paper", name="The herd")
    with closing(Kept(tmp_path / "dateline.sqlite3")) as kept:
        yield Twice(house, kept, await ids_of(house.storage, chat_id), _selects(kept.path))


async def test_a_press_that_comes_twice_does_one_thing(twice):
    differ = {
        data: await twice.differ(press(ADMIN, data))
        for kind in classes()
        if kind is not RenewChannelLink  # each press makes a new link
        for data in data_of(kind, twice.ids)
    }

    assert {data: tables for data, tables in differ.items() if tables} == {}


async def test_a_command_that_comes_twice_does_one_thing(twice):
    said = [
        f"/{command} {words}".rstrip()
        for command in commands_of(twice.house.dispatcher)
        for words in ("", *TYPED, "add https://new.example/feed", f"remove {FEED}", "1")
    ]

    differ = {text: await twice.differ(say(ADMIN, text)) for text in said}

    assert {text: tables for text, tables in differ.items() if tables} == {}


@pytest.mark.parametrize("text", TYPED)
async def test_typed_text_that_comes_twice_does_one_thing(twice, text):
    assert await twice.differ(say(ADMIN, text)) == []


async def test_a_request_that_comes_twice_sends_one_mail(twice):
    assert await twice.differ(say(ADMIN, "/email other@dateline.example")) == []
