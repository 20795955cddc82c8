"""The HTTP client for every feed, page and check: polite, safe from SSRF, and bounded.

No cookies, no Referer, no proxy from the environment. Redirects are followed here, not by aiohttp,
so that the address of each hop is checked and each hop waits for its host's turn.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp.resolver import DefaultResolver

from bot.sources.fetch.connection import (
    CheckedResolver,
    CheckedSockets,
    as_fetch_error,
    without_retry,
)
from bot.sources.fetch.problems import FetchError, ProblemCode, Spent
from bot.sources.fetch.proxies import ProxyConnector
from bot.sources.fetch.response import (
    METHOD_PRESERVING,
    NOT_MODIFIED,
    PERMANENT,
    Response,
    pause_for_host,
    redirect_target,
)
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.fetch.throttle import Throttle
from bot.sources.limits import (
    CONNECT_SECONDS,
    FETCH_SECONDS,
    KEEPALIVE_SECONDS,
    LARGEST_DOCUMENT,
    MAX_PUBLIC_IN_FLIGHT,
    MAX_REDIRECTS,
    MAX_USER_IN_FLIGHT,
)
from bot.sources.urls import host_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from aiohttp import SocketFactoryType
    from aiohttp.abc import AbstractResolver
    from yarl import URL

    from bot.sources.credentials import Credentials, Proxy

_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json;q=0.9, "
    "application/xml;q=0.9, text/html;q=0.8, */*;q=0.5"
)
_KEPT_HEADERS = frozenset(
    (
        "age",
        "cache-control",
        "cf-mitigated",
        "content-language",
        "content-type",
        "date",
        "expires",
        "link",
        "location",
        "retry-after",
        "server",
        "www-authenticate",
    )
)
_DEAD_PROXY_SECONDS = 60.0  # not tried again, because each try takes its slot for some seconds


@dataclass(frozen=True, slots=True)
class _Pool:
    """Connections under one address policy; pools never share a connection."""

    policy: AddressPolicy
    resolver: CheckedResolver
    session: aiohttp.ClientSession

    def is_own(self, url: URL) -> bool:
        return self.resolver.is_own(url.raw_host or "", url.port or 0)


@dataclass(frozen=True, slots=True)
class _Request:
    """A request without its address. *public*: see `Fetcher.fetch`. With a *form* it is a POST."""

    public: bool
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    access: Credentials | None = None

    def headers_for(self, url: URL) -> dict[str, str]:
        return {**self.headers, **(self.access.headers_for(str(url)) if self.access else {})}

    def redirected(self, target: str) -> _Request:
        """Return the request after a redirect: secrets never come along to another host."""
        if self.access is None or self.access.covers(target):
            return self
        return replace(self, access=self.access.without_secrets())


@dataclass(slots=True)
class _Meter:
    """The cost of a fetch so far, and the seconds that are left for it."""

    left: float
    host: str = ""
    requests: int = 0
    seconds: float = 0.0
    received: int = 0

    @property
    def spent(self) -> Spent:
        return Spent(self.requests, self.seconds, self.received)


class Fetcher:
    """Fetch inside `async with`; *user_agent* says where the operator can be reached."""

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        user_agent: str,
        resolver: AbstractResolver | None = None,
        throttle: Throttle | None = None,
        sockets: Callable[[AddressPolicy], SocketFactoryType] = CheckedSockets,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """*policy*: for the operator's sources. *sockets*: makes the opener of sockets for one.

        *tls*: the certificates to trust; None: those of the system.
        """
        self._policy = policy
        self._user_agent = user_agent
        self._given_resolver = resolver
        self._throttle = throttle or Throttle()
        self._sockets = sockets
        self._tls = tls
        self._dead_proxies: dict[Proxy, float] = {}
        self._public_slots = asyncio.Semaphore(MAX_PUBLIC_IN_FLIGHT)
        self._user_slots = asyncio.Semaphore(MAX_USER_IN_FLIGHT)

    async def __aenter__(self) -> Self:
        self._strict = self._pool(AddressPolicy())
        self._lenient = self._pool(self._policy)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._strict.session.close()
        await self._lenient.session.close()

    async def fetch(
        self,
        url: str,
        *,
        inside: bool,
        public: bool,
        etag: str | None = None,
        last_modified: str | None = None,
        access: Credentials | None = None,
    ) -> Response:
        """GET *url*; raise a FetchError if there is no response.

        *inside*: the operator's allowed networks may be reached. Never pass True for an address
        that a user chose, because it would open the operator's network to that user. A redirect
        from outside is not followed into these networks.

        *public*: on behalf of a public source or the operator, rather than of a user. Each has
        slots of its own, and a pause that a host asks a user for binds users' fetches alone.

        *access*: of the source; its secrets go to their own host only. Its proxy and User-Agent
        serve redirects to other hosts, too.
        """
        request = _Request(public, _conditions(etag, last_modified), access=access)
        response = await self._follow(url, request, inside=inside)
        return _with_validators(response, etag, last_modified)

    async def post(
        self, url: str, form: Mapping[str, str], *, inside: bool, public: bool
    ) -> Response:
        """POST *form* to *url*; only a redirect that keeps the method is followed."""
        return await self._follow(url, _Request(public, form=form), inside=inside)

    async def _follow(self, url: str, request: _Request, *, inside: bool) -> Response:
        meter = _Meter(left=float(FETCH_SECONDS))
        try:
            response = await self._follow_redirects(url, request, meter, inside=inside)
        except FetchError as error:
            error.spent, error.host = meter.spent, meter.host
            raise
        return replace(response, spent=meter.spent)

    async def _follow_redirects(
        self, url: str, request: _Request, meter: _Meter, *, inside: bool
    ) -> Response:
        at, permanent = url, url
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._send_in_turn(at, request, meter, inside=inside)
            inside = inside and response.own_network
            target = redirect_target(response)
            is_followed = request.form is None or response.status in METHOD_PRESERVING
            if target is None or not is_followed:
                is_moved = permanent != url
                return replace(response, moved_permanently_to=permanent) if is_moved else response
            if permanent == at and response.status in PERMANENT:
                permanent = target
            at, request = target, request.redirected(target)
        raise FetchError(ProblemCode.TOO_MANY_REDIRECTS, limit=MAX_REDIRECTS)

    def _pool(self, policy: AddressPolicy, proxy: Proxy | None = None) -> _Pool:
        names = self._given_resolver or DefaultResolver()
        resolver = CheckedResolver(names, policy)
        options: dict[str, Any] = {
            "limit": 0,  # slots limit requests, and waiting for a slot costs none of the time-out
            "resolver": resolver,
            "use_dns_cache": False,  # sources are fetched too seldom for a cache to help
            "ssl": self._tls or True,
        }
        connector: aiohttp.TCPConnector
        if proxy:
            connector = ProxyConnector(
                proxy,
                policy=policy,
                operators=self._policy,
                names=names,
                sockets=self._sockets,
                tls=self._tls,
                force_close=True,
                **options,
            )
        else:
            connector = aiohttp.TCPConnector(
                keepalive_timeout=KEEPALIVE_SECONDS, socket_factory=self._sockets(policy), **options
            )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            middlewares=(without_retry,),
            headers={"User-Agent": self._user_agent, "Accept": _ACCEPT},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            max_line_size=16_384,
            max_field_size=16_384,
        )
        return _Pool(policy, resolver, session)

    async def _send_in_turn(
        self, text: str, request: _Request, meter: _Meter, *, inside: bool
    ) -> Response:
        """Send one request, once it is its host's turn; return its response."""
        meter.host = ""
        pool = self._lenient if inside else self._strict
        url = pool.policy.check_url(text)
        if request.access and (proxy := request.access.proxy):
            return await self._send_by_proxy(proxy, pool.policy, url, request, meter)
        if pool.is_own(url):
            return await self._send_in_slot(pool, url, request, meter)
        host = host_of(text)
        try:
            async with self._throttle.turn(host, public=request.public):
                meter.host = host
                response = await self._send_in_slot(pool, url, request, meter)
        finally:
            if pool.is_own(url):  # known only after the name has been resolved
                meter.host = ""
                self._throttle.free(host)
        if not response.own_network and (
            pause := pause_for_host(response.status, response.headers, datetime.now(UTC))
        ):
            self._throttle.block(host, pause, public=request.public)
        return response

    async def _send_by_proxy(
        self, proxy: Proxy, policy: AddressPolicy, url: URL, request: _Request, meter: _Meter
    ) -> Response:
        """Send one request through *proxy*, in the host's turn.

        A failure does not count against the host, which others reach without this proxy. A proxy
        that was not reached is left alone for a minute.
        """
        now, host = asyncio.get_running_loop().time(), host_of(str(url))
        if self._dead_proxies.get(proxy, 0.0) > now:
            raise FetchError(ProblemCode.PROXY_UNREACHABLE)
        pool = self._pool(policy, proxy)
        async with pool.session:
            try:
                async with self._throttle.turn(host, public=request.public):
                    return await self._send_in_slot(pool, url, request, meter)
            except FetchError as error:
                if error.problem.code is ProblemCode.PROXY_UNREACHABLE:
                    until = asyncio.get_running_loop().time() + _DEAD_PROXY_SECONDS
                    alive = {each: at for each, at in self._dead_proxies.items() if at > now}
                    self._dead_proxies = {**alive, proxy: until}
                raise

    async def _send_in_slot(
        self, pool: _Pool, url: URL, request: _Request, meter: _Meter
    ) -> Response:
        loop = asyncio.get_running_loop()
        async with self._public_slots if request.public else self._user_slots:
            begun = loop.time()
            meter.requests += 1
            try:
                async with asyncio.timeout(meter.left):
                    return await _send(pool, url, request, meter)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise as_fetch_error(error) from error
            finally:
                took = loop.time() - begun
                meter.seconds += took
                meter.left = max(meter.left - took, 0.1)


