"""`/app`: the page, and below it what the page asks for, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from aiohttp import web

from bot.matching.query import QueryError
from bot.rendering.autolinks import without_joiners
from bot.subscribers.errors import NotATime, NotAZone, UserError
from bot.web.app.acts import Acts, Done
from bot.web.app.entrance import TurnedAwayError
from bot.web.app.previewing import Previewing
from bot.web.app.showing import Showing
from bot.web.app.wishes import BadWishError, Wish
from bot.web.forms import small_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Handler

    from bot.rendering.renderer import Renderer
    from bot.subscribers.users import CurrentUser
    from bot.web.allowances import Allowances
    from bot.web.app.entrance import Caller, Entrance
    from bot.web.app.mini_app import MiniApp
    from bot.web.app.page import AppPage

Answering: TypeAlias = "Callable[[Caller, Wish], Awaitable[dict[str, Any]]]"
# What the chat offers as buttons, the page lets people type.
_TYPED_HERE: dict[type[Exception], str] = {
    NotAZone: "chat/questions.html#zone_again",
    NotATime: "chat/questions.html#quiet_again",
}
_LARGEST_WISH = 8192  # bytes; a query of 1,000 characters that are all escaped fits


@dataclass(frozen=True, slots=True)
class AppRoutes:
    """*typing* counts the previews of each person, *acting* all else that they ask for."""

    app: MiniApp
    entrance: Entrance
    page: AppPage
    acting: Allowances
    typing: Allowances

    def routes(self) -> list[web.RouteDef]:
        showing, previewing, acts = (
            Showing(self.app.resources),
            Previewing(self.app.resources),
            Acts(self.app),
        )

        async def state(caller: Caller, _wish: Wish) -> dict[str, Any]:
            return await showing.state(caller.user, caller.renderer)

        async def preview(caller: Caller, wish: Wish) -> dict[str, Any]:
            return await previewing.typed(caller, wish.text("words"))

        async def compare(caller: Caller, wish: Wish) -> dict[str, Any]:
            return await previewing.compared(caller, wish.row("topic"), wish.text("words"))

        async def topic(caller: Caller, wish: Wish) -> dict[str, Any]:
            return await previewing.topic(caller, wish.row("topic"))

        def acted(act: Callable[[CurrentUser, Wish], Awaitable[Done]]) -> Answering:
            async def do(caller: Caller, wish: Wish) -> dict[str, Any]:
                done = await act(caller.user, wish)
                shown = await showing.state(caller.user, caller.renderer)
                return shown | _done(caller.renderer, done)

            return do

        return [
            *self.page.routes(),
            web.post("/app/state", self._answering(state, self.acting)),
            web.post("/app/preview", self._answering(preview, self.typing)),
            web.post("/app/compare", self._answering(compare, self.typing)),
            web.post("/app/topic", self._answering(topic, self.typing)),
            *(
                web.post(f"/app/{name}", self._answering(acted(act), self.acting))
                for name, act in acts.by_name().items()
            ),
        ]

    def _answering(self, answer: Answering, allowances: Allowances) -> Handler:
        """Return the handler that lets a caller in, asks *answer*, and says what went wrong."""

        async def handle(request: web.Request) -> web.Response:
            try:
                caller = await self.entrance.caller(request)
            except TurnedAwayError as away:
                return _json({"error": away.sentence}, status=away.status)
            if wait := allowances.take(str(caller.user.user_id)):
                return _too_many(caller.renderer, wait)
            try:
                wish = Wish.read(await small_body(request, _LARGEST_WISH))
                return _json(await answer(caller, wish))
            except BadWishError:
                raise web.HTTPBadRequest from None
            except QueryError as error:
                sentence = caller.renderer.message("web/app_parts.html#wrong", error=error).text
                return _json({"error": sentence}, status=409)
            except UserError as error:
                return self._refused(caller.renderer, error)

        return handle

    def _refused(self, renderer: Renderer, error: UserError) -> web.Response:
        """Say no in the chat's words."""
        template = _TYPED_HERE.get(type(error), error.template)
        said = renderer.message(template, error=error, press=self.app.press)
        return _json({"error": said.text}, status=409)


def _json(answer: dict[str, Any], **more: Any) -> web.Response:
    """The page links nothing by itself, so what keeps Telegram from it is left out."""
    written = without_joiners(json.dumps(answer, ensure_ascii=False))
    return web.json_response(text=written, **more)


def _done(renderer: Renderer, done: Done) -> dict[str, Any]:
    said = ""
    if done.done:
        said = renderer.message("web/app_parts.html#done", done=done.done, name=done.name).text
    return {"said": said, "undo": done.undo, "became": done.became}


def _too_many(renderer: Renderer, wait: float) -> web.Response:
    sentence = renderer.message("web/app_parts.html#slower").text
    headers = {"Retry-After": str(int(wait) + 1)}
    return _json({"error": sentence}, status=429, headers=headers)
