import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network

import pytest
from aiohttp import web

from bot.sources.discovery.discover import discover
from bot.sources.fetch import client
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.connection import CheckedSockets
from bot.sources.fetch.problems import (
    AddressRefused,
    FetchError,
    HostPaused,
)
from bot.sources.fetch.source import FetchRequest
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.fetch.throttle import Throttle
from bot.sources.limits import LARGEST_DOCUMENT, MAX_USER_IN_FLIGHT
from bot.sources.parser_pool import DocumentReader
from tests.fake_web import FakeNames, FakeWeb, RedirectedSockets

INSIDE = AddressPolicy(networks=(ip_network("127.0.0.1/32"),))


async def test_a_name_that_changes_its_address_is_checked_at_each_hop(farm):
    farm.serve("/again", status=302, Location="/again", Connection="close")
    names = FakeNames(rebind_example=["127.0.0.1", "127.0.0.2"])
    fetcher = Fetcher(policy=INSIDE, user_agent="test", resolver=names, throttle=Throttle(0))

    async with fetcher:
        with pytest.raises(AddressRefused):
            await fetcher.fetch(farm.url("/again", "rebind.example"), inside=True, public=True)

    assert farm.paths() == ["/again"]


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("http://127.0.0.1:1/", id="another port of this machine"),
        pytest.param("http://169.254.169.254/latest/meta-data/", id="cloud metadata"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("gopher://127.0.0.1/", id="gopher"),
        pytest.param("//[::1]/", id="loopback, v6"),
        pytest.param("http://[::ffff:127.0.0.1]:22/", id="v4-mapped"),
    ],
)
async def test_a_redirect_to_inside_is_refused(farm, farm_fetcher, target):
    farm.serve("/away", status=302, Location=target)

    with pytest.raises(AddressRefused):
        await farm_fetcher.fetch(farm.url("/away"), inside=True, public=True)


async def test_validators_are_sent_back_unchanged_and_survive_a_304_without_them(farm, fetcher):
    farm.serve_validated("/feed.xml", "<rss/>", etag="W/\"odd 'one'--gzip\"")

    first = await fetcher.fetch(
        farm.url(), last_modified="yesterday, or so", inside=True, public=True
    )
    second = await fetcher.fetch(
        farm.url(), etag=first.etag, last_modified="yesterday, or so", inside=True, public=True
    )

    assert first.etag == "W/\"odd 'one'--gzip\""
    assert farm.asked[-1][1]["If-Modified-Since"] == "yesterday, or so"
    assert second.not_modified
    assert (second.etag, second.last_modified) == (first.etag, "yesterday, or so")


async def test_a_request_names_the_bot_and_nothing_else(farm, fetcher):
    farm.serve("/feed.xml", "<rss/>", Set_Cookie="a=b; Path=/")

    await fetcher.fetch(farm.url(), inside=True, public=True)
    await fetcher.fetch(farm.url(), inside=True, public=True)

    _path, headers = farm.asked[-1]
    assert headers["User-Agent"] == "Dateline/test (+https://example.org)"
    assert not headers.keys() & {"Cookie", "Referer", "Pragma", "Cache-Control", "Authorization"}


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        pytest.param([301, 308, 302], "/2", id="permanent up to the third"),
        pytest.param([302, 301], None, id="a temporary one comes first"),
    ],
)
async def test_an_unbroken_chain_of_permanent_redirects_is_a_move(
    farm, fetcher, statuses, moved_to
):
    for step, status in enumerate(statuses):
        farm.serve(f"/{step}", status=status, Location=f"/{step + 1}")
    farm.serve(f"/{len(statuses)}", "<rss/>")

    answer = await fetcher.fetch(farm.url("/0"), inside=True, public=True)

    assert answer.url == farm.url(f"/{len(statuses)}")
    assert answer.moved_permanently_to == (moved_to and farm.url(moved_to))


async def test_names_and_passwords_in_a_redirect_are_dropped(farm, fetcher):
    farm.serve("/old", status=302, Location=farm.url("/new").replace("//", "//ann:secret@"))
    farm.serve("/new", "<rss/>")

    answer = await fetcher.fetch(farm.url("/old"), inside=True, public=True)

    assert "secret" not in answer.url
    assert "Authorization" not in farm.asked[-1][1]


