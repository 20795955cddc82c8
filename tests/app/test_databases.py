import pytest

from bot.app.databases import database_of
from bot.settings import load_settings

URL, DIRECT = "postgresql://me@pooler/news", "postgresql://me@server/news"


def test_what_needs_a_server_itself_goes_past_the_pooler():
    database = database_of(load_settings(database_url=URL, database_direct_url=DIRECT))

    assert database.url == "postgresql+asyncpg://me@pooler/news"
    assert database.server == "postgresql+asyncpg://me@server/news"


def test_without_a_pooler_there_is_one_address():
    database = database_of(load_settings(database_url=URL))

    assert database.server == database.url


def test_the_playground_has_a_database_of_its_own():
    settings = load_settings(database_url=URL, database_direct_url=DIRECT)

    assert database_of(settings, "sqlite+aiosqlite:///x").server == "sqlite+aiosqlite:///x"


@pytest.mark.parametrize(
    ("roles", "most"), [("send", 3), ("chat,web", 8), ("chat,poll,match,publish,send,web", 20)]
)
def test_a_process_has_as_many_connections_as_its_roles_keep_busy(roles, most):
    assert database_of(load_settings(database_url=URL, roles=roles)).connections == most


def test_how_many_connections_a_process_has_may_be_said():
    assert database_of(load_settings(database_url=URL, database_pool="4")).connections == 4
