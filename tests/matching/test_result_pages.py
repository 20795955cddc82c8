"""Searching what is stored, on each database."""

from datetime import timedelta

from bot.matching import candidates
from bot.matching.query import parse
from bot.matching.result_pages import PER_PAGE, PagePosition, archive
from storage import search as stored_search
from tests.matching.stored import stored_article, stored_follower, stored_source


async def test_everything_is_found_page_by_page_the_newest_first(storage):
    source = await stored_source(storage)
    days = [400, 3, 800, 1, 30, 7, 2]
    for ago in days:
        await stored_article(storage, f"Taiwan {ago}", source_id=source, ago=timedelta(days=ago))
    query = parse("taiwan")

    first = await archive(storage, query, PagePosition(), chat_id=0)
    assert first.older
    second = await archive(storage, query, first.older, chat_id=0)
    assert second.newer
    back = await archive(storage, query, second.newer, chat_id=0)

    titles = [hit.title for hit in (*first.hits, *second.hits)]
    assert titles == [f"Taiwan {ago}" for ago in sorted(days)]
    assert (first.count, first.is_more, first.newer, second.older) == (7, False, None, None)
    assert second.first == PER_PAGE + 1
    assert back == first


async def test_the_exact_matcher_decides(storage):
    source = await stored_source(storage)
    text = "An envoy, of whom the general knew."
    await stored_article(storage, "Taiwan", text, source_id=source, language="en")

    for typed in ('"envoy general"', "title:envoy", "source:nobody", "lang:de taiwan"):
        assert (await archive(storage, parse(typed), PagePosition(), chat_id=0)).count == 0
    assert (
        await archive(storage, parse("lang:en NOT zzz taiwan"), PagePosition(), chat_id=0)
    ).count == 1


async def test_only_articles_that_reach_the_chat_are_found(storage):
    private = await stored_source(storage, "Private Feed", public=False)
    await stored_article(storage, "Taiwan", source_id=private)
    chat_id = await stored_follower(storage, private)

    for typed in ("taiwan", 'source:"Private Feed"'):
        query = parse(typed)
        assert (await archive(storage, query, PagePosition(), chat_id=chat_id)).count == 1
        assert (await archive(storage, query, PagePosition(), chat_id=0)).count == 0


async def test_a_language_is_looked_for_beyond_the_newest(storage, monkeypatch):
    monkeypatch.setattr(candidates, "MOST_CANDIDATES", 2)
    source = await stored_source(storage)
    for number, language in enumerate(("zh", "en", "en", "en")):
        ago = timedelta(days=4 - number)
        await stored_article(storage, "Taiwan", source_id=source, ago=ago, language=language)

    found = await archive(storage, parse("taiwan lang:zh"), PagePosition(), chat_id=0)

    assert (found.count, found.is_more) == (1, False)


async def test_a_source_is_looked_for_beyond_the_newest(storage, monkeypatch):
    monkeypatch.setattr(candidates, "MOST_CANDIDATES", 2)
    wire, other = await stored_source(storage, "Small Wire"), await stored_source(storage)
    for number, source in enumerate((wire, wire, other, other, other)):
        ago = timedelta(days=5 - number)
        await stored_article(storage, "Taiwan", source_id=source, ago=ago)

    for typed in ('taiwan source:"Small Wire"', 'source:"Small Wire"'):
        found = await archive(storage, parse(typed), PagePosition(), chat_id=0)
        assert (found.count, found.is_more) == (2, False)


async def test_a_chats_search_reaches_beyond_private_articles_of_others(storage, monkeypatch):
    monkeypatch.setattr(stored_search, "_NEWEST", 2)
    public = await stored_source(storage)
    private = await stored_source(storage, "Private Feed", public=False)
    for number, source in enumerate((public, public, private, private, private)):
        ago = timedelta(days=5 - number)
        await stored_article(storage, f"Taiwan {number}", source_id=source, ago=ago)

    found = await archive(storage, parse("taiwan"), PagePosition(), chat_id=0)

    assert [hit.title for hit in found.hits] == ["Taiwan 1", "Taiwan 0"]
    assert not found.is_more
