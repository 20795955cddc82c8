"""From a taste in a feed to a match with a word that only the page has."""

from collections.abc import Awaitable, Callable

import pytest

from bot.matching.query import parse
from bot.matching.stage import MatchStage
from bot.sources.drafts import PAGE_TIMEOUT
from storage.db.engine import Storage
from storage.matches import Match
from storage.queries import query_for
from tests.sources.feeds_made import LONG, item, page, rss
from tests.sources.polled import poll_after, rows_of


@pytest.fixture
async def matched(storage: Storage) -> Callable[[], Awaitable[list[list[str]]]]:
    """Return how to group and match what is ready, and the words of all matches since."""
    async with storage.writing() as tx:
        for word in ("taste", "brontosaurus"):
            await query_for(tx, parse(word).canonical)
    grouping = MatchStage(storage, "me")

    async def words() -> list[list[str]]:
        await grouping.run_once()
        return sorted(match.words for match in await rows_of(storage, Match))

    return words


@pytest.fixture
async def tasted(adding, polling, farm, clock, matched) -> None:
    farm.serve("/feed.xml", rss([item(1)]))
    await adding.add(farm.url())
    assert await matched() == []
    farm.serve("/story", page("Sample news 2", [LONG, "A brontosaurus was seen."] * 2))
    short = item(2, link=farm.url("/story"), text="A taste.")
    farm.serve("/feed.xml", rss([short, item(1)]))
    await poll_after(polling, clock)


@pytest.mark.usefixtures("tasted")
async def test_an_article_is_matched_when_its_page_is_in(completing, matched):
    assert await matched() == []

    await completing.complete_due()

    assert await matched() == [["brontosaurus"]]


@pytest.mark.usefixtures("tasted")
async def test_an_article_with_a_late_page_is_matched_without_it_and_again_with_it(
    completing, matched, clock
):
    clock.turn(PAGE_TIMEOUT)
    assert await matched() == [["taste"]]

    await completing.complete_due()

    assert await matched() == [["brontosaurus"], ["taste"]]


@pytest.mark.usefixtures("tasted")
async def test_an_article_whose_page_fails_is_matched_at_once(completing, matched, farm):
    farm.serve("/story", "", status=404)

    await completing.complete_due()

    assert await matched() == [["taste"]]
