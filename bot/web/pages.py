"""The way from a request to a response, for all routes of the site.

A route names its address and its rate class. Before its handler is called, the signed token in the
address is verified, the request is counted, and the form is read. The handler returns a page, a
response of its own, or None if the page is gone. Errors become pages with a remedy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog
from aiohttp import web

from bot.rendering.links import ExpiredError, ForgedError, Purpose
from bot.subscribers import maintenance
from bot.web.requests import check_sender, count, language_asked_for, read_form
from storage.db.problems import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from aiohttp.typedefs import Handler, Middleware

    from bot.web.site import Site
    from storage.maintenance import Maintenance

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PageLinks:
    """The value `site` of the layout of pages; *here* is the address of the page and its forms."""

    style: str
    icon: str
    here: str


class RateClass(StrEnum):
    """The rate limit that a request counts for. The limits are in `requests`."""

    CLIENT = "client"  # of its client, for all pages
    FORM = "form"  # of its client, with a stricter limit for forms
    MAILBOX = "mailbox"  # of the mailbox alone, because mail services call from few addresses
    USER = "user"  # of its client, and of the user of the Mini App
    PREVIEW = "preview"  # like USER, with a limit of its own


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """A request with the subject of its token and the fields of its form."""

    http: web.Request
    subject: tuple[str, ...] = ()
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TemplatePage:
    """*language*: a tag, or None for the language that the browser prefers."""

    template: str
    values: Mapping[str, Any]
    language: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


Answer: TypeAlias = "TemplatePage | web.StreamResponse | None"


@dataclass(frozen=True, slots=True)
class Route:
    """*purpose*: that of the signed token in its path; None: there is no token."""

    method: str
    path: str
    handler: Callable[[Site, RouteRequest], Awaitable[Answer]]
    purpose: Purpose | None = None
    rate_class: RateClass = RateClass.CLIENT
    allow_head: bool = True

    def definition(self, site: Site) -> web.RouteDef:
        options = {"allow_head": self.allow_head} if self.method == "GET" else {}
        return web.RouteDef(self.method, self.path, self._handler_on(site), options)

    def _handler_on(self, site: Site) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            subject = read_token(site, self.purpose, request) if self.purpose else ()
            if self.rate_class is RateClass.MAILBOX:
                count(site.rate_limit, f"mailbox {subject[0]}")
            form: Mapping[str, str] = {}
            if self.rate_class is RateClass.FORM:
                check_sender(request, site.origin)
                count(site.rate_limit, site.clients.of(request))
                form = await read_form(request, site.bodies)
                await _refuse_if_maintained(site)
            answer = await self.handler(site, RouteRequest(request, subject, form))
            if answer is None:
                raise Gone(self.purpose)
            return show(site, request, answer) if isinstance(answer, TemplatePage) else answer

        return handle


class Maintained(web.HTTPServiceUnavailable):
    """The bot is under maintenance, so nothing may be changed."""

    def __init__(self, found: Maintenance, now: datetime) -> None:
        seconds = max(1, ceil((found.until - now).total_seconds()))
        super().__init__(headers={"Retry-After": str(seconds)})
        self.maintenance = found


async def _refuse_if_maintained(site: Site) -> None:
    if found := await maintenance.current(site.resources.storage):
        raise Maintained(found, site.clock())


class Gone(web.HTTPGone):
    """The page has expired, or was revoked or deleted."""

    def __init__(self, purpose: Purpose | None) -> None:
        super().__init__()
        self.purpose = purpose


def read_token(site: Site, purpose: Purpose, request: web.Request) -> tuple[str, ...]:
    """Return the subject of the token. Raises 404 if it is forged, 410 if it has expired."""
    token = request.match_info["token"]
    try:
        return site.resources.links.signer.verify(purpose, token, site.clock())
    except ForgedError:
        raise web.HTTPNotFound from None
    except ExpiredError:
        raise Gone(purpose) from None


def show(site: Site, request: web.Request, page: TemplatePage) -> web.Response:
    """Render *page* in its language."""
    headers = dict(page.headers)
    language = page.language
    if language is None:
        language = language_asked_for(request, site.resources.renderer)
        headers["Vary"] = "Accept-Language"
    links = PageLinks(
        style=site.root + site.assets.style.path,
        icon=site.root + site.assets.icon.path,
        here=site.root + request.rel_url.raw_path,
    )
    text = site.resources.renderer.of(language).text(page.template, site=links, **page.values)
    return web.Response(text=text, content_type="text/html", status=page.status, headers=headers)


def see_other(site: Site, request: web.Request, **query: str) -> web.Response:
    """Redirect to the page of the form, so that reloading the page sends no form."""
    page = request.rel_url.with_query(query)
    return web.Response(status=303, headers={"Location": f"{site.root}{page}"})


_FIRST_ERROR = 400
_HEADERS_KEPT = ("Allow", "Retry-After")
_RETRY_SECONDS = "60"


def error_pages(site: Site) -> Middleware:
    """Return the middleware that turns errors into pages."""

    def page(
        request: web.Request, status: int, headers: dict[str, str], error: Exception | None = None
    ) -> web.Response:
        purpose = error.purpose if isinstance(error, Gone) else None
        until = error.maintenance.until if isinstance(error, Maintained) else None
        values = {"code": status, "purpose": purpose, "until": until, "now": site.clock()}
        shown = TemplatePage("web/error.html", values, headers=headers, status=status)
        return show(site, request, shown)

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < _FIRST_ERROR:
                raise
            headers = {name: error.headers[name] for name in _HEADERS_KEPT if name in error.headers}
            return page(request, error.status, headers, error)
        except (DatabaseError, OSError) as error:
            # Only the start of the path, because the log must not contain the token.
            log.warning("a page cannot be shown", page=request.path[:3], reason=str(error))
            return page(request, 503, {"Retry-After": _RETRY_SECONDS})

    return answer
