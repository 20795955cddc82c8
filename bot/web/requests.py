"""Requests: the client, rate limits, body and language.

- Each process keeps its rate limits in memory. They protect the database from a runaway client.
- No page uses cookies, so anyone with the link may send its form. Forms that another site sends in
  a user's name are refused nevertheless.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qsl

from aiohttp import web

from bot.rendering.i18n import ENGLISH, language_for
from bot.rendering.links import Purpose
from bot.sources.fetch.websub import ForgedPushes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping

    from aiohttp.typedefs import Handler, Middleware

    from bot.rendering.renderer import Renderer
    from storage.websub import ExpectedPush

Network: TypeAlias = IPv4Network | IPv6Network

_OWN_NETWORK_BITS = 64  # of an IPv6 address; a client chooses the other bits itself
_MOST_HOPS = 16
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class Clients:
    """Finds the client of a request by its address, for rate limits.

    *trusted*: the networks of the operator's proxies. X-Forwarded-For is ignored from all others.
    """

    trusted: tuple[Network, ...] = _LOOPBACK

    def of(self, request: web.Request) -> str:
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
        return client_of(request.remote, forwarded, self.trusted)


def client_of(remote: str | None, forwarded: str, trusted: tuple[Network, ...] = _LOOPBACK) -> str:
    """Return the address of the client, or its network for IPv6.

    Each proxy appends the address of its caller to *forwarded*. The list is read from its end, as
    long as the address that appended an entry is trusted.
    """
    address = _address(remote or "")
    for hop in reversed(forwarded.split(",")[-_MOST_HOPS:]):
        caller = _address(hop.strip())
        if caller is None or address is None or not _is_in(address, trusted):
            break
        address = caller
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _OWN_NETWORK_BITS), strict=False))
    return str(address)


def _is_in(address: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; one of IPv4 may be mapped to IPv6 (RFC 4291, 2.5.5.2)."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@dataclass(eq=False)
class RateLimit:
    """Allows each client a burst of requests, then an even rate (GCRA, ITU-T I.371).

    If there are more than *most* clients, the one seen longest ago is forgotten.
    """

    per_minute: int = 30
    at_once: int = 30
    most: int = 10_000
    clock: Callable[[], float] = time.monotonic
    _arrivals: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def take(self, client: str) -> float:
        """Count a request of *client*; return 0, or the seconds to wait."""
        now, interval = self.clock(), 60 / self.per_minute
        arrival = max(self._arrivals.get(client, now), now) + interval
        wait = arrival - now - self.at_once * interval
        if wait > 0:
            return wait
        self._arrivals[client] = arrival
        self._arrivals.move_to_end(client)
        if len(self._arrivals) > self.most:
            self._arrivals.popitem(last=False)
        return 0.0


# Per client and process: for all pages, and for previews while a query is typed.
CALLS_PER_MINUTE, CALLS_AT_ONCE = 600, 300
PREVIEWS_PER_MINUTE, PREVIEWS_AT_ONCE = 60, 40
# A search takes up to a quarter of a second, and must not delay readers of pages.
SEARCHES_AT_ONCE = 2
# Probes, and updates from Telegram, which sends those of all users from a few addresses.
_UNCOUNTED = ("/healthz", "/readyz", "/metrics", f"/{Purpose.UPDATES}/")


def rate_limiting(
    clients: Clients, rate_limit: RateLimit, uncounted: Collection[str]
) -> Middleware:
    """Return the middleware that limits the requests of one client.

    *uncounted*: the paths of routes whose POST requests have a limit of their own.
    """

    @web.middleware
    async def pace(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        path = resource.canonical if resource and request.method == "POST" else ""
        if path not in uncounted and not request.path.startswith(_UNCOUNTED):
            count(rate_limit, clients.of(request))
        return await handler(request)

    return pace


def count(rate_limit: RateLimit, client: str) -> None:
    """Count a request of *client*. Raises 429 if there are too many."""
    if wait := rate_limit.take(client):
        raise web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait) + 1)})


LARGEST_FORM = 4096  # bytes
BODY_SECONDS = (
    10.0  # for the whole body, so that a slow client does not keep the reserved bytes for long
)
_MOST_FIELDS = 20
# Because of our referrer policy, a browser hides even our own origin.
_HIDDEN = "null"


def check_sender(request: web.Request, origin: str) -> None:
    """Raise 403 if a page outside *origin* (`https://news.example.org`) sent the form."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise web.HTTPForbidden
    if request.headers.get("Origin", _HIDDEN) not in {origin, _HIDDEN}:
        raise web.HTTPForbidden


