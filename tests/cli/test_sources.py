from __future__ import annotations

from datetime import timedelta
from io import StringIO
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bot.cli.adding_many import add_all
from bot.cli.source_tables import additions_table, checkup_table, sources_table
from bot.cli.sources import sources
from bot.sources.adding import Adding
from bot.sources.checking import Checking
from bot.sources.guard import Guard
from bot.sources.http import Fetcher
from bot.sources.listing import Listing
from bot.sources.opml import Outline
from bot.sources.reading import Reader
from storage.engine import Storage
from tests.sources.feedfarm import FeedFarm
from tests.sources.feeds_made import item, rss

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import TurnedClock


@pytest.fixture
async def adding(sqlite_url: str, clock: TurnedClock) -> AsyncIterator[Adding]:
    storage = Storage.open(sqlite_url, clock=clock)
    guard = Guard(networks=(ip_network("127.0.0.1/32"),))
    async with Fetcher(guard=guard, user_agent="test") as fetcher, Reader() as reader:
        yield Adding(storage, fetcher, reader)
    await storage.close()


def printed(table) -> str:
    out = StringIO()
    Console(file=out, width=200).print(table)
    return out.getvalue()


async def test_many_are_added_and_each_says_what_came_of_it(adding: Adding):
    async with FeedFarm() as farm:
        for number in range(20):
            farm.serve(f"/{number}.xml", rss([item(number)]))
        outlines = [Outline(farm.url(f"/{number}.xml")) for number in range(20)]
        outlines += [outlines[0], Outline(farm.url("/none"), "Nobody"), Outline("ftp://a.example")]

        done = await add_all(adding, outlines, None, Console(file=StringIO()))

    table = printed(additions_table(done))
    assert len(done) == 23
    assert table.count("could not be added") == 2
    assert "has nothing at this address (404)" in table
    assert "only addresses that begin with http" in table
    assert table.count("1 new") == 20
    assert table.count("already there") == 1


async def test_the_list_shows_how_each_source_fares(adding: Adding, clock: TurnedClock):
    async with FeedFarm() as farm:
        farm.serve("/feed.xml", rss([item(1)]))
        await adding.add(farm.url())
    clock.turn(timedelta(minutes=10))

    table = printed(sources_table(await Listing(adding.storage).sources(), clock.now))

    assert "Sample Wire" in table
    assert "10 min ago" in table
    assert "in 50 min" in table


async def test_a_check_shows_answer_contents_and_next_poll(adding: Adding):
    async with FeedFarm() as farm:
        farm.serve("/feed.xml", rss([item(1)]), ETag='"one"')
        checking = Checking(adding.storage, adding.fetcher, adding.reader)
        good = printed(checkup_table(await checking.check(farm.url())))
        bad = printed(checkup_table(await checking.check(farm.url("/none"))))

    assert '"one"' in good
    assert "Sample Wire" in good
    assert "in 1 h" in good
    assert "not one of our sources" in good
    assert "has nothing at this address (404)" in bad


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param([], "Say what to add", id="nothing"),
        pytest.param(["--every", "soon", "https://a.example/"], "no span of time", id="interval"),
        pytest.param(["--opml", "{folder}/none.opml"], "No such file", id="no file"),
        pytest.param(["--opml", "{folder}/wrong.opml"], "no OPML", id="no OPML"),
    ],
)
def test_a_wrong_wish_gets_one_sentence(tmp_path: Path, arguments: list[str], sentence: str):
    (tmp_path / "wrong.opml").write_text("<html/>")
    given = [argument.format(folder=tmp_path) for argument in arguments]

    result = CliRunner().invoke(sources, ["add", *given])

    assert result.exit_code == 2
    assert sentence in result.output
