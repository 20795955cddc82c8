"""Replies while the database is unavailable: an apology, and nothing half stored."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest
from aiogram.types import Update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.chat.callbacks import Ask, Question
from bot.rendering.renderer import Renderers
from storage.db.engine import Storage, Transaction
from tests.belongings import fill
from tests.chat.hostile import errors_in, texts_of
from tests.chat.pressings import classes, data_of, press, say
from tests.chat.registrations import commands_of
from tests.resources import ADMIN

AWAY = "My database is unavailable right now. Please try again in a minute."


class Unlucky(Storage):
    """A storage that fails *left* more times: *at* each "begin" or each "commit"."""

    at = ""
    left = 0

    def go_away(self, at: str, times: int = 10_000) -> None:
        self.at, self.left = at, times

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        self._fail("begin")
        async with super().reading() as tx:
            yield tx

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        self._fail("begin")
        async with super().writing() as tx:
            yield tx
            self._fail("commit")

    def _fail(self, at: str) -> None:
        if self.at == at and self.left:
            self.left -= 1
            raise OperationalError("SELECT secret", {}, sqlite3.OperationalError("is locked"))


@pytest.fixture
async def one_storage(catalogued, tmp_path, clock):
    path = tmp_path / "dateline.sqlite3"
    shutil.copy(catalogued, path)
    opened = Unlucky.open(f"sqlite+aiosqlite:///{path}", clock=clock)
    assert isinstance(opened, Unlucky)
    yield opened
    await opened.close()


@pytest.fixture
def stored(tmp_path):
    """Return a function that dumps the database as SQL."""

    def dump() -> list[str]:
        with closing(sqlite3.connect(tmp_path / "dateline.sqlite3")) as ours:
            return [line for line in ours.iterdump() if 'INTO "pace"' not in line]

    return dump


@pytest.fixture
def pauses_seconds():
    return ()


@pytest.fixture
def renderer():
    return Renderers().of("en")


@pytest.fixture
def feed(house):
    """Return a function that feeds an update and returns calls to Telegram and logged errors."""
    house.talk("Ada", id=ADMIN)

    async def feed(update: Update) -> tuple[list[dict[str, Any]], list[Any]]:
        with capture_logs() as logged:
            calls = [call["params"] for call in await house.feed(update)]
        return calls, errors_in(logged)

    return feed


@pytest.mark.parametrize("at", ["begin", "commit"])
async def test_a_message_is_answered_with_an_apology_and_later_works(feed, one_storage, stored, at):
    await feed(say(ADMIN, "/start"))
    before = stored()
    one_storage.go_away(at)

    calls, errors = await feed(say(ADMIN, "/feedback hello"))
    after = stored()
    one_storage.go_away("")
    then, _ = await feed(say(ADMIN, "/feedback hello"))

    assert texts_of(calls) == [AWAY]
    assert [(line["event"], line["reason"]) for line in errors] == [
        (
            "the database is unavailable; a user was asked to try again",
            "(sqlite3.OperationalError) is locked",
        )
    ]
    assert after == before
    assert texts_of(then)[0].startswith("Thank you.")


@pytest.mark.parametrize("at", ["begin", "commit"])
async def test_a_tap_is_answered_with_a_toast(feed, one_storage, stored, at):
    await feed(say(ADMIN, "/start"))
    before = stored()
    one_storage.go_away(at)

    calls, errors = await feed(press(ADMIN, "renewsure"))

    assert [call["text"] for call in calls if "callback_query_id" in call] == [AWAY]
    assert texts_of(calls) == [AWAY]
    assert len(errors) == 1
    assert stored() == before


async def test_the_apology_is_in_the_language_of_the_client(feed, one_storage):
    one_storage.go_away("begin")

    calls, _ = await feed(say(ADMIN, "/topics", "ar"))

    assert texts_of(calls) == [Renderers().of("ar").message("chat/errors.html#database_away").text]


@pytest.mark.slow
@pytest.mark.parametrize("at", ["begin", "commit"])
async def test_every_command_and_button_is_answered_and_changes_nothing(
    house, feed, one_storage, stored, at
):
    await feed(say(ADMIN, "okapi"))
    await fill(one_storage, 1)
    before = stored()
    one_storage.go_away(at)
    said = [f"/{one} {words}" for one in commands_of(house.dispatcher) for words in ("", "okapi")]
    asked = [say(ADMIN, text) for text in (*said, "okapi", "8:00", "UTC+9", "123456")]
    asked += [press(ADMIN, data) for kind in classes() for data in data_of(kind, {})[:2]]

    silent, loud = [], []
    for update in asked:
        calls, errors = await feed(update)
        if not calls:
            silent.append(update)
        loud += [
            line for line in errors if not line["event"].startswith("the database is unavailable")
        ]

    assert silent == loud == []
    assert stored() == before


class TestShortOutage:
    """A server that restarts is back before any user needs an apology."""

    @pytest.fixture
    def pauses_seconds(self):
        return (0, 0)

    @pytest.mark.parametrize("at", ["begin", "commit"])
    async def test_no_user_notices(self, feed, one_storage, at):
        await feed(say(ADMIN, "/start"))
        one_storage.go_away(at, times=2)

        calls, errors = await feed(say(ADMIN, "/feedback hello"))

        assert [text.partition(".")[0] for text in texts_of(calls)] == ["Thank you"]
        assert errors == []

    @pytest.mark.parametrize("times", [1, 2])
    async def test_a_question_is_sent_once(self, feed, one_storage, times):
        await feed(say(ADMIN, "/start"))
        one_storage.go_away("commit", times=times)

        calls, errors = await feed(press(ADMIN, Ask(question=Question.TIME).pack()))
        answered, _ = await feed(say(ADMIN, "7:30"))

        assert len(texts_of(calls)) == 1
        assert errors == []
        assert "every day at 07:30" in texts_of(answered)[0]


async def test_an_inline_query_is_answered_with_an_apology_button(feed, one_storage):
    one_storage.go_away("begin")
    eve = {"id": ADMIN, "is_bot": False, "first_name": "Eve", "language_code": "en"}
    query = {"id": "1", "from": eve, "query": "taiwan", "offset": ""}

    calls, errors = await feed(Update.model_validate({"update_id": 1, "inline_query": query}))

    assert "Try again in a minute" in str(calls[0]["button"])
    assert len(errors) == 1


async def test_a_service_message_raises_so_that_the_queue_keeps_it(house, one_storage):
    """The poller keeps the update; a user who has just blocked the bot gets no message."""
    ada = {"id": ADMIN, "is_bot": False, "first_name": "Ada"}
    bot = {"id": 1, "is_bot": True, "first_name": "Dateline"}
    event = {
        "chat": {"id": ADMIN, "type": "private"},
        "from": ada,
        "date": 1,
        "old_chat_member": {"status": "member", "user": bot},
        "new_chat_member": {"status": "kicked", "user": bot, "until_date": 0},
    }
    one_storage.go_away("begin")

    with pytest.raises(OperationalError):
        await house.feed(Update.model_validate({"update_id": 1, "my_chat_member": event}))

    assert house.playground.journal("sendMessage") == []
