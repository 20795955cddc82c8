"""The one way out: every feed, page and check is fetched here, politely, guarded and bounded.

No cookies, no Referer, no proxy from the environment. Redirects are followed here, not by the
client, so that each hop is checked and waits for its host's turn.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

import aiohttp
from aiohttp.resolver import DefaultResolver

from bot.sources.getting.answers import Answer
from bot.sources.getting.connecting import Resolver, Sockets, once, translated
from bot.sources.getting.failures import TooBig, TooManyRedirects
from bot.sources.getting.guard import Guard
from bot.sources.getting.redirects import KEEP_THE_METHOD, PERMANENT, target_of
from bot.sources.getting.spacing import Spacing
from bot.sources.getting.wishes import pause_of_host
from bot.sources.urls import host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohappyeyeballs import SocketFactoryType
    from aiohttp.abc import AbstractResolver
    from yarl import URL

CONNECT_SECONDS: Final = 5
TOTAL_SECONDS: Final = 15
LARGEST_BODY: Final = 10_000_000  # bytes, decoded
MOST_REDIRECTS: Final = 5
KEPT_SECONDS: Final = 4  # a connection for the host's next turn; servers keep theirs 5 or more
AT_ONCE: Final = 32  # requests in flight, all hosts together

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
    )
)


@dataclass(frozen=True, slots=True)
class _Door:
    """Connections under one rule; those of another rule are never shared."""

    guard: Guard
    resolver: Resolver
    session: aiohttp.ClientSession

    def is_own(self, url: URL) -> bool:
        return self.resolver.is_own(url.host or "", url.port or 0)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What goes out beside the address; with a *form* it is a POST."""

    headers: Mapping[str, str]
    form: Mapping[str, str] | None = None


class Fetcher:
    """Fetch inside `async with`; *user_agent* holds an address where its owner can be reached."""

    def __init__(
        self,
        *,
        guard: Guard,
        user_agent: str,
        resolver: AbstractResolver | None = None,
        spacing: Spacing | None = None,
        sockets: Callable[[Guard], SocketFactoryType] = Sockets,
    ) -> None:
        """*sockets* gives what opens a socket where a guard lets it."""
        self._guard = guard
        self._user_agent = user_agent
        self._given_resolver = resolver
        self._spacing = spacing or Spacing()
        self._sockets = sockets
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def __aenter__(self) -> Self:
        self._strict = self._door(Guard())
        self._lenient = self._door(self._guard)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._strict.session.close()
        await self._lenient.session.close()

    async def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        inside: bool = False,
    ) -> Answer:
        """Ask for *url*; raise a FetchError where there is no answer.

        *inside*: the operator's exceptions hold. Never where a stranger chose the address: it
        would lead them into the operator's network. A redirect from outside leads nobody in.
        """
        sent = _Sent(_validators(etag, last_modified))
        at, permanent, left = url, url, float(TOTAL_SECONDS)
        for _ in range(MOST_REDIRECTS + 1):
            door = self._lenient if inside else self._strict
            hop, left = await self._hop(door, at, sent, left)
            inside = inside and hop.own_network
            target = target_of(hop)
            if target is None:
                answer = _with_validators(hop, etag, last_modified)
                moved = permanent if permanent != url else None
                return replace(answer, moved_permanently_to=moved)
            if permanent == at and hop.status in PERMANENT:
                permanent = target
            at = target
        raise TooManyRedirects(f"redirects more than {MOST_REDIRECTS} times")

    async def post(self, url: str, form: Mapping[str, str], *, inside: bool = False) -> Answer:
        """Send *form* to *url*; only a redirect that keeps the method is followed."""
        sent, left = _Sent({}, form), float(TOTAL_SECONDS)
        for _ in range(MOST_REDIRECTS + 1):
            door = self._lenient if inside else self._strict
            answer, left = await self._hop(door, url, sent, left)
            inside = inside and answer.own_network
            target = target_of(answer)
            if target is None or answer.status not in KEEP_THE_METHOD:
                return answer
            url = target
        raise TooManyRedirects(f"redirects more than {MOST_REDIRECTS} times")

    def _door(self, guard: Guard) -> _Door:
        resolver = Resolver(self._given_resolver or DefaultResolver(), guard)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # the slots bound it, and waiting there costs none of the time-out
                resolver=resolver,
                use_dns_cache=False,  # a source is asked too seldom for it to help
                keepalive_timeout=KEPT_SECONDS,
                socket_factory=self._sockets(guard),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            middlewares=(once,),
            headers={"User-Agent": self._user_agent, "Accept": _ACCEPT},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            max_line_size=16_384,
            max_field_size=16_384,
        )
        return _Door(guard, resolver, session)

    async def _hop(self, door: _Door, text: str, sent: _Sent, left: float) -> tuple[Answer, float]:
        """One request; return its answer and the seconds that are left for the next."""
        url = door.guard.check_url(text)
        if door.is_own(url):
            return await self._timed(door, url, sent, left)
        host = host_of(text)
        async with self._spacing.turn(host):
            answer, left = await self._timed(door, url, sent, left)
            if pause := pause_of_host(answer.status, answer.headers, datetime.now(UTC)):
                self._spacing.hold(host, pause)
            return answer, left

    async def _timed(self, door: _Door, url: URL, sent: _Sent, left: float) -> tuple[Answer, float]:
        loop = asyncio.get_running_loop()
        async with self._slots:
            begun = loop.time()
            try:
                async with asyncio.timeout(left):
                    answer = await _request(door, url, sent)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise translated(error) from error
            return answer, max(left - (loop.time() - begun), 0.1)


async def _request(door: _Door, url: URL, sent: _Sent) -> Answer:
    method = "GET" if sent.form is None else "POST"
    asking = door.session.request(
        method, url, headers=sent.headers, data=sent.form, allow_redirects=False
    )
    async with asking as response:
        kept = {
            name.lower(): value
            for name, value in response.headers.items()
            if name.lower() in _KEPT_HEADERS
        }
        if links := response.headers.getall("Link", ()):
            kept["link"] = ", ".join(links)
        answer = Answer(
            status=response.status,
            url=str(url),
            headers=kept,
            etag=_storable(response.headers.get("ETag")),
            last_modified=_storable(response.headers.get("Last-Modified")),
            own_network=door.is_own(url),
        )
        if target_of(answer) is not None:
            return answer  # what a redirect says beside its target is nobody's business
        return replace(answer, body=await _bounded(response))


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """Read the decoded body; stop at the limit, however small it was when it was packed."""
    too_big = TooBig(f"gives more than {LARGEST_BODY // 1_000_000} MB")
    if (response.content_length or 0) > LARGEST_BODY:
        raise too_big
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > LARGEST_BODY:
            raise too_big
        parts.append(part)
    return b"".join(parts)


def _validators(etag: str | None, last_modified: str | None) -> dict[str, str]:
    headers = {}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    return headers


def _with_validators(answer: Answer, etag: str | None, last_modified: str | None) -> Answer:
    """A 304 may come without validators; those that were sent still hold then."""
    if not answer.not_modified:
        return answer
    return replace(
        answer,
        etag=answer.etag or etag,
        last_modified=answer.last_modified or last_modified,
    )


def _storable(validator: str | None) -> str | None:
    """None for bytes that are no text: they could not be sent back as they came."""
    if validator is None or not validator.isprintable():
        return None
    return validator
