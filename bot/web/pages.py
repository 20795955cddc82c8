"""Pages: templates as responses, their stylesheet and icon, signed addresses, and errors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from bot.rendering.links import ExpiredError, ForgedError, Purpose, Signer
from bot.web.requests import language_asked_for
from storage.db.engine import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp.typedefs import Handler, Middleware

    from bot.rendering.renderer import Renderer

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True, slots=True)
class Asset:
    """*path* changes with the content, so that no browser keeps an old one."""

    path: str
    body: bytes
    content_type: str

    def route(self) -> web.RouteDef:
        async def give(_request: web.Request) -> web.Response:
            return web.Response(
                body=self.body,
                content_type=self.content_type,
                charset="utf-8",
                headers=_FOR_EVER,
            )

        return web.get(self.path, give)


@dataclass(frozen=True, slots=True)
class Assets:
    style: Asset
    icon: Asset

    @classmethod
    def of(cls, renderer: Renderer) -> Assets:
        return cls(
            style=_asset(renderer, "style.css", "text/css"),
            icon=_asset(renderer, "icon.svg", "image/svg+xml"),
        )

    def routes(self) -> list[web.RouteDef]:
        return [self.style.route(), self.icon.route()]


def _asset(renderer: Renderer, name: str, content_type: str) -> Asset:
    body = renderer.text(f"web/{name}").encode()
    return Asset(f"/static/{sha256(body).hexdigest()[:16]}-{name}", body, content_type)


@dataclass(frozen=True, slots=True)
class Look:
    """As `site`, to the layout of every page; *here* is where the forms of the page go."""

    style: str
    icon: str
    here: str


@dataclass(frozen=True, slots=True)
class Pages:
    """*root* is the path under which the world reaches us: "" or such as `/dateline`."""

    renderer: Renderer
    assets: Assets
    root: str = ""

    def show(
        self,
        request: web.Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        speaks: str | None = None,
        **values: Any,
    ) -> web.Response:
        """Return the page in the language of the tag *speaks*, a chat's; else in the browser's."""
        if speaks is None:
            speaks = language_asked_for(request, self.renderer)
            headers = {"Vary": "Accept-Language", **(headers or {})}
        site = Look(
            style=self.root + self.assets.style.path,
            icon=self.root + self.assets.icon.path,
            here=self.root + request.rel_url.raw_path,
        )
        text = self.renderer.of(speaks).text(template, site=site, **values)
        return web.Response(text=text, content_type="text/html", status=status, headers=headers)

    def again(self, request: web.Request, **query: str) -> web.Response:
        """Redirect to the page whose form was sent, so that reloading it sends nothing."""
        where = request.rel_url.with_query(query)
        return web.Response(status=303, headers={"Location": f"{self.root}{where}"})


class Gone(web.HTTPGone):
    """The page was there once: it expired, or was revoked or deleted."""

    def __init__(self, purpose: Purpose) -> None:
        super().__init__()
        self.purpose = purpose


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Reads the signed tokens in addresses."""

    signer: Signer
    clock: Callable[[], datetime] = now

    def read(self, purpose: Purpose, token: str) -> tuple[str, ...]:
        """Return the subject of the token; raise 404 if it is forged, 410 if it has expired."""
        try:
            return self.signer.verify(purpose, token, self.clock())
        except ForgedError:
            raise web.HTTPNotFound from None
        except ExpiredError:
            raise Gone(purpose) from None


log = structlog.get_logger(__name__)

_FIRST_ERROR = 400
_KEPT = ("Allow", "Retry-After")
_RETRY_SECONDS = "60"


def error_pages(pages: Pages) -> Middleware:
    """Return the middleware that answers errors with a page that says what to do."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < _FIRST_ERROR:
                raise
            headers = {name: error.headers[name] for name in _KEPT if name in error.headers}
            purpose = error.purpose if isinstance(error, Gone) else None
            return _page(pages, request, error.status, headers, purpose)
        except (DatabaseError, OSError) as error:
            # Not the whole path: those who can read the log must not get the address.
            log.warning("a page cannot be shown", page=request.path[:3], reason=str(error))
            return _page(pages, request, 503, {"Retry-After": _RETRY_SECONDS})

    return answer


def _page(
    pages: Pages,
    request: web.Request,
    status: int,
    headers: dict[str, str],
    purpose: str | None = None,
) -> web.Response:
    return pages.show(
        request, "web/error.html", status=status, headers=headers, code=status, purpose=purpose
    )
