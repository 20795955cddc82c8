"""Links that a rule of `sites.toml` knows: their feeds are read without a request to the link."""

from dataclasses import replace

import pytest

from bot.sources.administration import check_source, list_sources
from bot.sources.discovery.add import AddOutcome, Form, SourceAdder, SourceOptions
from bot.sources.discovery.discover import LinkLookup, discover
from bot.sources.discovery.links import Where
from bot.sources.fetch.problems import AddressRefused, ProblemCode, Spent
from bot.sources.fetch.response import Response
from tests.fake_fetcher import FakeFetcher, Request, time_out
from tests.sources.feeds_made import LONG, item, page, rss

LINK = "https://github.com/harbour/crane"
RELEASES, TAGS, COMMITS = (f"{LINK}/{kind}.atom" for kind in ("releases", "tags", "commits"))
HANDLE = "https://www.youtube.com/@harbour"
LOOKED_UP = f"{HANDLE}?ucbcb=1"
CHANNEL = "https://www.youtube.com/feeds/videos.xml?channel_id=UC0123456789abcdefghijkl"
NAMES_CHANNEL = '<script>{"externalId":"UC0123456789abcdefghijkl"}</script>'
PODCAST = "https://podcasts.apple.com/be/podcast/harbour/id1"
ITUNES = "https://itunes.apple.com/lookup?id=1&country=be&entity=podcast"


def titled(title: str, *numbers: int) -> str:
    return rss([item(number) for number in numbers]).replace("Sample Wire", title)


@pytest.fixture
def web() -> FakeFetcher:
    """Return a web with a repository and a channel; other pages are missing."""
    return FakeFetcher(
        {
            RELEASES: titled("Releases", 1),
            TAGS: titled("Tags", 2),
            COMMITS: titled("Commits", 3),
            LOOKED_UP: NAMES_CHANNEL,
            CHANNEL: titled("Harbour TV", 4),
        },
        otherwise=404,
    )


async def test_the_feeds_of_a_link_are_read_best_first_and_nothing_else(web, reader):
    found = await LinkLookup(web, reader).look(LINK)

    assert [(feed.title, feed.url) for feed in found.feeds] == [
        ("Releases", RELEASES),
        ("Tags", TAGS),
        ("Commits", COMMITS),
    ]
    assert web.urls == [RELEASES, TAGS, COMMITS]
    assert {request.public for request in web.requests} == {False}
    assert {request.inside for request in web.requests} == {False}


async def test_a_feed_without_entries_comes_last_and_one_that_is_missing_is_left_out(web, reader):
    web.replies |= {RELEASES: titled("Releases"), TAGS: 404}

    found = await discover(web, reader, LINK, inside=True, public=True)

    assert [feed.title for feed in found.feeds] == ["Commits", "Releases"]
    assert {feed.where for feed in found.feeds} == {Where.RULE}


async def test_a_lookup_takes_one_request_before_the_feed(web, reader):
    found = await LinkLookup(web, reader).look("youtube.com/@harbour/videos")

    assert [feed.url for feed in found.feeds] == [CHANNEL]
    assert web.urls == [LOOKED_UP, CHANNEL]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(404, id="missing"),
        pytest.param("<html>Before you continue</html>", id="another page"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b"a" * 2_000_000 + NAMES_CHANNEL.encode(), id="too far into a page"),
        pytest.param(time_out(HANDLE), id="no response"),
    ],
)
async def test_a_lookup_that_fails_leaves_the_link_to_the_search(web, reader, answer):
    web.replies |= {LOOKED_UP: answer, HANDLE: titled("The page itself", 1)}

    found = await LinkLookup(web, reader).look(HANDLE)

    assert [feed.title for feed in found.feeds] == ["The page itself"]
    assert CHANNEL not in web.urls


async def test_a_link_whose_feeds_are_missing_is_searched_as_usual(web, reader):
    html = page("A crane", [LONG]).replace(
        "</head>", '<link rel="alternate" type="application/rss+xml" href="/other.xml"></head>'
    )
    response = Response(200, LINK, {"content-type": "text/html"}, html.encode())
    web.replies = {LINK: response, "https://github.com/other.xml": titled("Other", 1)}

    found = await discover(web, reader, LINK, inside=True, public=True)

    assert [feed.title for feed in found.feeds] == ["Other"]
    assert web.urls[:4] == [RELEASES, TAGS, COMMITS, LINK]


