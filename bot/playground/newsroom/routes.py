"""The pages and feeds under `/news`, with validators and 304 (RFC 9110, 13), and channels."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from aiohttp import web

from bot.playground.newsroom.content import FOLDER, SampleArticle
from bot.playground.newsroom.feeds import write_atom, write_rss
from bot.playground.newsroom.newsroom import Newsroom
from bot.playground.newsroom.pages import write_front, write_page
from bot.playground.newsroom.pictures import draw_picture

FEED_LENGTH = 60
_ATOM_PUBLISHERS = frozenset({"gazette"})
_RSS, _ATOM = "application/rss+xml", "application/atom+xml"
_SECOND = timedelta(seconds=1)


class NewsroomPages:
    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/news", self.redirect),
            web.get("/news/", self.front),
            web.get("/news/newsroom.css", self.style),
            web.get(r"/news/pictures/{width:\d{1,4}}x{height:\d{1,4}}", self.picture),
            web.get(r"/news/t.me/s/{name:[a-z0-9_]+}", self.channel),
            web.get(r"/news/t.me/{name:[a-z0-9_]+}", self.contact),
            web.get("/news/{name}.xml", self.feed),
            web.get("/news/{name}/-/releases.atom", self.feed),  # as GitLab has them
            web.get("/news/{slug}", self.article),
        ]

    async def redirect(self, _request: web.Request) -> web.Response:
        raise web.HTTPFound("/news/")

    async def style(self, _request: web.Request) -> web.Response:
        style = (FOLDER / "layouts" / "newsroom.css").read_text("utf-8")
        return web.Response(text=style, content_type="text/css")

    async def front(self, request: web.Request) -> web.Response:
        articles = self._newsroom.newest(FEED_LENGTH)
        body = write_front(articles, self._newsroom.publishers.values())
        return self._respond(request, body, "text/html", self._last_change(articles))

    async def article(self, request: web.Request) -> web.Response:
        article = self._newsroom.find(request.match_info["slug"])
        if article is None:
            raise web.HTTPNotFound(text="No such article.")
        body = write_page(article, self._newsroom.box(article), _base(request))
        return self._respond(request, body, "text/html", article.published)

    async def feed(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        publisher = self._newsroom.publishers.get(name)
        if publisher is None and name not in {"feed", "atom"}:
            raise web.HTTPNotFound(text="No such feed.")
        if name in self._newsroom.closed:
            raise web.HTTPGone(text="This publisher has closed.")
        articles = self._newsroom.newest(FEED_LENGTH, publisher.code if publisher else None)
        is_atom = name in {"atom", *_ATOM_PUBLISHERS} or request.path.endswith(".atom")
        write, content_type = (write_atom, _ATOM) if is_atom else (write_rss, _RSS)
        title = publisher.name if publisher else "Sample news"
        body = write(title, request.path, articles, _base(request))
        return self._respond(request, body, content_type, self._last_change(articles))

    async def channel(self, request: web.Request) -> web.Response:
        """Show the posts of a channel, without validators, as Telegram does."""
        name, before = request.match_info["name"], request.query.get("before", "")
        base = f"{_base(request)}/news/t.me"
        number = int(before) if before.isdecimal() and before.isascii() else None
        body = self._newsroom.room.write_preview(name, base, number)
        if body is None:
            raise web.HTTPFound(f"/news/t.me/{name}")
        return web.Response(text=body, content_type="text/html", charset="utf-8")

    async def contact(self, request: web.Request) -> web.Response:
        body = self._newsroom.room.write_contact(request.match_info["name"])
        return web.Response(text=body, content_type="text/html", charset="utf-8")

    async def picture(self, request: web.Request) -> web.Response:
        width, height = int(request.match_info["width"]), int(request.match_info["height"])
        png = await asyncio.to_thread(draw_picture, request.query.get("of", ""), width, height)
        return web.Response(body=png, content_type="image/png")

    def _last_change(self, articles: Sequence[SampleArticle]) -> datetime:
        return articles[0].published if articles else self._newsroom.opened

    def _respond(
        self, request: web.Request, body: str, content_type: str, changed: datetime
    ) -> web.Response:
        tag = sha256(body.encode()).hexdigest()[:20]
        if _is_not_modified(request, tag, changed, self._newsroom.now()):
            response = web.Response(status=304)
        else:
            response = web.Response(text=body, content_type=content_type, charset="utf-8")
        response.etag = tag
        response.last_modified = changed
        response.headers["Cache-Control"] = "no-cache"
        return response


def _is_not_modified(request: web.Request, tag: str, changed: datetime, now: datetime) -> bool:
    """Compare the validators; If-None-Match takes precedence over If-Modified-Since."""
    if request.if_none_match is not None:
        return any(etag.value in {tag, "*"} for etag in request.if_none_match)
    since = request.if_modified_since
    # HTTP dates have whole seconds, so a date proves nothing within the second of the change.
    return since is not None and changed <= since and now - changed >= _SECOND


def _base(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"
