from pathlib import Path

import pytest

from bot.app.places import Place
from bot.settings import Access


@pytest.mark.parametrize(
    ("database", "file"),
    [
        pytest.param(
            "sqlite+aiosqlite:////data/dateline.sqlite3",
            "/data/dateline.sqlite3.index",
            id="beside the file of an SQLite database",
        ),
        pytest.param(
            "postgresql+asyncpg://user:word@host/dateline",
            "var/dateline.index",
            id="in var/, by the name of a PostgreSQL database",
        ),
        pytest.param(
            "postgresql+asyncpg://user:word@host", "var/database.index", id="its database unnamed"
        ),
    ],
)
def test_the_index_is_kept_on_this_machine(database: str, file: str):
    place = Place("1:token", "http://api", database, Access.OPEN)

    assert place.index_file == Path(file)


@pytest.mark.parametrize(
    ("public_url", "newsroom", "app_url"),
    [
        pytest.param("https://a.example/b", None, "https://a.example/b/app", id="https"),
        pytest.param("http://a.example", None, None, id="Telegram opens no other"),
        pytest.param(None, None, None, id="nobody reaches us"),
        pytest.param(
            *("http://127.0.0.1:8080", ("127.0.0.1", 8081), "http://127.0.0.1:8080/app"),
            id="the playground does",
        ),
    ],
)
def test_where_the_mini_app_opens(public_url, newsroom, app_url):
    place = Place("1:a", "", "", Access.OPEN, newsroom=newsroom, public_url=public_url)

    assert place.app_url == app_url
