"""What comes in: from which client, how often, how large, and in which language.

- Rate limits are kept in memory by each process: they keep a mad client from the database.
- No page uses cookies, so anyone with the link may send its form. Forms that another site sends in
  a user's name are refused all the same.
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

_OWN_NETWORK_BITS = 64  # of an IPv6 address: what follows is the client's own to choose
_MOST_HOPS = 16
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class Clients:
    """Whom a request is counted for: the address that it came from, as far as that can be known.

    *trusted*: the networks of the operator's proxies. Nobody else's X-Forwarded-For is believed.
    """

    trusted: tuple[Network, ...] = _LOOPBACK

    def of(self, request: web.Request) -> str:
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
        return client_of(request.remote, forwarded, self.trusted)


def client_of(remote: str | None, forwarded: str, trusted: tuple[Network, ...] = _LOOPBACK) -> str:
    """Return the address, or for IPv6 the network, that a request is counted for.

    Each proxy appends to *forwarded* the address that called it, so the last is the nearest: it is
    followed from there as long as the address that says so is trusted.
    """
    address = _address(remote or "")
    for each in reversed(forwarded.split(",")[-_MOST_HOPS:]):
        named = _address(each.strip())
        if named is None or address is None or not _is_in(address, trusted):
            break
        address = named
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _OWN_NETWORK_BITS), strict=False))
    return str(address)


def _is_in(address: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; one of IPv4 that comes in one of IPv6 (RFC 4291, 2.5.5.2) is itself."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@dataclass(eq=False)
class RateLimit:
    """A few requests of each client at once, then evenly (GCRA, ITU-T I.371).

    Beyond *most* clients the one not seen for longest is forgotten.
    """

    per_minute: int = 30
    at_once: int = 30
    most: int = 10_000
    clock: Callable[[], float] = time.monotonic
    _arrivals: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def take(self, client: str) -> float:
        """Count a request of *client*; return 0, or the seconds for which it must wait."""
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


# Of one client and process: for any page, and for previews while a query is typed.
CALLS_PER_MINUTE, CALLS_AT_ONCE = 600, 300
PREVIEWS_PER_MINUTE, PREVIEWS_AT_ONCE = 60, 40
# Each takes up to a quarter of a second; users who type must not hold up those who read.
SEARCHES_AT_ONCE = 2
# Not of the site: probes, and what Telegram sends, whose few addresses speak for all users.
_UNCOUNTED = ("/healthz", "/readyz", "/metrics", f"/{Purpose.UPDATES}/")


def rate_limiting(
    clients: Clients, rate_limit: RateLimit, uncounted: Collection[str]
) -> Middleware:
    """Return the middleware that limits how often one client may ask for any page.

    *uncounted*: the paths of routes to which POST counts for something else.
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
    """Count one more request of *client*; raise 429 if that is too many."""
    if wait := rate_limit.take(client):
        raise web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait) + 1)})


LARGEST_FORM = 4096  # bytes
BODY_SECONDS = 10.0  # in which all of it must have come, so that no trickle holds a place
_MOST_FIELDS = 20
# Under our referrer policy a browser hides even our own origin.
_HIDDEN = "null"


def check_sender(request: web.Request, origin: str) -> None:
    """Raise 403 for a form that a page outside *origin* (`https://news.example.org`) sends."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise web.HTTPForbidden
    if request.headers.get("Origin", _HIDDEN) not in {origin, _HIDDEN}:
        raise web.HTTPForbidden


@dataclass(eq=False)
class HeldBodies:
    """Bounds the bytes of bodies that are held at once, *most* for all clients together."""

    most: int = 20_000_000
    _held: int = 0

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Hold *size* bytes for the block; raise 503 if there is no room for them."""
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
    """Pushes that are being read: one of a source, and *most* of public and of private feeds each.

    Users can name hubs of their own, which must not take the slots of public sources.
    """

    most: int = 16
    forged: ForgedPushes = field(default_factory=ForgedPushes)
    _reading: dict[int, bool] = field(default_factory=dict)

    @contextmanager
    def slot(self, push: ExpectedPush) -> Iterator[None]:
        """Hold a slot for the block; raise 429 if the source has one, 503 if none is free."""
        if push.id in self._reading:
            raise web.HTTPTooManyRequests(headers=_BUSY)
        if sum(public is push.is_public for public in self._reading.values()) >= self.most:
            raise web.HTTPServiceUnavailable(headers=_BUSY)
        self._reading[push.id] = push.is_public
        try:
            yield
        finally:
            del self._reading[push.id]


async def read_form(request: web.Request, bodies: HeldBodies) -> Mapping[str, str]:
    """Return the fields of a form; raise 400 if no page of ours sends that."""
    async with small_body(request, bodies) as body:
        if b"%00" in body:  # no text that a database takes
            raise web.HTTPBadRequest
        try:
            return dict(parse_qsl(body.decode(), max_num_fields=_MOST_FIELDS))
        except ValueError:
            raise web.HTTPBadRequest from None


@asynccontextmanager
async def small_body(
    request: web.Request, bodies: HeldBodies, most: int = LARGEST_FORM
) -> AsyncIterator[bytes]:
    """Yield the whole body, which counts as held until the block ends; see `read_body`."""
    with bodies.room(_size_at_most(request, most)):
        body = bytearray()
        await read_body(request, body.extend, most)
        yield bytes(body)


async def read_body(
    request: web.Request, take: Callable[[bytes], object], most: int = LARGEST_FORM
) -> None:
    """Pass each part of the body to *take*, without keeping any.

    Raises 413 where it has over *most* bytes, 408 where it takes too long.
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
    except (web.RequestPayloadError, ConnectionResetError):  # not packed as it says, or broken off
        raise web.HTTPBadRequest from None


def _size_at_most(request: web.Request, most: int) -> int:
    """Return the announced size; *most* if there is none, or if the body will be unpacked."""
    size = request.content_length
    return most if size is None or "Content-Encoding" in request.headers else min(size, most)


_MOST_LANGUAGES = 20  # of a header that may be made by hand


def language_asked_for(request: web.Request, renderer: Renderer) -> str:
    """Return the code of our language that the browser prefers."""
    offered = [language.code for language in renderer.offered]
    return preferred_language(request.headers.get("Accept-Language", ""), offered)


def preferred_language(header: str, offered: Collection[str]) -> str:
    """Return the code preferred among those *offered*, English if none is (RFC 9110, 12.5.4)."""
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
