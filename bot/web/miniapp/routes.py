"""`/app`: the page, and below it what the page asks for, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from aiohttp import web

from bot.matching.query import QueryError
from bot.rendering.autolinks import without_joiners
from bot.subscribers.errors import NotATime, NotAZone, UserError
from bot.web.miniapp.actions import ACTIONS, ActionRequest, BadActionError
from bot.web.miniapp.authentication import NotAllowedError
from bot.web.miniapp.views import Previews, chat_state
from bot.web.requests import small_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Handler

    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser
    from bot.web.miniapp.actions import ActionResult
    from bot.web.miniapp.authentication import Authentication, Caller
    from bot.web.miniapp.page import AppPage
    from bot.web.requests import RateLimit


class RenewsMenus(Protocol):
    async def renew(self, user: CurrentUser, speaks: str, *, is_chosen: bool) -> None:
        """Let the menus of the user's chat speak the language of that tag."""


@dataclass(frozen=True, slots=True)
class MiniApp:
    """*token*: the bot's, which signs who opened the app. *frames*: the sites that may embed it."""

    token: str
    resources: Resources
    menus: RenewsMenus
    frames: tuple[str, ...] = ()


Answers: TypeAlias = "Callable[[Caller, ActionRequest], Awaitable[dict[str, Any]]]"
# What the chat offers as buttons, the page lets users type.
_TYPED_HERE: dict[type[Exception], str] = {
    NotAZone: "chat/questions.html#zone_again",
    NotATime: "chat/questions.html#quiet_again",
}
_LARGEST_REQUEST = 8192  # bytes; a query of 1,000 characters that are all escaped fits


@dataclass(frozen=True, slots=True)
class AppRoutes:
    """*previewing* counts the previews of each user, *acting* all else that they ask for."""

    app: MiniApp
    authentication: Authentication
    page: AppPage
    acting: RateLimit
    previewing: RateLimit

    def routes(self) -> list[web.RouteDef]:
        previews = Previews(self.app.resources)

        async def state(caller: Caller, _request: ActionRequest) -> dict[str, Any]:
            return await chat_state(self.app.resources, caller.user, caller.renderer)

        async def preview(caller: Caller, request: ActionRequest) -> dict[str, Any]:
            return await previews.query(caller, request.text("words"))

        async def compare(caller: Caller, request: ActionRequest) -> dict[str, Any]:
            return await previews.comparison(caller, request.row("topic"), request.text("words"))

        async def topic(caller: Caller, request: ActionRequest) -> dict[str, Any]:
            return await previews.topic(caller, request.row("topic"))

        return [
            *self.page.routes(),
            web.post("/app/state", self._handler(state, self.acting)),
            web.post("/app/preview", self._handler(preview, self.previewing)),
            web.post("/app/compare", self._handler(compare, self.previewing)),
            web.post("/app/topic", self._handler(topic, self.previewing)),
            *(
                web.post(f"/app/{name}", self._handler(self._action(name), self.acting))
                for name in ACTIONS
            ),
        ]

    def _action(self, name: str) -> Answers:
        async def act(caller: Caller, request: ActionRequest) -> dict[str, Any]:
            result = await ACTIONS[name](self.app, caller.user, request)
            state = await chat_state(self.app.resources, caller.user, caller.renderer)
            return state | _result(caller.renderer, result)

        return act

    def _handler(self, answer: Answers, rate_limit: RateLimit) -> Handler:
        """Return the handler that identifies the user, calls *answer*, and says what is wrong."""

        async def handle(request: web.Request) -> web.Response:
            try:
                caller = await self.authentication.caller(request)
            except NotAllowedError as error:
                return _json({"error": error.sentence}, status=error.status)
            if wait := rate_limit.take(str(caller.user.user_id)):
                return _too_many(caller.renderer, wait)
            try:
                action = ActionRequest.read(await small_body(request, _LARGEST_REQUEST))
                return _json(await answer(caller, action))
            except BadActionError:
                raise web.HTTPBadRequest from None
            except QueryError as error:
                sentence = caller.renderer.message("web/app_parts.html#wrong", error=error).text
                return _json({"error": sentence}, status=409)
            except UserError as error:
                return self._error(caller.renderer, error)

        return handle

    def _error(self, renderer: Renderer, error: UserError) -> web.Response:
        """Say what the chat would say; no template of an error has buttons."""
        template = _TYPED_HERE.get(type(error), error.template)
        message = renderer.message(template, error=error)
        return _json({"error": message.text}, status=409)


def _json(answer: dict[str, Any], **more: Any) -> web.Response:
    """The page links nothing by itself, so what keeps Telegram from it is left out."""
    written = without_joiners(json.dumps(answer, ensure_ascii=False))
    return web.json_response(text=written, **more)


def _result(renderer: Renderer, result: ActionResult) -> dict[str, Any]:
    said = ""
    if result.done:
        done, name = result.done, result.name
        said = renderer.message("web/app_parts.html#done", done=done, name=name).text
    return {"said": said, "undo": result.undo, "became": result.became}


def _too_many(renderer: Renderer, wait: float) -> web.Response:
    sentence = renderer.message("web/app_parts.html#slower").text
    headers = {"Retry-After": str(int(wait) + 1)}
    return _json({"error": sentence}, status=429, headers=headers)
