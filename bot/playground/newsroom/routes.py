"""The addresses under `/news`, with validators and 304 for who is up to date (RFC 9110, 13)."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.newsroom.content import FOLDER
from bot.playground.newsroom.feeds import write_atom, write_rss
from bot.playground.newsroom.pages import write_front, write_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.playground.newsroom.content import SampleArticle
    from bot.playground.newsroom.newsroom import Newsroom

FEED_LENGTH = 60
_ATOM_PUBLISHERS = frozenset({"gazette"})
_RSS, _ATOM = "application/rss+xml", "application/atom+xml"
_SECOND = timedelta(seconds=1)


def make_routes(newsroom: Newsroom) -> list[web.RouteDef]:
    pages = _Pages(newsroom)
    return [
        web.get("/news", pages.redirect),
        web.get("/news/", pages.front),
        web.get("/news/newsroom.css", pages.style),
        web.get("/news/{name}.xml", pages.feed),
        web.get("/news/{slug}", pages.article),
    ]


class _Pages:
    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom

    async def redirect(self, _request: web.Request) -> web.Response:
        raise web.HTTPFound("/news/")

    async def style(self, _request: web.Request) -> web.Response:
        style = (FOLDER / "layouts" / "newsroom.css").read_text("utf-8")
        return web.Response(text=style, content_type="text/css")

    async def front(self, request: web.Request) -> web.Response:
        articles = self._newsroom.newest(FEED_LENGTH)
        body = write_front(articles, self._newsroom.publishers.values())
        return self._respond(request, body, "text/html", self._changed(articles))

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
        is_atom = name == "atom" or name in _ATOM_PUBLISHERS
        write, content_type = (write_atom, _ATOM) if is_atom else (write_rss, _RSS)
        title = publisher.name if publisher else "Sample news"
        body = write(title, f"/news/{name}.xml", articles, _base(request))
        return self._respond(request, body, content_type, self._changed(articles))

    def _changed(self, articles: Sequence[SampleArticle]) -> datetime:
        return articles[0].published if articles else self._newsroom.opened

    def _respond(
        self, request: web.Request, body: str, content_type: str, changed: datetime
    ) -> web.Response:
        tag = sha256(body.encode()).hexdigest()[:20]
        if _is_known(request, tag, changed, self._newsroom.now()):
            response = web.Response(status=304)
        else:
            response = web.Response(text=body, content_type=content_type, charset="utf-8")
        response.etag = tag
        response.last_modified = changed
        response.headers["Cache-Control"] = "no-cache"
        return response


def _is_known(request: web.Request, tag: str, changed: datetime, now: datetime) -> bool:
    """If-None-Match goes before If-Modified-Since."""
    if request.if_none_match is not None:
        return any(known.value in {tag, "*"} for known in request.if_none_match)
    since = request.if_modified_since
    # A date has whole seconds: within the second of a change it proves nothing.
    return since is not None and changed <= since and now - changed >= _SECOND


def _base(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"
