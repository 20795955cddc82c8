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
