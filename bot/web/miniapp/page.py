"""The pages of the Mini App, which load nothing from other sites.

The status page is for admins of the bot, with the sign-in of the Mini App.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from babel.dates import get_day_names

from bot.rendering.i18n import ENGLISH
from bot.subscribers.admin import ON_PAGE, get_overview
from bot.subscribers.timezones import SUGGESTED
from bot.web.miniapp.authentication import NotAllowedError
from bot.web.pages import TemplatePage
from bot.web.requests import language_asked_for

if TYPE_CHECKING:
    from datetime import datetime

    from bot.rendering.i18n import Language
    from bot.web.miniapp.actions import ActionRequest
    from bot.web.miniapp.authentication import Caller
    from bot.web.pages import RouteRequest
    from bot.web.site import Site

PATH = "/app"
STATUS_PATH = f"{PATH}/status"
# Telegram's web clients show an app in a frame.
_TELEGRAM = ("https://web.telegram.org", "https://*.telegram.org")
_DAYS = range(7)


@dataclass(frozen=True, slots=True)
class AppLinks:
    """The value `links` of both pages: where their files and their API are."""

    folder: str
    app: str
    api: str
    icon: str


@dataclass(frozen=True, slots=True)
class AppValues:
    """The value `app` of the template; *days*: short and full names, from Monday on."""

    status: str
    days: tuple[tuple[str, str], ...]
    zones: tuple[str, ...]
    now: datetime
    languages: tuple[Language, ...] = (ENGLISH,)


async def app_page(site: Site, request: RouteRequest) -> TemplatePage:
    renderer = site.resources.renderer
    wanted = request.http.query.get("language") or None
    renderer = renderer.of(wanted or language_asked_for(request.http, renderer))
    app = AppValues(
        status=site.root + STATUS_PATH,
        days=day_names(renderer.language.locale),
        zones=SUGGESTED,
        now=site.clock(),
        languages=renderer.offered,
    )
    values = {"links": _links(site), "app": app, "bot_link": await site.bot_link()}
    return TemplatePage("web/app.html", values, wanted, policy_of(site))


def _links(site: Site) -> AppLinks:
    return AppLinks(
        folder=site.root + site.app_assets.folder,
        app=site.root + PATH,
        api=f"{site.root}{PATH}/",
        icon=site.root + site.assets.icon.path,
    )


def policy_of(site: Site) -> dict[str, str]:
    """Return the header with the content policy: only our scripts, only in Telegram's frames."""
    frames = (*_TELEGRAM, *(site.app.frames if site.app else ()))
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'; "
        f"frame-ancestors {' '.join(frames)}"
    )
    return {"Content-Security-Policy": policy}


def day_names(locale: str) -> tuple[tuple[str, str], ...]:
    """Return short and full names, from Monday on."""
    short = get_day_names("abbreviated", "stand-alone", locale)
    full = get_day_names("wide", "stand-alone", locale)
    return tuple((short[day], full[day]) for day in _DAYS)


_SECTIONS = ("stages", "problems", "errors")


async def status_page(site: Site, request: RouteRequest) -> TemplatePage:
    wanted = request.http.query.get("language") or None
    return TemplatePage("web/status.html", {"links": _links(site)}, wanted, policy_of(site))


async def bot_status(site: Site, caller: Caller, _request: ActionRequest) -> dict[str, Any]:
    """Return what `/admin` shows, with more sources and errors.

    Raises NotAllowedError for users who are no admins.
    """
    renderer = caller.renderer
    if not caller.user.is_admin:
        refused = renderer.message("web/status_parts.html#for_admins")
        raise NotAllowedError(403, refused.text)
    resources = site.resources
    overview = await get_overview(
        resources.storage, started_at=resources.started_at, errors=resources.errors, most=ON_PAGE
    )

    def lines(part: str) -> list[str]:
        messages = renderer.messages(f"web/status_parts.html#{part}", overview=overview)
        return [line for message in messages for line in message.text.splitlines() if line]

    return {
        "language": renderer.language.code,
        "isWell": overview.is_well,
        "summary": "\n".join(lines("summary")),
        "sections": [found for part in _SECTIONS if (found := lines(part))],
    }
