from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import escape
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.discovery.add import SourceAdder
from bot.sources.discovery.publishers import as_search_results, names_publishers, with_publisher
from bot.sources.feeds.fallback import read_broken
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.feeds.reader import read_fast
from bot.sources.poll import SourcePoller
from storage.articles import Article
from storage.publishers import first_publisher_names
from storage.sources import AwaitedPage
from tests.fake_fetcher import FakeFetcher, Request
from tests.sources.feeds_made import rss
from tests.sources.polled import DAY, poll_after, rows_of

SERVICE = "search.example"
DETOUR = "https://search.example/rss/articles/CBMiABC"
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def found(title: str, credit: str = "", url: str = DETOUR, **facts) -> Item:
    return Item(guid="id-1", url=url, title=title, credit=credit, published=MONDAY, **facts)


@pytest.mark.parametrize(
    ("title", "credit", "expected"),
    [
        pytest.param("A ship sails - Sample Post", "Sample Post", "A ship sails", id="hyphen"),
        pytest.param("A ship sails – sample post", "Sample Post", "A ship sails", id="dash, case"),
        pytest.param("A ship | Post - Times", "Post - Times", "A ship", id="a dash in the name"),
        pytest.param("A ship sails", "Sample Post", "A ship sails", id="no suffix"),
        pytest.param(
            "Post: a ship by Post", "Post", "Post: a ship by Post", id="no dash before it"
        ),
        pytest.param("- Post", "Post", "- Post", id="nothing but the name"),
    ],
)
def test_the_credited_publisher_is_cut_from_the_title(title, credit, expected):
    item = with_publisher(found(title, credit), SERVICE)

    assert (item.title, item.publisher) == (expected, credit)


@pytest.mark.parametrize(
    ("titles", "publishers"),
    [
        pytest.param(
            ["A ship - Post", "Two - men - Times", "Three", "F - G", "H - I", "J - K"],
            ["Post", "Times", "", "G", "I", "K"],
            id="nearly all have one",
        ),
        pytest.param(["A ship - at last", "Rain", "Snow", "Hail"], [""] * 4, id="one has a dash"),
        pytest.param(["A ship - Post", "Rain - Times"], [""] * 2, id="too few to tell"),
        pytest.param([f"{n} - {'very ' * 9} long" for n in range(4)], [""] * 4, id="no names"),
    ],
)
def test_a_publisher_is_guessed_if_all_titles_end_with_one(titles, publishers):
    document = Document(DocumentKind.FEED, items=tuple(map(found, titles)))

    assert [item.publisher for item in as_search_results(document, SERVICE).items] == publishers


def test_another_link_of_the_service_is_the_same_article():
    first = with_publisher(found("A ship sails - Post", "Post"), SERVICE)
    again = replace(found("A ship sails! – POST", "Post"), guid="id-2", url=f"{DETOUR}/2")

    assert with_publisher(again, SERVICE).guid == first.guid
    assert first.is_detour


def test_duplicates_in_one_result_count_once():
    shown = [
        found("A ship sails - Post", "Post"),
        replace(found("A SHIP SAILS - Post", "Post"), guid="id-2"),
        found("Rain - Post", "Post"),
    ]

    results = as_search_results(Document(DocumentKind.FEED, items=tuple(shown)), SERVICE)

    assert [item.title for item in results.items] == ["A ship sails", "Rain"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(found("A ship sails - Times", "Times"), id="another publisher"),
        pytest.param(found("A ship sank - Post", "Post"), id="another title"),
        pytest.param(
            replace(found("A ship sails - Post", "Post"), published=MONDAY + timedelta(days=7)),
            id="a week later",
        ),
    ],
)
def test_different_articles_stay_apart(other):
    first = with_publisher(found("A ship sails - Post", "Post"), SERVICE)

    assert with_publisher(other, SERVICE).guid != first.guid


@pytest.mark.parametrize("published", [None, date(2026, 3, 2)])
def test_a_date_without_a_time_identifies_an_article_too(published):
    one = replace(found("A ship sails - Post", "Post"), published=published)

    assert with_publisher(one, SERVICE) == with_publisher(one, SERVICE)


