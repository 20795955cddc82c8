"""Tricks by which an address from outside could lead inside; none opens a socket there.

The operator of these tests allows every network, so only the policy for users protects them. No
name is looked up by a real resolver, and sockets to public addresses are connected to this machine.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from bot.sources.discovery.add import AddOutcome, SourceAdder
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.connection import CheckedSockets
from bot.sources.fetch.problems import AddressRefused, FetchError, Problem, ProblemCode
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.fetch.throttle import Throttle
from bot.sources.fetch.websub import ask_hubs
from bot.sources.poll import SourcePoller
from storage.sources import Source
from tests.fake_web import SOMEWHERE, FakeNames, FakeWeb, RedirectedSockets
from tests.sources.feeds_made import item, rss
from tests.sources.fetch.conftest import follow
from tests.sources.polled import DAY, articles_of, poll_after, rows_of

EVERYTHING = AddressPolicy(networks=(ip_network("0.0.0.0/0"), ip_network("::/0")))
HERE = "127.0.0.1"


@asynccontextmanager
async def world(farm: FakeWeb, names: FakeNames) -> AsyncIterator[tuple[Fetcher, list[str]]]:
    """Yield a fetcher, and the addresses for which it opens sockets."""
    opened: list[str] = []
    fetcher = Fetcher(
        policy=EVERYTHING,
        user_agent="test",
        resolver=names,
        throttle=Throttle(0),
        sockets=lambda policy: RedirectedSockets(CheckedSockets(policy), farm.port, opened),
    )
    async with fetcher:
        yield fetcher, opened


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("127.0.0.1", id="this machine"),
        pytest.param("2130706433", id="decimal"),
        pytest.param("0x7f000001", id="hexadecimal"),
        pytest.param("0x7f.0x0.0x0.0x1", id="hexadecimal parts"),
        pytest.param("017700000001", id="octal"),
        pytest.param("0177.0.0.01", id="octal parts"),
        pytest.param("127.1", id="two parts"),
        pytest.param("127.0.1", id="three parts"),
        pytest.param("127.0.0.1.", id="a dot at the end"),
        pytest.param("127.255.255.254", id="elsewhere in 127"),
        pytest.param("0.0.0.0", id="nowhere, which is here"),
        pytest.param("0", id="nought"),
        pytest.param("localhost", id="its own name"),
        pytest.param("LOCALHOST.", id="its own name, loud, with a dot"),
        pytest.param("feeds.localhost", id="a name under its own"),
        pytest.param("１２７.０.０.１", id="full-width digits"),
        pytest.param("①②⑦.⓪.⓪.①", id="circled digits"),
        pytest.param("127。0。0。1", id="ideographic full stops"),
        pytest.param("ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", id="circled letters"),
        pytest.param("%31%32%37.0.0.1", id="escaped digits"),
        pytest.param("[::]", id="nowhere, v6"),
        pytest.param("[::1]", id="this machine, v6"),
        pytest.param("[0:0:0:0:0:0:0:1]", id="this machine, v6, in full"),
        pytest.param("[::ffff:127.0.0.1]", id="v4-mapped"),
        pytest.param("[::ffff:7f00:1]", id="v4-mapped in hexadecimal"),
        pytest.param("[::127.0.0.1]", id="v4-compatible"),
        pytest.param("[::ffff:0:127.0.0.1]", id="translated"),
        pytest.param("[64:ff9b::127.0.0.1]", id="NAT64"),
        pytest.param("[64:ff9b:1::10.0.0.1]", id="NAT64, local use"),
        pytest.param("[64:ff9b:1:7f00:0:100:101:101]", id="NAT64, local use, in the middle"),
        pytest.param("168.63.129.16", id="a cloud's service"),
        pytest.param("[2002:7f00:1::]", id="6to4"),
        pytest.param("[2001:0:4136:e378:8000:63bf:80ff:fffe]", id="Teredo"),
        pytest.param("[2606:4700::5efe:7f00:1]", id="ISATAP"),
        pytest.param("[fe80::1]", id="link-local"),
        pytest.param("[fe80::1%25eth0]", id="link-local with a zone"),
        pytest.param("[fe80::1%eth0]", id="link-local with a bare zone"),
        pytest.param("[2606:4700::1111%251]", id="a public address with a zone"),
        pytest.param("[::1%25lo]", id="this machine with a zone"),
        pytest.param("[fd00:ec2::254]", id="metadata, v6"),
        pytest.param("169.254.169.254", id="metadata"),
        pytest.param("2852039166", id="metadata, decimal"),
        pytest.param("10.0.0.1", id="private 10"),
        pytest.param("172.16.0.1", id="private 172"),
        pytest.param("192.168.0.1", id="private 192"),
        pytest.param("100.100.100.200", id="carrier-grade NAT"),
        pytest.param("224.0.0.251", id="multicast"),
        pytest.param("[ff02::fb]", id="multicast, v6"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("news.example@127.0.0.1", id="a host that is a name"),
        pytest.param("127.0.0.1\\@news.example", id="a backslash"),
        pytest.param("127.0.0.1#@news.example", id="a fragment"),
        pytest.param("127.0.0.1 news.example", id="a space"),
        pytest.param("127.0.0.1\t.news.example", id="a tab"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_an_address_leads_inside(farm, scheme, host):
    async with world(farm, FakeNames()) as (fetcher, opened):
        with pytest.raises(FetchError):
            await fetcher.fetch(f"{scheme}://{host}/", inside=False, public=False)

    assert opened == []
    assert farm.asked == []


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="this machine"),
        pytest.param("0.0.0.0", id="nowhere, which is here"),
        pytest.param("10.0.0.1", id="private"),
        pytest.param("169.254.169.254", id="metadata"),
        pytest.param("100.64.0.1", id="carrier-grade NAT"),
        pytest.param("::1", id="this machine, v6"),
        pytest.param("::ffff:10.0.0.1", id="v4-mapped"),
        pytest.param("64:ff9b::a00:1", id="NAT64"),
        pytest.param("64:ff9b:1:a00:0:100:101:101", id="NAT64, local use, in the middle"),
        pytest.param("168.63.129.16", id="a cloud's service"),
        pytest.param("2002:a00:1::", id="6to4"),
        pytest.param("fe80::1%1", id="a zone"),
        pytest.param("no address", id="nonsense"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_name_leads_inside(farm, scheme, address):
    async with world(farm, FakeNames(innocent_example=address)) as (fetcher, opened):
        with pytest.raises(AddressRefused):
            await fetcher.fetch(f"{scheme}://innocent.example/feed", inside=False, public=False)

    assert opened == []


async def test_only_the_public_addresses_of_a_name_are_tried(farm):
    farm.serve("/feed", "<rss/>")
    names = FakeNames(innocent_example=[(HERE, "::1", SOMEWHERE)])

    async with world(farm, names) as (fetcher, opened):
        answer = await fetcher.fetch("http://innocent.example/feed", inside=False, public=False)

    assert (answer.status, opened) == (200, [SOMEWHERE])


async def test_a_name_is_checked_again_at_each_connection(farm):
    farm.serve("/feed", "<rss/>", Connection="close")

    async with world(farm, FakeNames(rebind_example=[SOMEWHERE, HERE])) as (fetcher, opened):
        await fetcher.fetch("http://rebind.example/feed", inside=False, public=False)
        with pytest.raises(AddressRefused):
            await fetcher.fetch("http://rebind.example/feed", inside=False, public=False)

    assert opened == [SOMEWHERE]


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("http://127.0.0.1/", id="this machine"),
        pytest.param("http://2130706433/", id="decimal"),
        pytest.param("http://inside.example/", id="a name"),
        pytest.param("https://inside.example/", id="a name, securely"),
        pytest.param("//[::1]/", id="no scheme"),
        pytest.param("http://[::ffff:127.0.0.1]/", id="v4-mapped"),
        pytest.param("http://168.63.129.16/machine?comp=goalstate", id="a cloud's service"),
        pytest.param("http://[64:ff9b:1:7f00:0:100:101:101]/", id="NAT64, local use"),
        pytest.param("http://[fe80::1%25eth0]/", id="a zone"),
        pytest.param("http://news.example@127.0.0.1/", id="a host that is a name"),
        pytest.param("http://169.254.169.254/latest/meta-data/", id="metadata"),
        pytest.param("http://news.example:6379/", id="another port"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("ftp://news.example/", id="another protocol"),
        pytest.param("/hop", id="on the second hop"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_leads_inside(farm, status, location):
    farm.serve("/feed", status=status, Location=location)
    farm.serve("/hop", status=status, Location="http://inside.example/")

    async with world(farm, FakeNames(inside_example="10.0.0.1")) as (fetcher, opened):
        with pytest.raises(AddressRefused):
            await fetcher.fetch("http://news.example/feed", inside=False, public=False)

    assert set(opened) == {SOMEWHERE}


async def test_no_proxy_of_the_environment_is_used(farm, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    farm.serve("/feed", "<rss/>")

    async with world(farm, FakeNames()) as (fetcher, opened):
        await fetcher.fetch("http://news.example/feed", inside=False, public=False)

    assert opened == [SOMEWHERE]


async def test_links_in_a_users_feed_lead_nowhere_inside(storage, reader, farm, clock):
    farm.serve("/feed", rss([item(1)]))
    inside = [f"http://127.0.0.1:{farm.port}/secret", "http://inside.example/secret"]

    async with world(farm, FakeNames(inside_example="10.0.0.1")) as (fetcher, opened):
        adding = SourceAdder(storage, fetcher, reader, public=False)
        polling = SourcePoller(storage, fetcher, reader, owner="me", jitter=lambda: 0)
        added = await adding.add("http://news.example/feed")
        links = (item(2 + n, link=url, text="A taste.") for n, url in enumerate(inside))
        farm.serve("/feed", rss([*links, item(1)]))
        await poll_after(polling, clock, DAY)

    assert added.outcome is AddOutcome.ADDED
    assert {"Sample news 2", "Sample news 3"} <= (await articles_of(storage)).keys()
    assert set(farm.paths()) == {"/feed"}
    assert set(opened) == {SOMEWHERE}


async def test_a_users_sitemap_index_leads_nowhere_inside(storage, reader, farm):
    children = "".join(
        f"<sitemap><loc>{url}</loc></sitemap>"
        for url in (f"http://127.0.0.1:{farm.port}/secret", "http://inside.example/secret")
    )
    farm.serve("/map", f"<sitemapindex>{children}</sitemapindex>", Content_Type="text/xml")

    async with world(farm, FakeNames(inside_example="10.0.0.1")) as (fetcher, opened):
        await SourceAdder(storage, fetcher, reader, public=False).add("http://news.example/map")

    assert farm.paths() == ["/map"]
    assert opened == [SOMEWHERE]


async def test_feeds_that_a_users_page_names_lead_nowhere_inside(storage, reader, farm):
    inside = [f"http://127.0.0.1:{farm.port}/secret", "http://inside.example/secret"]
    links = "".join(
        f"<link rel='alternate' type='application/rss+xml' href='{url}'>" for url in inside
    )
    robots = "".join(f"Sitemap: {url}.xml\n" for url in inside)
    farm.serve("/", f"<html><head>{links}</head></html>", Content_Type="text/html")
    farm.serve("/robots.txt", robots, Content_Type="text/plain")
    farm.serve("/secret", rss([item(1)]))

    async with world(farm, FakeNames(inside_example="10.0.0.1")) as (fetcher, opened):
        choosing = SourceAdder(storage, fetcher, reader, public=False)
        added = await choosing.add("http://news.example/")

    assert added.outcome is AddOutcome.REFUSED
    assert "/robots.txt" in farm.paths()
    assert "/secret" not in farm.paths()
    assert set(opened) == {SOMEWHERE}


@pytest.mark.parametrize("hub", ["http://127.0.0.1:8080/", "http://inside.example/", "/hub"])
async def test_the_hub_of_a_users_feed_leads_nowhere_inside(storage, reader, farm, hub):
    farm.serve("/feed", rss([item(1)]), Link=f"<{hub}>; rel=hub")
    farm.serve("/hub", status=307, Location="http://inside.example/")

    async with world(farm, FakeNames(inside_example="10.0.0.1")) as (fetcher, opened):
        adder = SourceAdder(storage, fetcher, reader, public=False)
        added = await adder.add("http://news.example/feed")
        await follow(storage, added.source_id or 0)
        asked = await ask_hubs(storage, fetcher, owner="me", callback="https://bot.example/hub/")

    assert asked == 1
    assert set(opened) == {SOMEWHERE}


async def test_logins_in_addresses_are_neither_used_nor_kept(storage, reader, farm):
    farm.serve("/feed", rss([item(1, link="https://ann:secret@news.example/1?a=b@c")]))

    async with world(farm, FakeNames()) as (fetcher, _opened):
        adding = SourceAdder(storage, fetcher, reader, public=False)
        refused = await adding.add("http://ann:secret@news.example/feed")
        added = await adding.add("http://news.example/feed")

    assert (refused.outcome, added.outcome) == (AddOutcome.REFUSED, AddOutcome.ADDED)
    assert refused.problem == Problem(ProblemCode.LOGIN_IN_ADDRESS)
    assert len(await rows_of(storage, Source)) == 1
    (article,) = (await articles_of(storage)).values()
    assert article.url == "https://news.example/1?a=b@c"
