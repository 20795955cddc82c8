import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.discovery.links import (
    FeedLink,
    Where,
    links_of,
    robots_of,
    sitemaps_of,
    usual_places,
)

SITE = "https://paper.example/world/today.html"


def named(markup: str) -> list[str]:
    return [link.url for link in links_of(markup, SITE)]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param(
            '<link rel="alternate" type="application/rss+xml" title="All" href="/rss.xml">',
            ["https://paper.example/rss.xml"],
            id="the usual tag",
        ),
        pytest.param(
            "<LINK HREF=//feeds.paper.example/all TYPE='application/atom+xml' "
            "REL='alternate home'/>",
            ["https://feeds.paper.example/all"],
            id="capitals, no quotes, no scheme",
        ),
        pytest.param(
            '<link rel=alternate type="application/feed+json" href="feed.json">',
            ["https://paper.example/world/feed.json"],
            id="JSON, seen from the page",
        ),
        pytest.param('<link rel="feed" href="/all">', ["https://paper.example/all"], id="rel=feed"),
        pytest.param(
            '<base href="https://www.paper.example/x/"><link rel="alternate" href="y.rss" '
            'type="application/rss+xml">',
            ["https://www.paper.example/x/y.rss"],
            id="with a base",
        ),
        pytest.param(
            '<link rel="alternate" type="application/rss+xml" href="/f?a=1&amp;b=2#top">',
            ["https://paper.example/f?a=1&b=2"],
            id="escaped, without fragment",
        ),
        pytest.param(
            '<link title="5 > 4" rel="alternate" type="text/xml" href="/five.xml">',
            ["https://paper.example/five.xml"],
            id="a sign in a name",
        ),
        pytest.param(
            '<a href="feed://paper.example/rss">RSS</a>'
            '<a href="feed:https://paper.example/all">x</a>',
            ["http://paper.example/rss", "https://paper.example/all"],
            id="addresses for readers",
        ),
        pytest.param(
            '<a href="/sport/feed/">Sport</a><a href="/rss/sport.xml">Sport</a><a '
            'href="/?feed=rss2">All</a><a href="/subscribe"> RSS </a>',
            [
                "https://paper.example/sport/feed/",
                "https://paper.example/rss/sport.xml",
                "https://paper.example/?feed=rss2",
                "https://paper.example/subscribe",
            ],
            id="links that look like feeds",
        ),
        pytest.param(
            '<a href="/news/feeding-the-world">Feeds the world</a><a '
            'href="/physics/atom-smasher">The atom, explained at last</a>'
            '<a href="/sitemap.xml">Map</a>',
            [],
            id="links that do not",
        ),
        pytest.param(
            '<link rel="stylesheet" type="text/css" href="/a.css">'
            '<link rel="alternate" hreflang="de" href="/de/">'
            '<link rel="alternate" type="application/json" href="/api/posts/7">'
            '<link rel="alternate" type="application/rss+xml" href="">',
            [],
            id="other tags",
        ),
        pytest.param(
            '<!-- <link rel="alternate" type="application/rss+xml" href="/old.xml"> -->',
            [],
            id="a comment",
        ),
        pytest.param(
            '<a href="javascript:rss()">RSS</a><a href="mailto:a@b.example">RSS</a>'
            '<a href="http://[">RSS</a><a href="file:///etc/rss.xml">RSS</a>'
            '<link rel="feed" href="https://ann:secret@paper.example/feed">',
            [],
            id="what is no address",
        ),
    ],
)
def test_a_pages_feeds_are_found(markup, expected):
    assert named(markup) == expected


def test_named_feeds_come_before_links_and_comments_are_left_out():
    page = """<a href="/linked/feed">Feed</a>
      <link rel="feed" title="Paper &raquo; Comments" href="/c/feed">
      <link rel="feed" title="Paper &amp; News" href="/feed">
      <a href="/feed">RSS</a>"""

    assert links_of(page, SITE) == (
        FeedLink("https://paper.example/feed", "Paper & News", Where.NAMED),
        FeedLink("https://paper.example/linked/feed", "Feed", Where.LINKED),
    )


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param(
            '<link rel="alternate" type="application/rss+xml" href="/2026/a/feed" '
            f'title="Paper &raquo; {name}">',
            id=name,
        )
        for name in ("Comments Feed", "Kommentar-Feed", "Feed dei commenti", "のコメントのフィード")
    ]
    + [
        pytest.param('<link rel="feed" href="/comments/feed/">', id="by its path"),
        pytest.param('<link rel="feed" href="/feeds/77/comments/default">', id="of one article"),
        pytest.param(
            '<link rel="alternate" type="application/json+oembed" href="/embed?url=x">',
            id="a card of the page",
        ),
        pytest.param(
            '<a href="https://friends.example/dialog/feed?to=https%3A%2F%2Fpaper.example">Share</a>',
            id="sharing",
        ),
        pytest.param(
            '<a href="https://reader.example/add/feed/https://paper.example/feed">RSS</a>',
            id="somebody else's reader",
        ),
    ],
)
def test_feeds_of_comments_are_left_out(markup):
    assert named(markup) == []


def test_a_section_of_comments_is_one_of_opinions():
    assert named('<a href="/rss/kommentare.xml">Kommentare</a>') == [
        "https://paper.example/rss/kommentare.xml"
    ]


def test_the_usual_places_begin_where_the_page_is():
    places = [link.url for link in usual_places(SITE)]

    deeper = [link.url for link in usual_places("https://paper.example/a/b/c/d.html")]

    assert deeper[:3] == [place.replace("world", "a") for place in places[:3]]
    assert places[:3] == [
        "https://paper.example/world/feed",
        "https://paper.example/world/rss",
        "https://paper.example/feed",
    ]
    assert len(places) <= 10


def test_sitemaps_for_news_outrank_all_others():
    robots = """User-agent: *\r
Disallow: /search
Sitemap: https://paper.example/sitemap.xml
sitemap : /google-news.xml
# Sitemap: https://paper.example/none.xml
Sitemap: ftp://paper.example/x
Sitemap: https://paper.example/sitemap.xml"""

    assert robots_of(SITE) == "https://paper.example/robots.txt"
    assert [link.url for link in sitemaps_of(robots, robots_of(SITE))] == [
        "https://paper.example/google-news.xml"
    ]


pieces = st.sampled_from(
    [
        "<a ",
        "<link ",
        "<base ",
        ">",
        '"',
        "'",
        "href=",
        "/feed",
        "rel=alternate",
        "<!--",
        "-->",
        " ",
    ]
)


@given(st.lists(pieces | st.text(max_size=5), max_size=60).map("".join))
def test_any_page_gives_addresses_of_the_web_or_nothing(page):
    for link in links_of(page, SITE):
        assert link.url.startswith(("http://", "https://"))