async def test_five_redirects_are_followed_and_no_more(farm, fetcher):
    for step in range(6):
        farm.serve(f"/{step}", status=302, Location=f"/{step + 1}")
    farm.serve("/6", "<rss/>")

    assert (await fetcher.fetch(farm.url("/1"), inside=True, public=True)).status == 200
    with pytest.raises(FetchError, match="too_many_redirects"):
        await fetcher.fetch(farm.url("/0"), inside=True, public=True)


async def test_a_form_is_posted_again_only_if_a_redirect_keeps_the_method(farm, fetcher):
    posted = []

    async def hub(request: web.Request) -> web.Response:
        posted.append((request.method, dict(await request.post())))
        return web.Response(status=202)

    farm.pages["/hub"] = hub
    farm.serve("/moved", status=307, Location="/hub")
    farm.serve("/thanks", status=302, Location="/hub")

    moved = await fetcher.post(farm.url("/moved"), {"hub.mode": "a b&c"}, inside=True, public=True)
    thanks = await fetcher.post(farm.url("/thanks"), {"hub.mode": "x"}, inside=True, public=True)

    assert (moved.status, thanks.status) == (202, 302)
    assert posted == [("POST", {"hub.mode": "a b&c"})]


async def test_a_users_address_never_leads_into_the_own_network(farm, fetcher):
    with pytest.raises(AddressRefused):
        await fetcher.fetch(farm.url(), inside=False, public=False)
    with pytest.raises(AddressRefused):
        await fetcher.post(farm.url("/hub"), {"hub.mode": "subscribe"}, inside=False, public=False)

    assert farm.asked == []


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param("deflate", zlib.compress, id="deflate"),
    ],
)
async def test_a_compression_bomb_is_dropped_while_it_is_unpacked(farm, fetcher, coding, pack):
    bomb = pack(bytes(80_000_000))
    farm.serve("/bomb", bomb, Content_Encoding=coding)

    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="response_too_big"):
            await fetcher.fetch(farm.url("/bomb"), inside=True, public=True)
        assert tracemalloc.get_traced_memory()[1] < 2 * LARGEST_DOCUMENT
    finally:
        tracemalloc.stop()


async def test_an_encoding_that_was_not_accepted_cannot_be_read(farm, fetcher):
    farm.serve("/odd", b"not what it says", Content_Encoding="br")

    with pytest.raises(FetchError, match="invalid_http"):
        await fetcher.fetch(farm.url("/odd"), inside=True, public=True)


@pytest.mark.parametrize("length", [None, LARGEST_DOCUMENT + 1], ids=["endless", "as it says"])
async def test_a_body_that_is_too_big_is_not_read_to_its_end(farm, fetcher, length):
    async def body(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = length
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(100_000))
        except ConnectionError:
            return response

    farm.pages["/big"] = body

    with pytest.raises(FetchError, match="response_too_big"):
        await fetcher.fetch(farm.url("/big"), inside=True, public=True)