async def _send(pool: _Pool, url: URL, request: _Request, meter: _Meter) -> Response:
    method = "GET" if request.form is None else "POST"
    sending = pool.session.request(
        method, url, headers=request.headers_for(url), data=request.form, allow_redirects=False
    )
    async with sending as received:
        kept = {
            lower: value
            for name, value in received.headers.items()
            if (lower := name.lower()) in _KEPT_HEADERS
        }
        for several in kept.keys() & {"link", "www-authenticate"}:
            kept[several] = ", ".join(received.headers.getall(several))
        response = Response(
            status=received.status,
            url=str(url),
            headers=kept,
            etag=_storable(received.headers.get("ETag")),
            last_modified=_storable(received.headers.get("Last-Modified")),
            own_network=pool.is_own(url),
            with_login=request.access is not None and request.access.has_secrets_for(str(url)),
        )
        # The body of a redirect is useless and is not read.
        if received.status == NOT_MODIFIED or redirect_target(response) is not None:
            return response
        return replace(response, body=await _read_body(received, meter))


async def _read_body(received: aiohttp.ClientResponse, meter: _Meter) -> bytes:
    """Read the decoded body; stop at the limit, which applies to the unpacked size."""
    too_big = FetchError(ProblemCode.RESPONSE_TOO_BIG, megabytes=LARGEST_DOCUMENT // 1_000_000)
    if (received.content_length or 0) > LARGEST_DOCUMENT:
        raise too_big
    parts: list[bytes] = []
    size = 0
    async for part in received.content.iter_any():
        size += len(part)
        meter.received += len(part)
        if size > LARGEST_DOCUMENT:
            raise too_big
        parts.append(part)
    return b"".join(parts)


def _conditions(etag: str | None, last_modified: str | None) -> dict[str, str]:
    headers = {}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    return headers


def _with_validators(response: Response, etag: str | None, last_modified: str | None) -> Response:
    """Add the sent validators to a 304 that has none, because they still hold."""
    if not response.not_modified or (response.etag and response.last_modified):
        return response
    return replace(
        response,
        etag=response.etag or etag,
        last_modified=response.last_modified or last_modified,
    )


def _storable(validator: str | None) -> str | None:
    """Return *validator*; None if it is not printable and could not be sent back unchanged."""
    if validator is None or not validator.isprintable():
        return None
    return validator
