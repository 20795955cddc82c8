"""The status page: for admins of the bot, with the sign-in of the Mini App."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.subscribers.admin import ON_PAGE, get_overview
from bot.web.miniapp.authentication import NotAllowedError
from bot.web.miniapp.page import PATH, policy_of
from bot.web.pages import TemplatePage

if TYPE_CHECKING:
    from bot.web.miniapp.actions import ActionRequest
    from bot.web.miniapp.authentication import Caller
    from bot.web.pages import RouteRequest
    from bot.web.site import Site

_SECTIONS = ("stages", "problems", "errors")


async def status_page(site: Site, request: RouteRequest) -> TemplatePage:
    wanted = request.http.query.get("language") or None
    values = {
        "folder": site.root + site.app_assets.folder,
        "api": f"{site.root}{PATH}/",
        "app": site.root + PATH,
        "icon": site.root + site.assets.icon.path,
    }
    return TemplatePage("web/status.html", values, wanted, policy_of(site))


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