async def test_a_host_that_does_not_respond_is_asked_once(web, reader):
    web.replies[RELEASES] = time_out(RELEASES)

    await discover(web, reader, LINK, inside=True, public=True)

    assert web.urls[:2] == [RELEASES, LINK]


async def test_an_address_from_a_lookup_never_leads_inside(web, reader):
    web.replies[ITUNES] = '{"results": [{"feedUrl": "http://10.0.0.1/feed"}]}'

    async def refuse_inside(request: Request) -> Response:
        if request.inside:
            return Response(200, request.url, {}, titled("Inside", 1).encode())
        raise AddressRefused(ProblemCode.PRIVATE_ADDRESS)

    web.replies["http://10.0.0.1/feed"] = refuse_inside
    found = await discover(web, reader, PODCAST, inside=True, public=True)

    assert found.feeds == ()
    inside = {request.url: request.inside for request in web.requests}
    assert inside["http://10.0.0.1/feed"] is False


async def test_a_podcast_is_added_by_the_address_that_its_lookup_names(storage, web, reader):
    web.replies |= {
        ITUNES: '{"results": [{"feedUrl": "https://cast.example/a.xml"}]}',
        "https://cast.example/a.xml": titled("Harbour talk", 1),
    }

    added = await SourceAdder(storage, web, reader, public=True).add(PODCAST)
    again = await SourceAdder(storage, web, reader, public=True).add(PODCAST)

    assert (added.outcome, added.url) == (AddOutcome.ADDED, "https://cast.example/a.xml")
    assert (added.title, added.found_at) == ("Harbour talk", PODCAST)
    assert (again.outcome, again.source_id) == (AddOutcome.THERE, added.source_id)


async def test_several_feeds_are_a_choice(storage, web, reader):
    chosen = await SourceAdder(storage, web, reader, public=True).add(LINK)

    assert chosen.outcome is AddOutcome.SEVERAL
    assert [feed.url for feed in chosen.choice] == [RELEASES, TAGS, COMMITS]
    assert await list_sources(storage) == []


async def test_an_account_pays_for_the_requests_of_a_rule(storage, web, reader):
    web.spent = Spent(requests=1, seconds=0.5, received=10)
    adder = SourceAdder(storage, web, reader, public=False)

    added = await adder.for_account(HANDLE, room=100)
    chosen = await adder.for_account(LINK, room=100)
    web.replies = {}
    refused = await adder.for_account(f"{LINK}/releases", room=100)

    assert (added.outcome, added.cost.requests) == (AddOutcome.ADDED, 2)
    assert (chosen.outcome, chosen.cost.requests) == (AddOutcome.SEVERAL, 3)
    assert (refused.outcome, refused.cost.requests) == (AddOutcome.REFUSED, 2)


async def test_a_page_that_is_read_itself_needs_no_rule(storage, web, reader):
    web.replies = {LINK: titled("The page itself", 1)}
    adder = SourceAdder(storage, web, reader, public=True)

    added = await adder.add(LINK, SourceOptions(form=Form.PAGE))

    assert added.url == LINK
    assert web.urls == [LINK]


async def test_a_check_reads_the_first_feed_unless_the_link_is_a_source(storage, web, reader):
    checked = await check_source(storage, web, reader, LINK)
    await SourceAdder(storage, web, reader, public=True).add(COMMITS)
    web.requests.clear()
    of_source = await check_source(storage, web, reader, COMMITS)

    assert (checked.url, checked.source) == (RELEASES, None)
    assert of_source.source
    assert web.urls == [COMMITS]


async def test_a_search_from_outside_gets_feeds_for_known_links_of_any_host(web, reader):
    web.replies = {"https://social.example/@ann.rss": titled("Ann", 1)}

    found = await LinkLookup(web, reader).look("https://social.example/@ann")
    offered = found.feeds[0]

    assert (offered.title, offered.url) == ("Ann", "https://social.example/@ann.rss")
    assert offered == replace(offered, entries=1, where=Where.RULE)
