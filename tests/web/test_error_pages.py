"""What stands around every page: headers, limits, and errors; a client that sends slowly."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.exc import OperationalError

from bot.ops import health
from bot.ops.health import make_web
from bot.rendering.links import Links
from bot.web import requests
from bot.web.routes import make_routes
from tests.web.conftest import BASE, SIGNER, TUESDAY, Visitor

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def link(visitor, chat_id, clock):
    return visitor.links.manage(chat_id, clock.now)


@pytest.mark.parametrize("path", ["/e/x", "/", "/healthz", "/readyz", "/robots.txt", "/m/x"])
async def test_every_response_has_the_security_headers(visitor, path):
    answer = await visitor.client.get(path)

    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Server" not in answer.headers
    assert "Set-Cookie" not in answer.headers


async def test_a_wrong_method_is_answered_with_the_allowed_ones(visitor, link):
    answer = await visitor.client.delete(visitor._path(link))

    assert answer.status == 405
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD", "POST"}
    assert "use a button on the page" in await answer.text()


async def test_a_large_form_is_not_read(visitor, link):
    answer = await visitor.sends(link, {"topic": "1" * 5000})

    assert answer.status == 413
    assert "The form was too large" in await answer.text()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 303, id="a program"),
        pytest.param({"Origin": BASE}, 303, id="our own page"),
        pytest.param({"Origin": "null"}, 303, id="a browser that hides it, as we ask"),
        pytest.param({"Origin": "https://evil.example"}, 403, id="another site"),
        pytest.param(
            {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403, id="another site, hidden"
        ),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 303, id="our own page, as browsers say"),
    ],
)
async def test_forms_from_other_sites_are_refused(visitor, link, headers, status):
    answer = await visitor.sends(link, {"pause": "yes"}, headers=headers)

    assert answer.status == status


async def test_many_forms_in_a_row_are_limited(visitor, link):
    answers = [await visitor.sends(link, {"pause": "yes"}) for _ in range(31)]

    assert [answer.status for answer in answers] == [303] * 30 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert "Nothing was lost" in await answers[-1].text()


async def test_each_client_has_a_limit_of_its_own(visitor, link):
    for _ in range(31):
        await visitor.sends(link, {"pause": "yes"}, headers={"X-Forwarded-For": "203.0.113.7"})

    other = await visitor.sends(link, {"pause": "no"}, headers={"X-Forwarded-For": "203.0.113.8"})

    assert other.status == 303


async def test_a_page_reports_that_the_database_fails(visitor, chat_id, clock, monkeypatch):
    async def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, OSError("disk"))

    monkeypatch.setattr("storage.editions.edition_on", fail)

    answer = await visitor.opens(visitor.links.edition(chat_id, TUESDAY, 0, clock.now))

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "60"
    assert "Nothing was lost" in await answer.text()


async def test_the_address_of_the_stylesheet_depends_on_its_content(visitor):
    page = await (await visitor.client.get("/")).text()
    path = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]

    answer = await visitor.client.get(path)

    assert path.startswith("/static/")
    assert answer.status == 200
    assert answer.content_type == "text/css"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_robots_are_disallowed(visitor):
    assert await (await visitor.client.get("/robots.txt")).text() == "User-agent: *\nDisallow: /\n"


async def test_addresses_on_a_page_begin_with_the_path_of_the_site(site, chat_id, clock):
    base = "https://example.org/news"
    resources = replace(site.resources, links=Links(base, SIGNER))
    async with TestClient(
        TestServer(make_web(*make_routes(replace(site, resources=resources))))
    ) as client:
        visitor = Visitor(client, Links(base, SIGNER), base)
        link = visitor.links.manage(chat_id, clock.now)

        page = await visitor.reads(link)
        answer = await visitor.sends(link, {"pause": "yes"})

    assert '<link rel="stylesheet" href="/news/static/' in page
    assert 'action="/news/m/' in page
    assert answer.headers["Location"].startswith("/news/m/")


@pytest.fixture
def impatience(monkeypatch):
    monkeypatch.setattr(health, "IDLE_SECONDS", 0.05)


@pytest.fixture
async def port(unused_tcp_port_factory):
    port = unused_tcp_port_factory()
    async with health.serving(make_web(), "127.0.0.1", port):
        yield port


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: a\r\n"])
async def test_a_request_that_never_ends_is_cut_off(impatience, port, sent):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)

    assert await reader.read() == b""

    writer.close()


async def test_endless_headers_are_refused(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = b"".join(b"X-%d: a\r\n" % number for number in range(200))
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")

    assert (await reader.readline()).startswith(b"HTTP/1.0 400")

    writer.close()


async def test_a_body_that_does_not_arrive_ends_the_request(visitor, chat_id, clock, monkeypatch):
    monkeypatch.setattr(requests, "BODY_SECONDS", 0.05)
    link = visitor.links.manage(chat_id, clock.now)

    async def trickle() -> AsyncIterator[bytes]:
        yield b"pause="
        await asyncio.Event().wait()

    answer = await visitor.client.post(visitor._path(link), data=trickle())

    assert answer.status == 408
    assert "Nothing has changed" in await answer.text()