@pytest.mark.parametrize(
    "summary",
    [
        "A ship sails Post",
        "A ship sails",
        "A ship sails - Post",
        "A ship sails  Post\n\nRain stays away  Times\n\nSnow falls  Herald",
    ],
)
def test_a_summary_that_only_repeats_titles_is_dropped(summary):
    item = with_publisher(
        found("A ship sails - Post", "Post", summary=summary, text=summary), SERVICE
    )

    assert (item.summary, item.text) == ("", "")


def test_a_summary_with_content_stays():
    summary = "A ship sails on Monday with a cargo of tea."
    item = with_publisher(found("A ship sails - Post", "Post", summary=summary), SERVICE)

    assert item.summary == summary


def test_a_direct_link_is_kept_and_names_the_publisher():
    item = with_publisher(
        found("A ship sails - at last", url="https://www.post.example/1"), SERVICE
    )

    assert (item.guid, item.is_detour) == ("id-1", False)
    assert (item.title, item.publisher) == ("A ship sails - at last", "post.example")
    assert item.publisher_host == "post.example"


def test_an_indirect_link_has_the_host_of_the_credited_publisher():
    item = found("A ship sails", "Post", credit_url="https://www.post.example/")

    assert with_publisher(item, SERVICE).publisher_host == "post.example"


def test_a_redirector_with_its_target_in_the_query_is_a_direct_link():
    url = "https://www.bing.com/news/apiclick.aspx?url=https%3a%2f%2fpost.example%2f1&c=7"
    item = with_publisher(found("A ship sails", "Post", url=url), "bing.com")

    assert (item.url, item.publisher, item.is_detour) == ("https://post.example/1", "Post", False)


def test_entries_without_a_title_stay_apart():
    assert with_publisher(found(""), SERVICE).guid == "id-1"


def credited(number: int, source: str) -> str:
    link = f"<link>https://search.example/{number}</link>"
    return f"<item><title>Rain {number}</title>{link}{source}</item>"


FEED = rss(
    [
        credited(1, "<source url='https://post.example'>The &amp;amp; Post</source>"),
        credited(2, "<News:Source xmlns:News='https://search.example/'>Times</News:Source>"),
        credited(3, ""),
    ]
)


@pytest.mark.parametrize("read", [read_fast, read_broken], ids=["fast", "slow"])
def test_both_readers_give_the_credited_publisher(read):
    document = read(FEED.encode(), "https://search.example/rss")

    assert [(item.credit, item.credit_url) for item in document.items] == [
        ("The & Post", "https://post.example"),
        ("Times", ""),
        ("", ""),
    ]


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_titles_can_be_credited(titles):
    document = Document(DocumentKind.FEED, items=tuple(map(found, titles)))

    results = as_search_results(document, SERVICE)

    assert len(results.items) <= len(titles)
    if not names_publishers(titles):
        assert {item.title for item in results.items} <= set(titles)


SEARCH = "https://news.google.com/rss/search?q=storm"


async def test_an_entry_with_another_id_is_no_new_article(storage, reader, clock):
    published = clock.now - timedelta(hours=1)
    ids = map("CBMi{}".format, count(1))

    async def results_with_new_id(_request: Request) -> str:
        guid = next(ids)
        link = escape(f"https://news.google.com/rss/articles/{guid}?oc=5")
        result = (
            f"<item><title>Storm hits harbour - Sample Post</title><link>{link}</link>"
            f"<guid>{guid}</guid><pubDate>{published:%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
            "<source url='https://post.example'>Sample Post</source></item>"
        )
        return rss([result])

    service = FakeFetcher(otherwise=results_with_new_id, headers={"content-type": "text/xml"})
    added = await SourceAdder(storage, service, reader, public=True).add(SEARCH)
    polling = SourcePoller(storage, service, reader, owner="me", jitter=lambda: 0)

    await poll_after(polling, clock, DAY)

    (article,) = await rows_of(storage, Article)
    assert (added.articles, len(service.requests)) == (1, 2)
    assert article.title == "Storm hits harbour"
    assert await rows_of(storage, AwaitedPage) == []
    async with storage.reading() as tx:
        assert await first_publisher_names(tx, [article.id]) == {article.id: "Sample Post"}
