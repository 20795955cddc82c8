"""Pages for what cannot be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from bot.web.opening import Gone
from storage.db.engine import DatabaseError

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from bot.web.pages import Pages

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
            # Not the whole path: who can read the log is not to have the address.
            log.warning("a page was not to be had", page=request.path[:3], reason=str(error))
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
