"""Which database a process opens and holds, and what sites see of its fetcher."""

import asyncio
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app.resources import (
    alone_on,
    bot_database_of,
    database_in_use,
    database_of,
    make_fetcher,
)
from bot.app.stops import StopError
from bot.settings import DEFAULT_DATABASE, PLAYGROUND_DATABASE, load_settings
from storage.db.filelock import file_lock, lock_beside
from storage.schema import migrate

TOKEN = "123456:abcdefghijklmnopqrstuvwxyz012345678"
URL, DIRECT = "postgresql://me@pooler/news", "postgresql://me@server/news"


def test_a_direct_address_leads_past_the_pooler():
    database = database_of(load_settings(database_url=URL, database_direct_url=DIRECT))

    assert database.url == "postgresql+asyncpg://me@pooler/news"
    assert database.server == "postgresql+asyncpg://me@server/news"


def test_both_addresses_are_the_same_without_a_pooler():
    database = database_of(load_settings(database_url=URL))

    assert database.server == database.url


@pytest.mark.parametrize(
    ("bot_token", "database_url", "used"),
    [
        pytest.param("", DEFAULT_DATABASE, PLAYGROUND_DATABASE, id="playground"),
        pytest.param("", "sqlite:///x", "sqlite+aiosqlite:///x", id="playground that remembers"),
        pytest.param(TOKEN, DEFAULT_DATABASE, DEFAULT_DATABASE, id="Telegram"),
    ],
)
def test_the_playground_has_a_database_of_its_own(monkeypatch, bot_token, database_url, used):
    monkeypatch.setenv("BOT_TOKEN", bot_token)

    assert bot_database_of(load_settings(database_url=database_url)).url == used


@pytest.fixture
def playground_lock(monkeypatch, tmp_path):
    """Return the lock that a playground in this folder would hold."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOT_TOKEN", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return lock_beside(Path("var/playground.sqlite3"), "run")


def test_a_command_uses_the_database_of_a_running_playground(playground_lock):
    with file_lock(playground_lock, wait=False):
        used = database_in_use(load_settings())

    assert used.url == PLAYGROUND_DATABASE
    assert used.shown == "var/playground.sqlite3 (the playground's)"


def test_a_command_uses_the_lasting_database_without_a_playground(playground_lock):
    assert not playground_lock.exists()
    assert database_in_use(load_settings()).url == DEFAULT_DATABASE
    assert not playground_lock.exists()


def test_a_named_database_is_used_beside_a_playground(playground_lock):
    with file_lock(playground_lock, wait=False):
        used = database_in_use(load_settings(database_url="sqlite:///mine.sqlite3"))

    assert used.shown == "mine.sqlite3"


def test_a_server_is_shown_without_its_password():
    url = "postgresql://me:secret@db.example:5433/news?sslmode=require"

    assert database_of(load_settings(database_url=url)).shown == "postgresql://db.example:5433/news"


@pytest.mark.parametrize(
    ("roles", "most"), [("send", 3), ("chat,web", 8), ("chat,poll,match,publish,send,web", 20)]
)
def test_a_process_has_as_many_connections_as_its_roles_keep_busy(roles, most):
    assert database_of(load_settings(database_url=URL, roles=roles)).connections == most


def test_the_number_of_connections_can_be_set():
    assert database_of(load_settings(database_url=URL, database_pool="4")).connections == 4


def _symlink_of_the_file(file: Path) -> Path:
    other = file.parent.parent / "other.sqlite3"
    other.symlink_to(file)
    return other


def _symlink_of_the_folder(file: Path) -> Path:
    folder = file.parent.parent / "other"
    folder.symlink_to(file.parent)
    return folder / file.name


def _hard_link(file: Path) -> Path:
    folder = file.parent.parent / "other"
    folder.mkdir()
    other = folder / file.name
    os.link(file, other)
    return other


def _the_same(file: Path) -> Path:
    return file


def _url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "dateline.sqlite3"


@pytest.mark.parametrize(
    ("name", "holder"),
    [
        pytest.param(_the_same, f"Process {os.getpid()}", id="the same name"),
        pytest.param(_symlink_of_the_file, f"Process {os.getpid()}", id="a link to the file"),
        pytest.param(_symlink_of_the_folder, f"Process {os.getpid()}", id="a link to the folder"),
        pytest.param(_hard_link, "Another process", id="a hard link"),
    ],
)
def test_a_second_bot_on_one_file_is_refused_by_any_name(
    file: Path, name: Callable[[Path], Path], holder: str
):
    with alone_on(_url(file)):
        asyncio.run(migrate(_url(file)))
        other = name(file)

        with (
            pytest.raises(StopError, match=f"{holder} already runs the bot on"),
            alone_on(_url(other)),
        ):
            pass

    with alone_on(_url(other)):
        pass


def test_an_emptied_file_is_locked_too(file: Path):
    with alone_on(_url(file), anew=True):
        asyncio.run(migrate(_url(file)))
    with alone_on(_url(file), anew=True):
        asyncio.run(migrate(_url(file)))
        with pytest.raises(StopError), alone_on(_url(_hard_link(file))):
            pass


def test_the_database_can_be_used_while_its_file_is_locked(file: Path):
    with alone_on(_url(file)):
        asyncio.run(migrate(_url(file)))
        asyncio.run(migrate(_url(file)))

    assert [each.name for each in file.parent.glob("*before*")] == []


async def test_sites_see_the_installed_version_and_the_contact():
    agents = []

    async def answer(request: web.Request) -> web.Response:
        agents.append(request.headers["User-Agent"])
        return web.Response(text="fine")

    site = web.Application()
    site.router.add_get("/", answer)
    settings = load_settings(contact_url="https://a.example", allowed_networks="127.0.0.0/8")

    async with TestServer(site) as server, make_fetcher(settings) as fetcher:
        await fetcher.fetch(str(server.make_url("/")), inside=True, public=True)

    (agent,) = agents
    assert agent.startswith(f"Dateline/{version('dateline')} (")
    assert "+https://a.example" in agent
