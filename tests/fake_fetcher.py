"""A fetcher that sends no request: it replies as the test tells it, and records requests."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.sources.credentials import Credentials
from bot.sources.fetch.problems import NOTHING_SPENT, FetchError, ProblemCode, Spent
from bot.sources.fetch.response import Response


@dataclass(frozen=True)
class Request:
    """A call of `fetch` with its arguments, or one of `post` with its form."""

    url: str
    inside: bool
    public: bool
    etag: str | None = None
    last_modified: str | None = None
    form: Mapping[str, str] | None = None
    access: Credentials | None = None


Respond: TypeAlias = "Callable[[Request], Awaitable[Reply]]"
Reply: TypeAlias = "Response | int | bytes | str | Exception | Respond"
"""A response, a status, a body, an error to raise, or a function that returns one of these."""


@dataclass
class FakeFetcher:
    """Replies to a URL from *replies*, else with *otherwise*.

    *headers* and *spent* apply to replies that are not a whole `Response`; *spent* applies to
    errors too. *before_reply* is awaited with each request: it may wait for an event, or act while
    a request is in flight.
    """

    replies: dict[str, Reply] = field(default_factory=dict)
    otherwise: Reply = 304
    headers: Mapping[str, str] = field(default_factory=dict)
    spent: Spent = NOTHING_SPENT
    before_reply: Callable[[Request], Awaitable[object]] | None = None
    requests: list[Request] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        """The URLs that were requested, in order."""
        return [request.url for request in self.requests]

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
        return await self._respond(Request(url, inside, public, etag, last_modified, access=access))

    async def post(
        self, url: str, form: Mapping[str, str], *, inside: bool, public: bool
    ) -> Response:
        return await self._respond(Request(url, inside, public, form=form))

    async def _respond(self, request: Request) -> Response:
        self.requests.append(request)
        if self.before_reply:
            await self.before_reply(request)
        reply = self.replies.get(request.url, self.otherwise)
        while callable(reply):
            reply = await reply(request)
        if isinstance(reply, FetchError) and self.spent != NOTHING_SPENT:
            reply.spent = self.spent
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, Response):
            return reply
        status, body = (reply, b"") if isinstance(reply, int) else (200, reply)
        body = body.encode() if isinstance(body, str) else body
        return Response(status, request.url, self.headers, body, spent=self.spent)


def web_pages(replies: dict[str, Reply] | None = None) -> FakeFetcher:
    """Return a fetcher that finds an HTML page at every URL without a reply of its own."""
    return FakeFetcher(replies or {}, b"<html>", {"content-type": "text/html"})


def time_out(url: str = "") -> FetchError:
    """Return a time-out; with *url*, a time-out of that host, which is then avoided for a while."""
    error = FetchError(ProblemCode.TIMED_OUT)
    error.host = url.split("/")[2] if url else ""
    return error