async def test_a_server_that_never_responds_times_out(farm, fetcher, monkeypatch):
    never = asyncio.Event()

    async def silent(_request: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    farm.pages["/silent"] = silent
    monkeypatch.setattr(client, "FETCH_SECONDS", 0.05)

    with pytest.raises(FetchError, match="timed_out"):
        await fetcher.fetch(farm.url("/silent"), inside=True, public=True)
    never.set()


async def test_a_closed_port_cannot_be_connected_to(fetcher):
    with pytest.raises(FetchError, match="connection_refused"):
        await fetcher.fetch("http://127.0.0.1:1/", inside=True, public=True)


async def test_a_response_that_is_not_http_is_an_error(fetcher):
    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(FetchError, match="invalid_http"):
            await fetcher.fetch(f"http://127.0.0.1:{port}/", inside=True, public=True)


async def test_a_request_is_not_repeated_when_the_server_hangs_up(farm, fetcher):
    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport
        request.transport.abort()
        return web.Response()

    farm.pages["/silent"] = hang_up

    with pytest.raises(FetchError, match="connection_lost"):
        await fetcher.fetch(farm.url("/silent"), inside=True, public=True)

    assert farm.paths() == ["/silent"]


async def test_requests_to_a_name_in_the_own_network_need_no_pause(farm):
    farm.serve("/feed.xml", "<rss/>")
    pauses = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    names, throttle = FakeNames(feeds_lan="127.0.0.1"), Throttle(sleep=sleep)
    fetcher = Fetcher(policy=INSIDE, user_agent="test", resolver=names, throttle=throttle)
    url = farm.url("/feed.xml", "feeds.lan")
    async with fetcher:
        # None of them knows at first that the name is in the own network.
        answers = await asyncio.gather(
            *(fetcher.fetch(url, inside=True, public=True) for _ in range(4))
        )

    assert all(answer.own_network for answer in answers)
    assert pauses == []


@pytest.fixture
async def outside(farm: FakeWeb) -> AsyncIterator[Fetcher]:
    """Yield a fetcher to which each name is a public host; they are all the farm."""
    fetcher = Fetcher(
        policy=AddressPolicy(),
        user_agent="test",
        resolver=FakeNames(),
        throttle=Throttle(0),
        sockets=lambda policy: RedirectedSockets(CheckedSockets(policy), farm.port),
    )
    async with fetcher:
        yield fetcher


@pytest.mark.parametrize("path", ["http://publisher.example/busy", "http://mine.example/away"])
@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_that_a_users_link_has_learned_stops_no_public_fetch(
    farm, outside, path, status
):
    farm.redirect("/away", "http://publisher.example/busy")
    farm.serve("/busy", status=status, Retry_After="600000")
    farm.serve("/feed.xml", "<rss/>")
    feed = "http://publisher.example/feed.xml"

    await outside.fetch(path, inside=False, public=False)

    assert (await outside.fetch(feed, inside=False, public=True)).status == 200
    with pytest.raises(HostPaused) as waits:
        await outside.fetch(feed, inside=False, public=False)
    assert timedelta(minutes=59) < waits.value.left <= timedelta(hours=1)


async def test_a_pause_that_a_public_fetch_has_learned_stops_users_too(farm, outside):
    farm.serve("/busy", status=429, Retry_After="600")
    await outside.fetch("http://publisher.example/busy", inside=False, public=True)

    for public in (True, False):
        with pytest.raises(HostPaused):
            await outside.fetch("http://publisher.example/", inside=False, public=public)


async def test_users_fetches_from_slow_hosts_keep_no_public_one_waiting(farm, outside):
    never, asked = asyncio.Event(), asyncio.Semaphore(0)

    async def silent(_request: web.Request) -> web.Response:
        asked.release()
        await never.wait()
        return web.Response()

    farm.pages["/silent"] = silent
    farm.serve("/feed.xml", "<rss/>")
    async with asyncio.TaskGroup() as group:
        for number in range(MAX_USER_IN_FLIGHT * 4):
            slow = f"http://slow{number}.example/silent"
            group.create_task(outside.fetch(slow, inside=False, public=False))
        for _ in range(MAX_USER_IN_FLIGHT):
            await asked.acquire()

        answer = await outside.fetch("http://news.example/feed.xml", inside=False, public=True)

        assert farm.paths() == ["/silent"] * MAX_USER_IN_FLIGHT + ["/feed.xml"]
        never.set()
    assert answer.status == 200


async def test_a_fetch_says_what_it_has_cost(farm, outside):
    farm.redirect("/old", "http://publisher.example/new")
    farm.serve("/new", "<rss/>")

    spent = (await outside.fetch("http://mine.example/old", inside=False, public=False)).spent

    assert (spent.requests, spent.received) == (2, 6)
    assert spent.seconds > 0


async def test_a_fetch_that_fails_says_what_it_has_cost_and_whose_fault_it_is(
    farm, outside, monkeypatch
):
    monkeypatch.setattr(client, "LARGEST_DOCUMENT", 1000)
    farm.redirect("/old", "http://publisher.example/big")

    async def big(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(3):
            await response.write(bytes(500))
        return response

    farm.pages["/big"] = big

    with pytest.raises(FetchError) as failed:
        await outside.fetch("http://mine.example/old", inside=False, public=False)

    assert failed.value.host == "publisher.example"
    assert (failed.value.spent.requests, failed.value.spent.received) == (2, 1500)


@pytest.mark.parametrize("known", [{}, {"inside": False}, {"public": False}], ids=str)
async def test_a_fetch_must_say_for_whom_it_is(fetcher, known):
    with pytest.raises(TypeError, match="missing"):
        await fetcher.fetch("http://news.example/", **known)
    with pytest.raises(TypeError, match="missing"):
        await fetcher.post("http://hub.example/", {}, **known)
    with pytest.raises(TypeError, match="missing"):
        FetchRequest("http://news.example/", **known)
    with pytest.raises(TypeError, match="missing"):
        await discover(fetcher, DocumentReader(), "http://news.example/", **known)
