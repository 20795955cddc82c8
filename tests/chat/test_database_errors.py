"""Replies during real database failures: locks, dropped connections, a full disk."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from bot.delivery.replies import Replies
from storage.db.engine import Storage
from storage.schema import migrate
from tests.chat.pressings import press, say
from tests.database_errors import DatabaseFailure, drop_connections, execute, on_writer

EVE = 666
AWAY = "My database is unavailable right now. Please try again in a minute."


@pytest.fixture
async def one_storage(storage):
    return storage


@pytest.fixture
def pauses_seconds():
    return (0,)


@pytest.fixture
async def eve(house):
    house.talk("Eve", id=EVE)
    await house.feed(say(EVE, "/start"))
    return house


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_lock_is_reported_and_the_next_press_works(eve, one_storage, database_url):
    failure = DatabaseFailure(one_storage, database_url)
    await failure.begin()

    await eve.feed(press(EVE, "renewsure"))
    failure.end()
    await eve.feed(press(EVE, "renewsure"))

    first, second = eve.playground.journal("answerCallbackQuery")
    assert first["params"]["text"] == AWAY
    assert not second["params"].get("text")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_press_and_a_message_behind_a_lock_get_an_apology(eve, one_storage, database_url):
    """The apology needs the database too, for its send permit."""
    eve.bot.session.middleware(Replies(one_storage, "bot"))
    await on_writer(one_storage, "PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(make_url(database_url).database or "")) as other_program:
        other_program.execute("BEGIN EXCLUSIVE")
        steps = [asyncio.create_task(on_writer(one_storage, "SELECT 1")) for _ in range(3)]
        await eve.feed(press(EVE, "renewsure"))
        await eve.feed(say(EVE, "/feedback hello"))
        await asyncio.gather(*steps, return_exceptions=True)
    await eve.feed(say(EVE, "/feedback hello"))

    (pressed,) = eve.playground.journal("answerCallbackQuery")
    _welcome, apology, thanks = eve.playground.journal("sendMessage")
    assert pressed["params"]["text"] == apology["params"]["text"] == AWAY
    assert thanks["params"]["text"].startswith("Thank you.")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_dropped_connections_are_reopened_without_an_error(eve, one_storage, database_url):
    await DatabaseFailure(one_storage, database_url).begin()

    await eve.feed(say(EVE, "/settings"))

    said = [call["params"]["text"] for call in eve.playground.journal("sendMessage")]
    assert said[-1].startswith("Settings")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_full_disk_is_reported(eve, one_storage):
    # The file may not grow, and has no free page.
    await on_writer(one_storage, "CREATE TABLE filler (blob)")
    await on_writer(one_storage, "INSERT INTO filler VALUES (zeroblob(4000000))")
    await on_writer(one_storage, "PRAGMA max_page_count = 1")
    long = "okapi " * 600

    said = []
    for _ in range(9):
        await eve.feed(say(EVE, f"/feedback {long}"))
        said.append(eve.playground.journal("sendMessage")[-1]["params"]["text"])

    assert AWAY in said


class TestClosedDatabase:
    """An operator closes the database to this role or to all, and opens it again."""

    @pytest.fixture
    def role(self, postgresql_url):
        name = f"{make_url(postgresql_url).database}_bot"
        asyncio.run(execute(postgresql_url, f'CREATE ROLE "{name}" LOGIN'))
        yield name
        asyncio.run(execute(postgresql_url, f'DROP ROLE "{name}"'))

    @pytest.fixture
    async def one_storage(self, postgresql_url, role, own_postgresql_url, clock):
        own = make_url(own_postgresql_url)
        await execute(postgresql_url, f'ALTER DATABASE "{own.database}" OWNER TO "{role}"')
        url = own.set(username=role).render_as_string(hide_password=False)
        await migrate(url)
        opened = Storage.open(url, clock=clock)
        yield opened
        await opened.close()

    @pytest.mark.parametrize(
        ("shut", "then"),
        [
            pytest.param(
                'REVOKE CONNECT ON DATABASE "{0}" FROM PUBLIC, "{1}"',
                'GRANT CONNECT ON DATABASE "{0}" TO "{1}"',
                id="42501",
            ),
            pytest.param(
                'ALTER DATABASE "{0}" WITH ALLOW_CONNECTIONS false',
                'ALTER DATABASE "{0}" WITH ALLOW_CONNECTIONS true',
                id="55000",
            ),
        ],
    )
    async def test_a_closed_database_is_reported_until_it_opens(
        self, eve, postgresql_url, own_postgresql_url, role, shut, then
    ):
        own = make_url(own_postgresql_url).database
        await drop_connections(own_postgresql_url)
        await execute(postgresql_url, shut.format(own, role))

        with capture_logs() as logged:
            await eve.feed(press(EVE, "renewsure"))
            await eve.feed(say(EVE, "/feedback hello"))
        await execute(postgresql_url, then.format(own, role))
        await eve.feed(say(EVE, "/feedback hello"))

        (pressed,) = eve.playground.journal("answerCallbackQuery")
        _welcome, apology, thanks = eve.playground.journal("sendMessage")
        assert pressed["params"]["text"] == apology["params"]["text"] == AWAY
        assert thanks["params"]["text"].startswith("Thank you.")
        assert {line["event"] for line in logged} == {
            "the database is unavailable; a user was asked to try again"
        }
