"""What several queries would find, and the nearest parts of a query that finds nothing."""

from datetime import timedelta

import pytest

from bot.matching import previews, search
from bot.matching.previews import Preview
from bot.matching.query import parse
from storage.db.engine import Storage
from tests.matching.stored import stored_article, stored_follower, stored_source


@pytest.fixture
async def chat_id(storage: Storage) -> int:
    source = await stored_source(storage, "Example Wire")
    await stored_article(storage, "Oil fund of Norway", source_id=source)
    await stored_article(storage, "Norway votes", source_id=source)
    await stored_article(storage, "A comet", source_id=source, ago=timedelta(days=20))
    return await stored_follower(storage, source)


async def test_each_choice_has_the_count_of_its_first_query_that_finds(storage, chat_id):
    choices = [('"norway fund"', "norway fund"), ("norway",), ("chip",)]

    found = await previews.previews(storage, choices, chat_id=chat_id)

    assert found == [Preview("norway fund", 1, False, 7), Preview("norway", 2, False, 7)]


async def test_older_stories_count_if_there_are_no_newer_ones(storage, chat_id):
    found = await previews.previews(storage, [("comet",), ("chip",)], chat_id=chat_id)

    assert found == [Preview("comet", 1, False, 30)]


async def test_the_number_of_searches_is_bounded(storage, chat_id, monkeypatch):
    searched = []

    async def counted(*args, **values):
        searched.append(args)
        return await search.find_stories(*args, **values)

    monkeypatch.setattr(previews, "find_stories", counted)

    many = [(f"word{number}", f"other{number}") for number in range(20)]
    await previews.previews(storage, many, chat_id=chat_id)

    assert len(searched) <= 16


async def test_the_nearest_parts_find_something(storage, chat_id):
    found = await previews.nearest(storage, parse("norway fund submarine"), chat_id=chat_id)

    assert [preview.typed for preview in found] == ["norway fund", "norway", "fund"]


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        pytest.param("Norway", [], id="one word"),
        pytest.param("Norway chip", ["Norway", "chip"], id="two words"),
        pytest.param("Norway chip -oil", ["Norway -oil", "chip -oil"], id="an excluded word"),
        pytest.param('"oil fund" Norway', ['"oil fund"', "Norway"], id="a phrase and a word"),
        pytest.param('"oil fund"', ["fund oil", "fund", "oil"], id="a phrase"),
        pytest.param('"Bank of Japan"', ["Japan Bank", "Japan", "Bank"], id="a name with of"),
        pytest.param("石油基金", ["基金 石油", "基金", "石油"], id="Han characters"),
        pytest.param("台湾", [], id="a word of two characters"),
        pytest.param("Taiwan OR Japan", [], id="alternatives"),
        pytest.param("of the Norway", ["Norway the", "Norway of", "Norway"], id="stop words"),
        pytest.param("a b c d e f g", [], id="too many words"),
        pytest.param("climate 2026", ["climate"], id="a number"),
        pytest.param("climate 2026年", ["climate"], id="a number with its unit"),
        pytest.param(
            "Norway chip 2026", ["Norway chip", "Norway", "chip"], id="two words and a number"
        ),
        pytest.param('"election 2026"', ["election 2026", "election"], id="a phrase with a number"),
        pytest.param("2026 2027", [], id="numbers"),
    ],
)
def test_the_parts_of_a_query_are_queries(typed, parts):
    assert sorted(previews.parts(parse(typed))) == sorted(parts)
