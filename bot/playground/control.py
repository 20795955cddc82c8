"""The control API: act as a user, inject faults, read the journal and the events.

`POST /control/<verb>` calls the function of that name in `VERBS` with the fields of the JSON body.
The function's signature names the fields and their types. An error is `{"error": sentence}`, 400.
"""

import asyncio
from collections.abc import Callable
from math import isfinite
from typing import Any

from aiohttp import web
from pydantic import ConfigDict, NonNegativeInt, ValidationError, validate_call

from bot.playground.errors import ApiError, bad_request
from bot.playground.modelroom.server import AnswerMode
from bot.playground.state.flood import FloodMode
from bot.playground.state.world import World
from bot.playground.users import groups, messages, views

LONGEST_WAIT = 55.0  # seconds that /control/events waits at most
_WAIT = 25.0

Facts = dict[str, Any]


def publish(world: World, slug: str | None = None) -> Facts:
    """Publish an article in the newsroom: the next one, or the one with *slug*."""
    try:
        published = world.newsroom.publish(slug)
    except LookupError:
        raise bad_request("no such article") from None
    world.events.publish("published", article=published)
    return dict(published)


def close(world: World, publisher: str, *, closed: bool = True) -> Facts:
    """Take the feed of a publisher down for good, or put it back."""
    try:
        world.newsroom.close(publisher, closed=closed)
    except LookupError:
        raise bad_request("no such publisher") from None
    return {"closed": sorted(world.newsroom.closed)}


def update(world: World, **update: Any) -> Facts:
    """Queue an update unchecked, such as `poll={"id": "1"}`, even one that no library can read."""
    return {"update_id": world.updates.queue(update)}


def inject(
    world: World,
    fault: str,
    *,
    when: str = "before",
    method: str | None = None,
    chat_id: int | None = None,
    times: NonNegativeInt = 1,
    retry_after: NonNegativeInt = 1,
    description: str = "",
) -> Facts:
    """Inject a fault (see `Fault`) into the next calls that it fits."""
    fault_id = world.faults.inject(
        fault,
        when=when,
        method=method,
        chat_id=chat_id,
        times=times,
        retry_after=retry_after,
        description=description,
    )
    return {"id": fault_id}


def clear(world: World) -> Facts:
    """Clear the injected faults."""
    world.faults.clear()
    return {}


def flood(world: World, mode: str) -> Facts:
    world.flood.mode = FloodMode(mode)
    return {}


def model(world: World, mode: str) -> Facts:
    """Make the language model answer right, wrong, or as another `AnswerMode` says."""
    world.model.mode = AnswerMode(mode)
    return {"mode": world.model.mode}


VERBS: dict[str, Callable[..., Facts]] = {
    verb.__name__: validate_call(config=ConfigDict(strict=True, arbitrary_types_allowed=True))(verb)
    for verb in (
        groups.add_user,
        groups.add_chat,
        groups.block,
        groups.unblock,
        groups.membership,
        groups.member,
        groups.topic,
        groups.migrate,
        messages.send,
        messages.edit,
        messages.forward,
        messages.upload,
        messages.inline,
        messages.inline_answer,
        messages.choose,
        messages.press,
        views.launch,
        publish,
        close,
        update,
        inject,
        clear,
        flood,
        model,
    )
}


class Control:
    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"/control/{{verb:{'|'.join(VERBS)}}}", self.act),
            web.get("/control/chats", self.chats),
            web.get("/control/chats/{id}/messages", self.messages),
            web.get("/control/events", self.events),
            web.get("/control/journal", self.journal),
            web.get("/control/bot", self.bot),
            web.get("/control/newsroom", self.newsroom),
            web.get("/control/model", self.model),
            web.get("/control/files/{id}", self.file),
        ]

    async def act(self, request: web.Request) -> web.Response:
        verb = request.match_info["verb"]
        try:
            facts = await request.json() if request.can_read_body else {}
        except (LookupError, RecursionError, ValueError):  # unknown charset or invalid JSON
            return _error("can't parse the JSON body")
        if not isinstance(facts, dict) or "world" in facts:
            return _error("the body must be an Object with the facts of the verb")
        if verb == publish.__name__ and not facts:
            facts = {"slug": await self.world.newsroom.chosen()}
        try:
            return web.json_response(VERBS[verb](self.world, **facts))
        except ApiError as error:
            return _error(error.description)
        except ValidationError as error:
            return _error("; ".join(_sentence(dict(problem)) for problem in error.errors()))
        except ValueError as error:  # such as an unknown kind of fault
            return _error(str(error))

    async def chats(self, _request: web.Request) -> web.Response:
        return web.json_response(views.chats(self.world))

    async def messages(self, request: web.Request) -> web.Response:
        try:
            changed = views.messages(self.world, request.match_info["id"], after=_after(request))
        except ApiError as error:
            return _error(error.description)
        return web.json_response(changed)

    async def events(self, request: web.Request) -> web.Response:
        """Return events after `after`, waiting for the first; without it, only the last number."""
        events = self.world.events
        if "after" not in request.query:
            return web.json_response({"last": events.last, "events": []})
        after = _after(request)
        if after > events.last:  # the page was loaded from an earlier process
            return web.json_response({"last": events.last, "events": [], "restarted": True})
        try:
            async with asyncio.timeout(min(_number(request, "timeout", _WAIT), LONGEST_WAIT)):
                await events.wait(after)
        except TimeoutError:
            pass  # the page asks again after an empty response
        return web.json_response({"last": events.last, "events": events.after(after)})

    async def journal(self, request: web.Request) -> web.Response:
        entries = self.world.journal.after(_after(request))
        return web.json_response([entry.to_json() for entry in entries])

    async def bot(self, request: web.Request) -> web.Response:
        language, chat_id = request.query.get("language", ""), _number(request, "chat_id", 0)
        return web.json_response(views.bot_profile(self.world, language, int(chat_id)))

    async def newsroom(self, _request: web.Request) -> web.Response:
        model = {"mode": self.world.model.mode, "modes": list(AnswerMode)}
        return web.json_response(self.world.newsroom.state() | {"model": model})

    async def model(self, _request: web.Request) -> web.Response:
        room = self.world.model
        return web.json_response(
            {"mode": room.mode, "modes": list(AnswerMode), "requests": len(room.asked)}
        )

    async def file(self, request: web.Request) -> web.Response:
        """Return a photo for the page."""
        file = self.world.files.find(request.match_info["id"])
        if file is None:
            return _error("no such file")
        return web.Response(body=file.upload.content, content_type="image/png")


def _error(sentence: str, status: int = 400) -> web.Response:
    return web.json_response({"error": sentence}, status=status)


def _sentence(problem: Facts) -> str:
    """Return the name of the field and its problem, such as `text: Missing required argument`."""
    name = ".".join(str(part) for part in problem["loc"])
    return f"{name}: {problem['msg']}"


def _after(request: web.Request) -> int:
    return int(_number(request, "after", 0))


def _number(request: web.Request, name: str, default: float) -> float:
    try:
        number = float(request.query.get(name, default))
    except ValueError:
        return default
    return number if isfinite(number) else default
