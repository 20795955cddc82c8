"""The addresses under `/app` that the page calls; they answer with JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from aiohttp import web

from bot.matching.query import QueryError
from bot.rendering.autolinks import without_joiners
from bot.rendering.filters import local
from bot.subscribers import maintenance
from bot.subscribers.errors import NotATime, NotAZone, UserError
from bot.web.miniapp.actions import ACTIONS, ActionRequest, BadActionError
from bot.web.miniapp.authentication import NotAllowedError, caller_of
from bot.web.miniapp.page import bot_status
from bot.web.miniapp.views import PREVIEWS, chat_state
from bot.web.pages import Maintained, RateClass
from bot.web.requests import small_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from bot.rendering.renderer import Renderer
    from bot.web.miniapp.actions import ActionResult
    from bot.web.miniapp.authentication import Caller
    from bot.web.pages import Answer, RouteRequest
    from bot.web.site import Site

    # Returns the answer for a user with access.
    Action: TypeAlias = Callable[[Site, Caller, ActionRequest], Awaitable[dict[str, Any]]]


# In the chat a button asks for these, on the page a text field.
_TYPED_HERE: dict[type[Exception], str] = {
    NotAZone: "chat/questions.html#zone_again",
    NotATime: "chat/questions.html#quiet_again",
}
_LARGEST_REQUEST = 8192  # bytes; enough for a query of 1,000 characters, all of them escaped


def handlers() -> Iterator[
    tuple[str, Callable[[Site, RouteRequest], Awaitable[Answer]], RateClass]
]:
    """Yield the last part of each address, its handler and its rate class."""
    yield "state", _handler(_state), RateClass.USER
    yield "bot_status", _handler(bot_status), RateClass.USER
    for name, preview in PREVIEWS.items():
        yield name, _handler(preview, RateClass.PREVIEW), RateClass.PREVIEW
    for name in ACTIONS:
        yield name, _handler(_action(name)), RateClass.USER


async def _state(site: Site, caller: Caller, _request: ActionRequest) -> dict[str, Any]:
    return await chat_state(site.resources, caller.user, caller.renderer)


def _action(name: str) -> Action:
    async def act(site: Site, caller: Caller, request: ActionRequest) -> dict[str, Any]:
        found = None if caller.user.is_admin else await maintenance.current(site.resources.storage)
        if found:
            raise Maintained(found, caller.user.now)
        result = await ACTIONS[name](site, caller.user, request)
        state = await _state(site, caller, request)
        return state | _result(caller.renderer, result)

    return act


def _handler(
    action: Action, rate_class: RateClass = RateClass.USER
) -> Callable[[Site, RouteRequest], Awaitable[web.Response]]:
    """Return the handler that identifies the user, calls *action*, and reports errors."""

    async def handle(site: Site, request: RouteRequest) -> web.Response:
        try:
            caller = await caller_of(site, request.http)
        except NotAllowedError as error:
            return _refused(error)
        rate_limit = site.preview_limit if rate_class is RateClass.PREVIEW else site.rate_limit
        if wait := rate_limit.take(str(caller.user.user_id)):
            return _too_many(caller.renderer, wait)
        try:
            async with small_body(request.http, site.bodies, _LARGEST_REQUEST) as body:
                fields = ActionRequest.read(body)
            return _json(await action(site, caller, fields))
        except NotAllowedError as error:
            return _refused(error)
        except BadActionError:
            raise web.HTTPBadRequest from None
        except (Maintained, QueryError, UserError) as error:
            return _not_done(caller, error)

    return handle


def _refused(error: NotAllowedError) -> web.Response:
    return _json({"error": error.sentence}, status=error.status)


def _not_done(caller: Caller, error: Maintained | QueryError | UserError) -> web.Response:
    """Return the sentence of *error*; no template of an error has buttons."""
    message, user = caller.renderer.message, caller.user
    match error:
        case Maintained():
            clock: dict[str, Any] = {"zone": user.zone, "today": local(user.now, user.zone).date()}
            template, found = "chat/errors.html#maintenance", error.maintenance
            said = {"error": message(template, maintenance=found, **clock).text}
            headers = {"Retry-After": error.headers["Retry-After"]}
            return _json(said, status=error.status, headers=headers)
        case QueryError():
            template = "web/app_parts.html#query_problem"
        case _:
            template = _TYPED_HERE.get(type(error), error.template)
    return _json({"error": message(template, error=error).text}, status=409)


def _json(answer: dict[str, Any], **more: Any) -> web.Response:
    """Leave out the joiners that keep Telegram from making links, because the page makes none."""
    text = without_joiners(json.dumps(answer, ensure_ascii=False))
    return web.json_response(text=text, **more)


def _result(renderer: Renderer, result: ActionResult) -> dict[str, Any]:
    message = ""
    if result.done:
        done, name = result.done, result.name
        message = renderer.message("web/app_parts.html#done", done=done, name=name).text
    return {
        "message": message,
        "undo": result.undo and {"act": result.undo[0], "fields": result.undo[1]},
        "replacement": result.replacement,
    }


def _too_many(renderer: Renderer, wait: float) -> web.Response:
    sentence = renderer.message("web/app_parts.html#slower").text
    headers = {"Retry-After": str(int(wait) + 1)}
    return _json({"error": sentence}, status=429, headers=headers)
