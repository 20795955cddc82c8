from datetime import timedelta
from itertools import pairwise

import pytest

from bot.matching import candidates, search
from bot.matching.query import parse
from bot.matching.search import Volume
from storage.articles import Article
from storage.db.engine import Storage
from tests.matching import oracle
from tests.matching.stored import stored_article, stored_follower, stored_source
from tests.matching.wordings import BEGINNINGS, WORDS


async def test_a_preview_counts_the_week_and_shows_the_newest(storage: Storage):
    source = await stored_source(storage, "Example Wire")
    for days in (1, 2, 3, 4, 8):
        await stored_article(
            storage,
            f"Taiwan, {days} days ago",
            "Nothing else. A consul-general spoke.",
            source_id=source,
            ago=timedelta(days=days),
        )
    await stored_article(storage, "Weather", source_id=source)

    found = await search.find(storage, parse('taiwan "consul general"'))

    assert (found.count, found.is_more, found.days) == (4, False, 7)
    assert found.covered == timedelta(days=7)
    assert [hit.title for hit in found.newest] == [f"Taiwan, {n} days ago" for n in (1, 2, 3)]
    hit = found.newest[0]
    assert hit.source == "Example Wire"
    assert hit.title_spans == ((0, 6),)
    assert hit.snippet.text == "A consul-general spoke."
    assert hit.snippet.bold == ((2, 16),)


async def test_a_story_of_several_publishers_counts_once(storage: Storage):
    for days, publisher in enumerate(("Daily", "Wire"), start=1):
        source = await stored_source(storage, publisher)
        await stored_article(
            storage, f"Taiwan, {publisher}", source_id=source, ago=timedelta(days=days)
        )
    async with storage.writing() as tx:
        (await tx.get_one(Article, 2)).story_id = 1

    found = await search.find(storage, parse("taiwan"))

    assert found.count == 1
    assert [hit.title for hit in found.newest] == ["Taiwan, Daily"]


async def test_only_sources_that_the_chat_may_see_count(storage: Storage):
    private = await stored_source(storage, "Private Feed", public=False)
    await stored_article(storage, "Taiwan", source_id=private)
    chat_id = await stored_follower(storage, private)

    for typed in ("taiwan", 'taiwan source:"Private Feed"'):
        assert (await search.find(storage, parse(typed))).count == 0
        assert (await search.find(storage, parse(typed), chat_id=chat_id)).count == 1


async def test_many_candidates_are_reported_as_more(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(candidates, "MOST_CANDIDATES", 2)
    source = await stored_source(storage)
    for days in (2, 1, 0):
        ago = timedelta(days=days)
        await stored_article(storage, f"Taiwan {days}", source_id=source, ago=ago)

    found = await search.find(storage, parse("taiwan"))

    assert (found.count, found.is_more) == (2, True)
    assert timedelta(hours=23) < found.covered < timedelta(hours=25)


async def test_a_search_in_too_many_texts_is_reported_as_more(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(candidates, "_AT_LEAST", 2)
    monkeypatch.setattr(candidates, "MOST_CHARACTERS", 0)
    source = await stored_source(storage)
    for title in ("Taipei, not Taiwan", "Taiwan, then Taipei", "Taipei or Taiwan"):
        await stored_article(storage, title, source_id=source)

    found = await search.find(storage, parse("taiwan"))
    unknown = await search.find(storage, parse('"taiwan taipei"'))

    assert (found.count, found.is_more) == (2, True)
    assert (unknown.count, unknown.is_more) == (0, True)
    assert await search.silent_days(storage, parse('"taiwan taipei"')) == 0


async def test_pages_lose_no_article_and_the_newest_comes_first(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(candidates, "_PORTION", 2)
    source = await stored_source(storage)
    for days in (3, 1, 4, 2, 5):
        ago = timedelta(days=days)
        await stored_article(storage, f"Taiwan {days}", source_id=source, ago=ago)

    found = await search.find(storage, parse("taiwan"), limit=5)

    assert (found.count, found.is_more) == (5, False)
    assert [hit.title for hit in found.newest] == [f"Taiwan {days}" for days in range(1, 6)]


@pytest.mark.parametrize(
    ("typed", "titles"),
    [
        pytest.param("taiwan", ["Taiwan at noon", "Taiwan at dawn"], id="whoever carried it"),
        pytest.param('taiwan source:"Second Wire"', ["Taiwan at noon"], id="one source"),
        pytest.param('source:"First Wire"', ["Taiwan at dawn"], id="a source without words"),
        pytest.param("source:third.example", [], id="a source that is not there"),
        pytest.param("taiwan lang:fr", ["Taiwan at dawn"], id="a language"),
        pytest.param("taiwan lang:de", [], id="a language that is not there"),
    ],
)
async def test_sources_and_languages_narrow_a_preview(
    storage: Storage, typed: str, titles: list[str]
):
    first, second = [await stored_source(storage, name) for name in ("First Wire", "Second Wire")]
    dawn = timedelta(hours=6)
    await stored_article(storage, "Taiwan at dawn", source_id=first, ago=dawn, language="fr")
    await stored_article(storage, "Taiwan at noon", source_id=second, language="en")
    await stored_article(storage, "Taiwan without a source")
    await stored_article(storage, "Taiwan long ago", source_id=second, ago=timedelta(days=8))

    found = await search.find(storage, parse(typed))

    assert [hit.title for hit in found.newest] == titles


async def test_a_near_miss_knows_who_carried_the_article(storage: Storage):
    wire = await stored_source(storage, "Example Wire")
    await stored_article(storage, "Taiwan", source_id=wire)

    missed = await search.near_miss(storage, parse('taiwan tsunami source:"Example Wire"'))

    assert missed is not None
    assert [str(part) for part in missed.explained.missing] == ["tsunami"]


async def test_a_near_miss_of_words_in_titles_may_be_in_the_text(storage: Storage):
    wire = await stored_source(storage)
    await stored_article(storage, "News", "Taiwan", source_id=wire)

    missed = await search.near_miss(storage, parse("title:taiwan"))

    assert missed is not None
    assert missed.explained.words == ("taiwan",)


async def test_the_index_gives_no_candidate_too_few(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    source = await stored_source(storage)
    pairs = list(pairwise([*WORDS, *BEGINNINGS]))
    texts = [*WORDS, *(f"{one} {other}" for one, other in pairwise(WORDS))]
    for text in texts:
        await stored_article(storage, "Title", text, source_id=source)

    for typed in [
        *WORDS,
        *BEGINNINGS,
        *(f'"{one} {other}"' for one, other in pairwise(WORDS)),
        *(f"{one} -{other}" for one, other in pairs),
        *(f"({one} title:{other}) OR {other}" for one, other in pairs),
    ]:
        query = parse(typed)
        wanted = sum(oracle.matches(query, "Title", text) for text in texts)
        assert (await search.find(storage, query)).count == wanted, typed


@pytest.mark.parametrize(
    ("count", "per_day", "every_days"), [(0, 0, 0), (1, 0, 7), (4, 1, 2), (7, 1, 1), (30, 4, 0)]
)
def test_a_weeks_stories_by_day(count, per_day, every_days):
    volume = Volume(count, timedelta(days=7))

    assert (volume.per_day, volume.every_days) == (per_day, every_days)


def test_many_stories_in_no_time_at_all_are_a_flood():
    assert Volume(450, timedelta()).is_flood
    assert Volume(50, timedelta(hours=1)).per_day == 50
    assert not Volume(2, timedelta(days=7)).is_flood
