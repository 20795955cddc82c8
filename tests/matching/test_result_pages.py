"""Searching what is stored, on each database."""

from datetime import timedelta

import pytest

from bot.matching import candidates, result_pages
from bot.matching.query import parse
from bot.matching.result_pages import PER_PAGE, PagePosition, archive
from storage import search as stored_search
from storage.search import SearchedArticle, read_candidates
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


@pytest.mark.parametrize(
    "typed",
    [
        "taiwan -not",
        'source:"Small Wire" taiwan -not',
        'source:"Small Wire" -not',
        "lang:en taiwan -not",
    ],
)
async def test_pages_are_complete_whatever_is_evaluated_for_the_count(storage, monkeypatch, typed):
    monkeypatch.setattr(result_pages, "COUNTED", 2)
    monkeypatch.setattr(candidates, "_PORTION", 1)
    source = await stored_source(storage, "Small Wire")
    for days in reversed(range(2 * PER_PAGE + 1)):
        ago = timedelta(days=days)
        title = f"Taiwan {days}" if days % 2 == 0 else f"Not Taiwan {days}"
        await stored_article(storage, title, "taiwan", source_id=source, ago=ago, language="en")
    query = parse(typed)

    page = await archive(storage, query, PagePosition(), chat_id=0)
    assert page.older
    last = await archive(storage, query, page.older, chat_id=0)

    titles = [hit.title for hit in (*page.hits, *last.hits)]
    assert titles == [f"Taiwan {days}" for days in range(0, 2 * PER_PAGE + 1, 2)]
    assert (last.count, last.is_more, last.first) == (PER_PAGE + 1, False, PER_PAGE + 1)


async def test_pages_lose_no_old_news_that_was_stored_late(storage, monkeypatch):
    monkeypatch.setattr(result_pages, "COUNTED", 4)
    monkeypatch.setattr(candidates, "_PORTION", 4)
    source = await stored_source(storage)
    for number in range(4 * PER_PAGE):
        ago = timedelta(days=100 + number if number % 3 else 50 - number)
        await stored_article(storage, f"Taiwan {number}", source_id=source, ago=ago)
    query = parse("taiwan")

    page = await archive(storage, query, PagePosition(), chat_id=0)
    pages = [page]
    while page.older:
        page = await archive(storage, query, page.older, chat_id=0)
        pages.append(page)
    assert page.newer
    back = await archive(storage, query, page.newer, chat_id=0)

    titles = {hit.title for page in pages for hit in page.hits}
    assert titles == {f"Taiwan {number}" for number in range(4 * PER_PAGE)}
    assert [len(page.hits) for page in pages] == [PER_PAGE] * 4
    assert back.hits == pages[-2].hits


async def test_no_candidate_is_evaluated_twice(storage, monkeypatch):
    evaluated: list[int] = []

    async def noting(tx, article_ids, **options):
        evaluated.extend(article_ids)
        return await read_candidates(tx, article_ids, **options)

    monkeypatch.setattr(candidates, "read_candidates", noting)
    monkeypatch.setattr(result_pages, "COUNTED", 2)
    source = await stored_source(storage)
    stored = [await stored_article(storage, "Not Taiwan", source_id=source) for _ in range(5)]

    await archive(storage, parse("taiwan -title:not"), PagePosition(), chat_id=0)

    assert evaluated == stored[::-1]


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        pytest.param("title:taiwan", {""}, id="only the title counts"),
        pytest.param("title:taiwan OR ferry", {"a ferry"}, id="the text counts too"),
    ],
)
async def test_texts_are_read_only_for_queries_that_ask_for_them(
    storage, monkeypatch, typed, texts
):
    read: list[SearchedArticle] = []

    async def noting(tx, article_ids, **options):
        read.extend(await read_candidates(tx, article_ids, **options))
        return read

    monkeypatch.setattr(candidates, "read_candidates", noting)
    source = await stored_source(storage)
    await stored_article(storage, "Taiwan", "A ferry", source_id=source)

    page = await archive(storage, parse(typed), PagePosition(), chat_id=0)

    assert [hit.title for hit in page.hits] == ["Taiwan"]
    assert {article.folded_text for article in read} == texts


async def test_more_stories_than_were_counted_are_reported_as_more(storage, monkeypatch):
    monkeypatch.setattr(result_pages, "COUNTED", PER_PAGE + 1)
    monkeypatch.setattr(candidates, "_PORTION", 1)
    source = await stored_source(storage)
    for days in range(PER_PAGE + 3):
        await stored_article(storage, "Taiwan", source_id=source, ago=timedelta(days=days))

    page = await archive(storage, parse("taiwan"), PagePosition(), chat_id=0)

    assert (page.count, page.is_more) == (PER_PAGE + 1, True)


async def test_an_exact_spelling_is_decided_by_the_original_text(storage):
    source = await stored_source(storage)
    for title in ("US envoy", "Tell us"):
        await stored_article(storage, title, source_id=source)

    page = await archive(storage, parse('"US"c'), PagePosition(), chat_id=0)

    assert [hit.title for hit in page.hits] == ["US envoy"]


async def test_the_newest_are_ranked_by_the_age_of_their_news(storage, monkeypatch):
    monkeypatch.setattr(result_pages, "COUNTED", 1)
    source = await stored_source(storage)
    for days in (3, 1, *range(10, 20)):
        ago = timedelta(days=days)
        await stored_article(storage, f"Taiwan {days}", source_id=source, ago=ago)

    page = await archive(storage, parse("taiwan"), PagePosition(), chat_id=0)

    assert [hit.title for hit in page.hits[:2]] == ["Taiwan 1", "Taiwan 3"]
