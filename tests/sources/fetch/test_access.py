"""The login, headers and proxy of a source, as real servers see them."""

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web

from bot.cli.articles import sentence_of
from bot.sources.credentials import Credentials
from bot.sources.decide import not_a_feed
from bot.sources.fetch import proxies
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.connection import CheckedSockets
from bot.sources.fetch.problems import FetchError, ProblemCode
from bot.sources.fetch.response import login_page, problem_of
from bot.sources.fetch.source import FetchRequest, fetch_source
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.fetch.throttle import Throttle
from bot.sources.source_access import FetcherWithAccess
from storage.enums import SourceKind
from storage.sources import Source
from tests.fake_web import SOMEWHERE, FakeNames, RedirectedSockets
from tests.rows import source_row
from tests.sources.fetch.proxy_servers import FakeProxy, serving_proxy
from tests.tls import certificate_for, context_of, trusting

PAPER, OTHER = "paper.example", "other.example"
OUTSIDE = "gate.example"  # a proxy at a public address, whose sockets lead to one on this machine
SECRET = "swordfish-7Q"
LOGIN = "Basic " + b64encode(f"ann:{SECRET}".encode()).decode()


class Site:
    """A server with TLS; `asked` has each request with its headers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.answers: dict[tuple[str, str], web.Response] = {}
        self.port = 0

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append((request.host, request.path, dict(request.headers)))
        found = self.answers.get((request.host, request.path))
        if found is None:
            return web.Response(text="<rss/>")
        return web.Response(status=found.status, headers=found.headers, body=found.body)

    def redirect(self, host: str, path: str, target: str) -> None:
        self.answers[host, path] = web.Response(status=302, headers={"Location": target})

    def headers_at(self, host: str) -> list[dict[str, str]]:
        return [headers for asked, _path, headers in self.asked if asked == host]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return certificate_for(tmp_path_factory.mktemp("tls"), PAPER, OTHER, OUTSIDE)


@pytest.fixture
async def site(certificate) -> AsyncIterator[Site]:
    site = Site()
    async with AsyncExitStack() as stack:
        runner = web.ServerRunner(web.Server(site.answer), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context_of(certificate)).start()
        site.port = runner.addresses[0][1]
        yield site


def fetcher_to(site: Site, certificate, *, names: FakeNames | None = None, **options) -> Fetcher:
    """Return a fetcher for which every public address leads to *site*."""
    return Fetcher(
        policy=options.pop("policy", AddressPolicy()),
        user_agent="Dateline/test",
        resolver=names or FakeNames(),
        throttle=Throttle(0),
        tls=trusting(certificate),
        sockets=options.pop(
            "sockets", lambda policy: RedirectedSockets(CheckedSockets(policy), site.port)
        ),
    )


@pytest.fixture
async def fetcher(site, certificate) -> AsyncIterator[Fetcher]:
    async with fetcher_to(site, certificate) as fetcher:
        yield fetcher


def paper() -> Credentials:
    return Credentials.of_source(f"https://{PAPER}/feed.xml")


@pytest.mark.parametrize(
    ("access", "name", "value"),
    [
        pytest.param(paper().with_login("ann", SECRET), "Authorization", LOGIN, id="login"),
        pytest.param(paper().with_token(SECRET), "Authorization", f"Bearer {SECRET}", id="token"),
        pytest.param(paper().with_cookie(f"sid={SECRET}"), "Cookie", f"sid={SECRET}", id="cookie"),
        pytest.param(paper().with_header(f"X-Key: {SECRET}"), "X-Key", SECRET, id="header"),
        pytest.param(paper().with_user_agent("Mine/2"), "User-Agent", "Mine/2", id="User-Agent"),
    ],
)
async def test_a_site_gets_what_is_set_for_its_source(site, fetcher, access, name, value):
    await fetcher.fetch(f"https://{PAPER}/feed.xml", inside=False, public=True, access=access)
    await fetcher.fetch(f"https://{PAPER}/feed.xml", inside=False, public=True)

    first, second = site.headers_at(PAPER)
    assert first[name] == value
    assert second.get(name) != value


ALL = (
    paper()
    .with_login("ann", SECRET)
    .with_cookie(f"sid={SECRET}")
    .with_header(f"X-Key: {SECRET}")
    .with_user_agent("Mine/2")
)


def has_secret(headers: dict[str, str]) -> bool:
    return any(SECRET in value or value == LOGIN for value in headers.values())


async def test_a_redirect_on_the_same_host_keeps_the_secrets(site, fetcher):
    site.redirect(PAPER, "/feed.xml", "/new.xml")

    await fetcher.fetch(f"https://{PAPER}/feed.xml", inside=False, public=True, access=ALL)

    assert [has_secret(headers) for headers in site.headers_at(PAPER)] == [True, True]


async def test_a_redirect_to_another_host_drops_the_secrets_even_on_the_way_back(site, fetcher):
    site.redirect(PAPER, "/feed.xml", f"https://{OTHER}/there")
    site.redirect(OTHER, "/there", f"https://{PAPER}/delete-everything")

    await fetcher.fetch(f"https://{PAPER}/feed.xml", inside=False, public=True, access=ALL)

    (away,) = site.headers_at(OTHER)
    first, back = site.headers_at(PAPER)
    assert [has_secret(each) for each in (first, away, back)] == [True, False, False]
    assert away["User-Agent"] == "Mine/2"


@pytest.mark.parametrize(
    ("target", "port"),
    [
        pytest.param(f"http://{PAPER}/", 80, id="without encryption"),
        pytest.param(f"https://{PAPER}:80/", 443, id="another port"),
    ],
)
async def test_a_redirect_on_the_same_host_drops_the_secrets_outside_of_its_origin(
    site, farm, certificate, target, port
):
    site.redirect(PAPER, "/feed.xml", target)

    def sockets(policy):
        here = CheckedSockets(policy)
        led = {80: farm.port if port == 80 else site.port, 443: site.port}
        return lambda found: RedirectedSockets(here, led[found[4][1]])(found)

    async with fetcher_to(site, certificate, sockets=sockets) as fetcher:
        await fetcher.fetch(f"https://{PAPER}/feed.xml", inside=False, public=True, access=ALL)

    away = [headers for path, headers in farm.asked] or site.headers_at(f"{PAPER}:80")
    assert [has_secret(headers) for headers in away] == [False]


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(f"http://{PAPER}/feed.xml", id="without encryption"),
        pytest.param(f"https://www.{PAPER}/feed.xml", id="another name"),
        pytest.param(f"https://{PAPER}:80/feed.xml", id="another port"),
        pytest.param(f"https://{PAPER}.other.example/", id="a name that begins alike"),
    ],
)
def test_only_the_very_origin_gets_secrets(target):
    assert not has_secret(ALL.headers_for(target))
    assert ALL.headers_for(f"https://{PAPER.upper()}:443/x")["Authorization"] == LOGIN


FORM = "<html><title>Sign in</title><form><input name=p type='password'></form></html>"


@pytest.mark.parametrize(
    ("status", "headers", "with_login", "code", "sentence"),
    [
        pytest.param(
            *(401, {"WWW-Authenticate": 'Basic realm="Members only", charset="UTF-8"'}, False),
            *(ProblemCode.LOGIN_REQUIRED, "requires a login (Basic, realm “Members only”) (401)"),
            id="Basic",
        ),
        pytest.param(
            *(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}, True),
            *(ProblemCode.LOGIN_REFUSED, "refuses the login that is set for it (401)"),
            id="a refused token",
        ),
        pytest.param(
            *(401, {"WWW-Authenticate": 'Digest realm="a, b", qop="auth, auth-int"'}, True),
            ProblemCode.LOGIN_UNSUPPORTED,
            "requires a login of a kind that I do not know (Digest) (401)",
            id="Digest",
        ),
        pytest.param(
            *(401, {"WWW-Authenticate": 'Negotiate, Basic realm="x"'}, True),
            *(ProblemCode.LOGIN_REFUSED, "refuses the login that is set for it (401)"),
            id="one that is known beside one that is not",
        ),
        pytest.param(
            *(403, {}, True, ProblemCode.FORBIDDEN),
            "refuses access with the login that is set for it (403)",
            id="a forbidden login",
        ),
        pytest.param(403, {}, False, ProblemCode.FORBIDDEN, "refuses access (403)", id="forbidden"),
    ],
)
async def test_a_site_that_needs_a_login_differs_from_one_that_refuses_it(
    site, fetcher, status, headers, with_login, code, sentence
):
    site.answers[PAPER, "/feed.xml"] = web.Response(status=status, headers=headers)
    access = ALL if with_login else None

    response = await fetcher.fetch(
        f"https://{PAPER}/feed.xml", inside=False, public=True, access=access
    )

    problem = problem_of(response)
    assert problem is not None
    assert problem.code is code
    assert sentence_of(problem) == sentence


@pytest.mark.parametrize(
    ("host", "asked", "path", "body", "expected"),
    [
        pytest.param(PAPER, "/feed.xml", "/login", FORM, {"with_login": True}, id="on its host"),
        pytest.param(OTHER, "/feed.xml", "/oauth2/authorize", FORM, {}, id="on another host"),
        pytest.param(PAPER, "/", "/en/news", FORM, None, id="a page with a form"),
        pytest.param(PAPER, "/", "/how-to-sign-in", "<p>Sign in.", None, id="a page without one"),
    ],
)
async def test_a_redirect_to_a_form_is_a_login_page(
    site, fetcher, host, asked, path, body, expected
):
    site.redirect(PAPER, asked, f"https://{host}{path}?next=/x")
    site.answers[host, path] = web.Response(text=body, content_type="text/html")
    url = f"https://{PAPER}{asked}"

    response = await fetcher.fetch(url, inside=False, public=True, access=ALL)

    problem = login_page(response, asked=url)
    assert (problem and problem.detail) == expected


async def test_a_feed_whose_cookie_has_expired_says_so(site, fetcher, reader):
    site.answers[PAPER, "/feed.xml"] = web.Response(text=FORM, content_type="text/html")
    url = f"https://{PAPER}/feed.xml"
    source = Source(**source_row(url, kind=SourceKind.FEED, public=True))

    result = await fetch_source(
        FetcherWithAccess(fetcher, ALL), reader, FetchRequest(url, inside=False, public=True)
    )

    problem = not_a_feed(source, result)
    assert problem is not None
    assert "may have expired" in sentence_of(problem)


# Proxies


PROXIES = {
    "http": FakeProxy.connect,
    "https": FakeProxy.connect,
    "socks5": FakeProxy.socks,
    "socks5h": FakeProxy.socks,
}


@pytest.fixture(params=PROXIES)
async def scheme(request):
    return request.param


@pytest.fixture
async def proxy(site, scheme, certificate) -> AsyncIterator[FakeProxy]:
    async with proxy_to(site.port, scheme, certificate) as proxy:
        yield proxy


def proxy_to(port: int, scheme: str, certificate) -> AbstractAsyncContextManager[FakeProxy]:
    proxy = FakeProxy(port)
    context = context_of(certificate) if scheme == "https" else None
    return serving_proxy(proxy, PROXIES[scheme].__get__(proxy), context)


@pytest.fixture
async def through(proxy, certificate, site) -> AsyncIterator[Fetcher]:
    def sockets(policy):
        return RedirectedSockets(CheckedSockets(policy), proxy.port)

    names = FakeNames(rebind_example=["10.0.0.1"], mixed_example=[(SOMEWHERE, "127.0.0.1")])
    async with fetcher_to(site, certificate, names=names, sockets=sockets) as fetcher:
        yield fetcher


async def test_a_proxy_is_asked_for_the_checked_address_and_the_site_sees_its_name(
    site, proxy, through, scheme
):
    access = ALL.with_proxy(f"{scheme}://{OUTSIDE}:3128")

    response = await through.fetch(
        f"https://{PAPER}/feed.xml", inside=False, public=True, access=access
    )

    assert response.status == 200
    assert proxy.asked == [(SOMEWHERE, 443)]
    (headers,) = site.headers_at(PAPER)
    assert has_secret(headers)


@pytest.mark.parametrize(
    ("login", "code"),
    [
        pytest.param("me:gate-open", None, id="right"),
        pytest.param("me:wrong", ProblemCode.PROXY_LOGIN_REFUSED, id="wrong"),
        pytest.param("", ProblemCode.PROXY_LOGIN_REQUIRED, id="none"),
    ],
)
async def test_a_proxy_may_demand_a_login(proxy, through, scheme, login, code):
    proxy.login = "me:gate-open"
    at = f"{login}@" if login else ""
    access = paper().with_proxy(f"{scheme}://{at}{OUTSIDE}:3128")

    assert await code_of(through, f"https://{PAPER}/", access) == code


async def code_of(fetcher: Fetcher, url: str, access: Credentials) -> ProblemCode | None:
    failed = None
    try:
        await fetcher.fetch(url, inside=False, public=True, access=access)
    except FetchError as error:
        failed = error
    if failed is None:
        return None
    assert SECRET not in str(failed)
    assert failed.host == "", "a proxy's failure counts against its host"
    return failed.problem.code


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://rebind.example/", id="a name inside"),
        pytest.param("https://mixed.example/", id="a name with one address inside"),
        pytest.param("https://169.254.169.254/", id="cloud metadata"),
        pytest.param("http://paper.example:22/", id="another port"),
    ],
)
async def test_no_proxy_is_asked_for_an_address_inside(proxy, through, scheme, url):
    access = paper().with_proxy(f"{scheme}://{OUTSIDE}:3128")

    assert await code_of(through, url, access) in {
        ProblemCode.PRIVATE_ADDRESS,
        ProblemCode.WRONG_PORT,
    }
    assert proxy.asked == []


async def test_a_redirect_through_a_proxy_is_checked_at_each_hop(site, proxy, through, scheme):
    site.redirect(PAPER, "/", "https://rebind.example/")
    access = paper().with_proxy(f"{scheme}://{OUTSIDE}:3128")

    assert await code_of(through, f"https://{PAPER}/", access) is ProblemCode.PRIVATE_ADDRESS
    assert proxy.asked == [(SOMEWHERE, 443)]


async def test_a_proxy_that_points_inside_needs_an_allowed_network(
    site, proxy, certificate, scheme
):
    access = paper().with_proxy(f"{scheme}://{OUTSIDE}:{proxy.port}")
    open_here = AddressPolicy(networks=(ip_network("127.0.0.1/32"),))
    options: dict[str, Any] = {
        "names": FakeNames(gate_example="127.0.0.1"),
        "sockets": CheckedSockets,
    }

    async with fetcher_to(site, certificate, **options) as strict:
        refused = await code_of(strict, f"https://{PAPER}/", access)
    async with fetcher_to(site, certificate, policy=open_here, **options) as lenient:
        allowed = await lenient.fetch(f"https://{PAPER}/", inside=True, public=True, access=access)

    assert refused is ProblemCode.PROXY_INSIDE
    assert allowed.status == 200


@pytest.mark.parametrize("scheme", ["http"], indirect=True)
async def test_a_proxy_inside_also_serves_a_redirect_from_the_outside(
    site, proxy, certificate, scheme
):
    site.redirect(PAPER, "/", f"https://{OTHER}/")
    access = paper().with_proxy(f"{scheme}://127.0.0.1:{proxy.port}")
    policy = AddressPolicy(networks=(ip_network("127.0.0.1/32"),))

    async with fetcher_to(site, certificate, sockets=CheckedSockets, policy=policy) as fetcher:
        response = await fetcher.fetch(f"https://{PAPER}/", inside=True, public=True, access=access)

    assert response.url == f"https://{OTHER}/"


@pytest.mark.parametrize(
    ("scheme", "reply", "code"),
    [
        pytest.param("http", 502, ProblemCode.PROXY_FAILED, id="gateway error"),
        pytest.param("http", 405, ProblemCode.PROXY_NO_TUNNEL, id="no CONNECT"),
        pytest.param("http", 403, ProblemCode.PROXY_NO_TUNNEL, id="no CONNECT to this port"),
        pytest.param("socks5", 2, ProblemCode.PROXY_FAILED, id="not allowed"),
        pytest.param("socks5", 5, ProblemCode.PROXY_FAILED, id="connection refused"),
    ],
    indirect=["scheme"],
)
async def test_a_proxy_that_refuses_says_so(proxy, through, scheme, reply, code):
    proxy.reply = reply
    access = paper().with_proxy(f"{scheme}://{OUTSIDE}:1")

    assert await code_of(through, f"https://{PAPER}/", access) is code
    assert await code_of(through, f"http://{PAPER}/", access) is code


@pytest.mark.parametrize("scheme", ["http"], indirect=True)
async def test_a_proxy_may_demand_an_unknown_kind_of_login(proxy, through, scheme):
    proxy.login, proxy.demands = "me:gate-open", 'Digest realm="gate"'
    access = paper().with_proxy(f"{scheme}://{proxy.login}x@{OUTSIDE}:1")

    with pytest.raises(FetchError) as raised:
        await through.fetch(f"https://{PAPER}/", inside=False, public=True, access=access)

    assert raised.value.problem.code is ProblemCode.PROXY_LOGIN_REQUIRED
    assert raised.value.problem.detail == {"scheme": "Digest"}


@pytest.mark.parametrize("scheme", ["socks5"], indirect=True)
@pytest.mark.parametrize(
    "bound",
    [
        pytest.param(bytes((3, 4, *b"gate", 0, 0)), id="a name"),
        pytest.param(bytes((4, *bytes(18))), id="IPv6"),
    ],
)
async def test_a_socks_proxy_may_answer_with_any_address(proxy, through, scheme, bound):
    proxy.bound = bound
    access = paper().with_proxy(f"{scheme}://me:unneeded@{OUTSIDE}:1")

    assert await code_of(through, f"https://{PAPER}/", access) is None
    assert proxy.logins == []


@pytest.mark.parametrize("scheme", ["https"], indirect=True)
async def test_a_proxy_with_another_certificate_is_not_trusted(proxy, through, scheme):
    access = paper().with_proxy(f"{scheme}://me:{SECRET}@elsewhere.example:1")

    assert await code_of(through, f"https://{PAPER}/", access) is ProblemCode.PROXY_TLS_FAILED
    assert proxy.logins == []


async def test_a_silent_proxy_is_left_alone_for_a_minute(proxy, through, scheme, monkeypatch):
    monkeypatch.setattr(proxies, "CONNECT_SECONDS", 0.05)
    proxy.hangs = True
    access = paper().with_proxy(f"{scheme}://{OUTSIDE}:3128")

    codes = [await code_of(through, f"https://{PAPER}/{n}", access) for n in range(3)]

    assert codes == [ProblemCode.PROXY_UNREACHABLE] * 3
    assert len(proxy.asked) == 1


async def test_a_site_without_encryption_is_read_through_a_proxy_too(farm, certificate, scheme):
    farm.serve("/feed.xml", "<rss/>")
    async with proxy_to(farm.port, scheme, certificate) as proxy:
        sockets = lambda policy: RedirectedSockets(CheckedSockets(policy), proxy.port)  # noqa: E731
        site = Site()
        access = Credentials.of_source(f"http://{PAPER}/").with_proxy(f"{scheme}://{OUTSIDE}:9")
        async with fetcher_to(site, certificate, sockets=sockets) as fetcher:
            response = await fetcher.fetch(
                f"http://{PAPER}/feed.xml", inside=False, public=True, access=access
            )

    assert response.body == b"<rss/>"
    assert farm.asked[0][1]["Host"] == PAPER


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 Yes\r\n\r\nmore", id="more than its answer"),
        pytest.param(b"HTTP/1.1 200 Yes\r\n" + b"X: y\r\n" * 9_000, id="endless headers"),
        pytest.param(b"HTTP/1.1 2\r\n\r\n", id="half a status"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="another protocol"),
        pytest.param(b"\x05", id="half an answer"),
        pytest.param(b"\x05\x00\x05\x00\x00\x09" + bytes(99), id="an unknown kind of address"),
        pytest.param(b"\x04\x00\x04\x00", id="another version"),
        pytest.param(b"\x05\x00\x05\x00\x00\x03\xff", id="half a name"),
        pytest.param(bytes(range(256)) * 99, id="noise"),
    ],
)
async def test_a_proxy_that_answers_nonsense_fails_its_source_alone(
    site, certificate, scheme, said, monkeypatch
):
    monkeypatch.setattr(proxies, "CONNECT_SECONDS", 5)

    async def speak(reader, writer) -> None:
        await reader.read(100)
        writer.write(said)
        await writer.drain()

    proxy = FakeProxy(site.port)
    async with serving_proxy(proxy, speak):
        sockets = lambda policy: RedirectedSockets(CheckedSockets(policy), proxy.port)  # noqa: E731
        access = ALL.with_proxy(f"{scheme}://{OUTSIDE}:3128")
        async with fetcher_to(site, certificate, sockets=sockets) as fetcher:
            code = await code_of(fetcher, f"https://{PAPER}/", access)

    assert code in {
        ProblemCode.PROXY_INVALID,
        ProblemCode.PROXY_LOGIN_REQUIRED,
        ProblemCode.PROXY_TLS_FAILED,
        *([ProblemCode.PROXY_UNREACHABLE] if scheme == "https" else []),
    }
    assert site.asked == []
