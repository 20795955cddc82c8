"""The web server in front of the watch; any reader may ask it."""

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from aiohttp import web

from benchmarks.politeness.rules import Asked, Feed, Rule
from benchmarks.politeness.score import as_text
from benchmarks.politeness.watch import Watch


@dataclass(frozen=True, slots=True)
class Server:
    watch: Watch

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        site = f"http://{request.host}"
        headers = {name.lower(): value for name, value in request.headers.items()}
        at = self.watch.clock()
        reply = self.watch.answer(site, request.path_qs, headers)
        response = web.Response(status=reply.status, text=reply.body or None, headers=reply.headers)
        response.force_close()
        if reply.hangs_up and request.transport:
            request.transport.abort()
        elif request.method != "HEAD":
            await response.prepare(request)
            await response.write_eof()
        self.watch.note(
            site,
            Asked(at, self.watch.clock(), request.path_qs, reply.status, request.method, headers),
        )
        return response

    async def answer_by_hand(self, request: web.BaseRequest) -> web.StreamResponse:
        """Beside the feeds: their list for a reader, and the score so far for a person."""
        if f"http://{request.host}" in self.watch.sites:
            return await self.answer(request)
        if request.path == "/feeds.opml":
            return web.Response(text=_opml(self.watch), content_type="text/x-opml")
        return web.Response(text=as_text(self.watch.verdicts()))


def _opml(watch: Watch) -> str:
    outlines = "".join(
        f"<outline type='rss' text={quoteattr(_name(rule, feed))} xmlUrl={quoteattr(url)}/>"
        for url, rule, feed in watch.listed()
    )
    return f"<opml version='2.0'><head/><body>{outlines}</body></opml>"


def _name(rule: Rule, feed: Feed) -> str:
    """Tell the reader's owner too what is to be wished."""
    wish = f" (read it every {feed.every_minutes} minutes)" if feed.every_minutes else ""
    return f"{rule.name} {feed.path}{wish}"