@dataclass(eq=False)
class HeldBodies:
    """Bounds the bytes of all bodies in memory to *most*."""

    most: int = 20_000_000
    _held: int = 0

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Reserve *size* bytes for the block. Raises 503 if there is no room."""
        if self._held + size > self.most:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})
        self._held += size
        try:
            yield
        finally:
            self._held -= size


_BUSY = {"Retry-After": "60"}


@dataclass(eq=False)
class PushSlots:
    """Slots for pushes: one per source, and *most* each for public and for private feeds.

    Users can name hubs of their own, which must not take the slots of public sources.
    """

    most: int = 16
    forged: ForgedPushes = field(default_factory=ForgedPushes)
    _reading: dict[int, bool] = field(default_factory=dict)

    @contextmanager
    def slot(self, push: ExpectedPush) -> Iterator[None]:
        """Hold a slot for the block. Raises 429 if the source has one, 503 if none is free."""
        if push.id in self._reading:
            raise web.HTTPTooManyRequests(headers=_BUSY)
        if sum(is_public is push.is_public for is_public in self._reading.values()) >= self.most:
            raise web.HTTPServiceUnavailable(headers=_BUSY)
        self._reading[push.id] = push.is_public
        try:
            yield
        finally:
            del self._reading[push.id]


async def read_form(request: web.Request, bodies: HeldBodies) -> Mapping[str, str]:
    """Return the fields of a form. Raises 400 if no page of ours sends it."""
    async with small_body(request, bodies) as body:
        if b"%00" in body:  # NUL, which no database stores
            raise web.HTTPBadRequest
        try:
            return dict(parse_qsl(body.decode(), max_num_fields=_MOST_FIELDS))
        except ValueError:
            raise web.HTTPBadRequest from None


@asynccontextmanager
async def small_body(
    request: web.Request, bodies: HeldBodies, most: int = LARGEST_FORM
) -> AsyncIterator[bytes]:
    """Yield the whole body, and reserve its size until the block ends; see `read_body`."""
    with bodies.room(_size_at_most(request, most)):
        body = bytearray()
        await read_body(request, body.extend, most)
        yield bytes(body)


async def read_body(
    request: web.Request, take: Callable[[bytes], object], most: int = LARGEST_FORM
) -> None:
    """Pass each part of the body to *take*, without keeping it.

    Raises 413 if the body has more than *most* bytes, 408 if it takes too long.
    """
    if (size := request.content_length or 0) > most:
        raise web.HTTPRequestEntityTooLarge(most, size)
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > most:
                    raise web.HTTPRequestEntityTooLarge(most, size)
                take(chunk)
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, ConnectionResetError):  # wrongly encoded, or cut off
        raise web.HTTPBadRequest from None


def _size_at_most(request: web.Request, most: int) -> int:
    """Return the announced size; *most* if there is none, or if the body is compressed."""
    size = request.content_length
    return most if size is None or "Content-Encoding" in request.headers else min(size, most)


_MOST_LANGUAGES = 20  # of a header that anyone may send


def language_asked_for(request: web.Request, renderer: Renderer) -> str:
    """Return the code of the offered language that the browser prefers."""
    offered = [language.code for language in renderer.offered]
    return preferred_language(request.headers.get("Accept-Language", ""), offered)


def preferred_language(header: str, offered: Collection[str]) -> str:
    """Return the preferred code among *offered*; English if there is none (RFC 9110, 12.5.4)."""
    wanted = [_read(part) for part in header.split(",")[:_MOST_LANGUAGES]]
    for tag, weight in sorted(wanted, key=lambda one: -one[1]):
        code = language_for(tag)
        is_ours = code != ENGLISH.code or tag.lower().startswith(ENGLISH.code)
        if weight > 0 and is_ours and code in offered:
            return code
    return ENGLISH.code


def _read(part: str) -> tuple[str, float]:
    tag, _, rest = part.partition(";")
    weight = rest.strip().removeprefix("q=")
    try:
        return tag.strip(), float(weight) if weight else 1.0
    except ValueError:
        return tag.strip(), 0.0
