"""One process to an SQLite file, whatever name it is given."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from bot.app.stops import StopError
from bot.app.tools import alone_on
from storage.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow


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


def test_a_file_that_begins_anew_is_held_as_well(file: Path):
    with alone_on(_url(file), anew=True):
        asyncio.run(migrate(_url(file)))
    with alone_on(_url(file), anew=True):
        asyncio.run(migrate(_url(file)))
        with pytest.raises(StopError), alone_on(_url(_hard_link(file))):
            pass


def test_the_database_is_used_while_its_file_is_held(file: Path):
    with alone_on(_url(file)):
        asyncio.run(migrate(_url(file)))
        asyncio.run(migrate(_url(file)))

    assert [each.name for each in file.parent.glob("*before*")] == []
