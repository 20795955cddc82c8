"""The addresses under `/news`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.newsroom.answers import answer
from bot.playground.newsroom.drafts import ROOM
from bot.playground.newsroom.feeds import write_atom, write_rss
from bot.playground.newsroom.pages import write_front, write_page

if TYPE_CHECKING:
    from bot.playground.newsroom.articles import Article
    from bot.playground.newsroom.desk import Newsroom

FEED_LENGTH = 60
ATOM_OUTLETS = frozenset({"gazette"})
RSS_TYPE = "application/rss+xml"
ATOM_TYPE = "application/atom+xml"


def make_routes(newsroom: Newsroom) -> list[web.RouteDef]:
    pages = Pages(newsroom)
    return [
        web.get("/news", pages.redirect),
        web.get("/news/", pages.front),
        web.get("/news/newsroom.css", pages.style),
        web.get("/news/{name}.xml", pages.feed),
        web.get("/news/{slug}", pages.article),
    ]


class Pages:
    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom

    async def redirect(self, _request: web.Request) -> web.Response:
        raise web.HTTPFound("/news/")

    async def style(self, _request: web.Request) -> web.Response:
        style = (ROOM / "layouts" / "newsroom.css").read_text("utf-8")
        return web.Response(text=style, content_type="text/css")

    async def front(self, request: web.Request) -> web.Response:
        articles = self._newsroom.newest(FEED_LENGTH)
        body = write_front(articles, self._newsroom.outlets.values())
        return self._answer(request, body, "text/html", articles[0])

    async def article(self, request: web.Request) -> web.Response:
        article = self._newsroom.find(request.match_info["slug"])
        if article is None:
            raise web.HTTPNotFound(text="No such article.")
        body = write_page(article, self._newsroom.others(article), _base(request))
        return self._answer(request, body, "text/html", article)

    async def feed(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        outlet = self._newsroom.outlets.get(name)
        if outlet is None and name not in {"feed", "atom"}:
            raise web.HTTPNotFound(text="No such feed.")
        if name in self._newsroom.closed:
            raise web.HTTPGone(text="This outlet has closed.")
        articles = self._newsroom.newest(FEED_LENGTH, outlet.code if outlet else None)
        is_atom = name == "atom" or name in ATOM_OUTLETS
        write, content_type = (write_atom, ATOM_TYPE) if is_atom else (write_rss, RSS_TYPE)
        title = outlet.name if outlet else "Sample news"
        body = write(title, f"/news/{name}.xml", articles, _base(request))
        return self._answer(request, body, content_type, articles[0])

    def _answer(
        self, request: web.Request, body: str, content_type: str, newest: Article
    ) -> web.Response:
        return answer(request, body, content_type, newest.published, self._newsroom.now())


def _base(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"
