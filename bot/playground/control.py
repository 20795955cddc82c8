"""The control side, JSON in and out: be a person, order faults, read what happened.

A refusal is `{"error": sentence}` with 400. The routes stand in one table at the end of the class.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.playground.answers import Refusal
from bot.playground.directing import Directing
from bot.playground.newsroom import Newsroom, UnknownArticleError, UnknownPublisherError

LONGEST_WAIT = 55.0  # seconds that /control/events waits at most
_WAIT = 25.0

Facts = dict[str, Any]


class Control:
    def __init__(self, directing: Directing, newsroom: Newsroom) -> None:
        self.directing = directing
        self.world = directing.world
        self.newsroom = newsroom

    def routes(self) -> list[web.RouteDef]:
        directing = self.directing
        posts: dict[str, Callable[[Facts], Facts]] = {
            "people": lambda facts: directing.person(**facts),
            "chats": lambda facts: directing.chat(**facts),
            "send": lambda facts: directing.send(**facts),
            "forward": lambda facts: directing.forward(**facts),
            "upload": lambda facts: directing.upload(**facts),
            "inline": lambda facts: directing.inline(**facts),
            "inline_answer": lambda facts: directing.inline_answer(**facts),
            "choose": lambda facts: directing.choose(**facts),
            "press": lambda facts: directing.press(**facts),
            "block": lambda facts: directing.block(**facts),
            "unblock": lambda facts: directing.unblock(**facts),
            "membership": lambda facts: directing.membership(**facts),
            "member": lambda facts: directing.member(**facts),
            "topics": lambda facts: directing.topic(**facts),
            "migrate": lambda facts: directing.migrate(**facts),
            "update": lambda facts: directing.update(**facts),
            "inject": lambda facts: directing.inject(**facts),
            "clear": lambda facts: directing.clear(**facts),
            "flood": lambda facts: directing.flood(**facts),
            "publish": lambda facts: self.publish(**facts),
            "launch": lambda facts: directing.launch(**facts),
            "close": lambda facts: self.close(**facts),
        }
        return [
            *(web.post(f"/control/{name}", _posted(act)) for name, act in posts.items()),
            web.get("/control/chats", self.chats),
            web.get("/control/chats/{id}/messages", self.messages),
            web.get("/control/events", self.events),
            web.get("/control/journal", self.journal),
            web.get("/control/bot", self.bot),
            web.get("/control/newsroom", self.news),
            web.get("/control/files/{id}", self.file),
        ]

    def publish(self, slug: str | None = None) -> Facts:
        published = self.newsroom.publish(slug)
        self.world.events.publish("published", article=published)
        return dict(published)

    def close(self, publisher: str, closed: bool = True) -> Facts:  # noqa: FBT001, FBT002 - from JSON
        self.newsroom.close(publisher, closed=closed)
        return {"closed": sorted(self.newsroom.closed)}

    async def chats(self, _request: web.Request) -> web.Response:
        return web.json_response(self.directing.chats())

    async def messages(self, request: web.Request) -> web.Response:
        try:
            found = self.directing.messages(request.match_info["id"], after=_after(request))
        except Refusal as refusal:
            return _refused(refusal.description)
        return web.json_response(found)

    async def events(self, request: web.Request) -> web.Response:
        """What came after `after`, waiting for the first; without `after` only where we are."""
        events = self.world.events
        if "after" not in request.query:
            return web.json_response({"last": events.last, "events": []})
        after = _after(request)
        if after > events.last:  # a page that is older than this process
            return web.json_response({"last": events.last, "events": [], "restarted": True})
        try:
            async with asyncio.timeout(min(_number(request, "timeout", _WAIT), LONGEST_WAIT)):
                await events.wait(after)
        except TimeoutError:
            pass  # an empty answer tells the page to ask again
        return web.json_response({"last": events.last, "events": events.after(after)})

    async def journal(self, request: web.Request) -> web.Response:
        entries = self.world.journal.after(_after(request))
        return web.json_response([entry.to_json() for entry in entries])

    async def bot(self, request: web.Request) -> web.Response:
        language, chat_id = request.query.get("language", ""), _number(request, "chat_id", 0)
        return web.json_response(self.directing.bot(language, int(chat_id)))

    async def file(self, request: web.Request) -> web.Response:
        """A photo that was sent, for the page."""
        file = self.world.files.find(request.match_info["id"])
        if file is None:
            return _refused("no such file")
        return web.Response(body=file.upload.content, content_type="image/png")

    async def news(self, _request: web.Request) -> web.Response:
        return web.json_response(self.newsroom.state())


def _posted(act: Callable[[Facts], Facts]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            facts = await request.json() if request.can_read_body else {}
            return web.json_response(act(facts))
        except Refusal as refusal:
            return _refused(refusal.description)
        except UnknownArticleError:
            return _refused("no such article")
        except UnknownPublisherError:
            return _refused("no such publisher")
        except (TypeError, ValueError) as error:  # wrong names or values in what was posted
            return _refused(str(error))

    return handle


def _refused(sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=400)


def _after(request: web.Request) -> int:
    return int(_number(request, "after", 0))


def _number(request: web.Request, name: str, default: float) -> float:
    try:
        return float(request.query.get(name, default))
    except ValueError:
        return default
