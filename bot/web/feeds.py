"""`/f/…`: the feeds of a chat, for programs that read feeds."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from aiohttp import ETag, web

from bot.publishing.published_feeds import read_published_feed
from bot.rendering.links import FeedKind, Purpose
from bot.rendering.published_feeds import as_atom, as_json
from bot.web.pages import Gone

if TYPE_CHECKING:
    from datetime import datetime

    from bot.rendering.links import Links
    from bot.rendering.renderer import Renderer
    from bot.web.pages import Tokens
    from storage.db.engine import Storage

_WRITTEN = {
    FeedKind.ATOM: (as_atom, "application/atom+xml"),
    FeedKind.JSON: (as_json, "application/feed+json"),
}
_KEPT = {"Cache-Control": "private, max-age=900"}


@dataclass(frozen=True, slots=True)
class FeedPages:
    tokens: Tokens
    storage: Storage
    renderer: Renderer
    links: Links

    def routes(self) -> list[web.RouteDef]:
        return [web.get(f"/{Purpose.FEED}/{{token}}.{{kind:atom|json}}", self.give)]

    async def give(self, request: web.Request) -> web.Response:
        kind = FeedKind(request.match_info["kind"])
        numbers = map(int, self.tokens.read(Purpose.FEED, request.match_info["token"]))
        chat_id, topic_id, version = numbers
        feed = await read_published_feed(
            self.storage, self.renderer, self.links, chat_id, topic_id, version, kind
        )
        if feed is None:
            raise Gone(Purpose.FEED)
        write, content_type = _WRITTEN[kind]
        return _validated(request, write(feed), content_type, feed.updated)


def _validated(
    request: web.Request, body: bytes, content_type: str, changed: datetime
) -> web.Response:
    """Return the feed, or 304 to a reader that has it already (RFC 9110, 13.1)."""
    tag = sha256(body).hexdigest()[:32]
    changed = changed.replace(microsecond=0)  # as fine as the header goes
    if request.if_none_match is not None:
        is_known = bool({tag, "*"} & {each.value for each in request.if_none_match})
    else:
        is_known = bool(request.if_modified_since and changed <= request.if_modified_since)
    if is_known:
        answer = web.Response(status=304, headers=_KEPT)
    else:
        answer = web.Response(body=body, content_type=content_type, charset="utf-8", headers=_KEPT)
    answer.etag = ETag(tag)
    answer.last_modified = changed
    return answer
