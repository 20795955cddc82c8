"""The publications of a chat: its editions, the pictures of weekly ones, and its feeds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from aiohttp import ETag, web

from bot.ops.health import policy_headers
from bot.publishing.contents import load_made_digest
from bot.publishing.pages import WEB_WIDTH, edition_values, shown_lead
from bot.publishing.pictures import with_picture
from bot.publishing.published_feeds import read_published_feed
from bot.rendering.links import FeedKind
from bot.rendering.published_feeds import as_atom, as_json
from bot.subscribers.share_links import STORY
from bot.web.pages import TemplatePage

if TYPE_CHECKING:
    from bot.publishing.pages import EditionPage
    from bot.web.pages import RouteRequest
    from bot.web.site import Site

_MOST_PICTURES = 100  # in memory, about 50 KB each
_EDITION_KEPT = {"Cache-Control": "private, max-age=300"}
_FEED_KEPT = {"Cache-Control": "private, max-age=900"}
_WRITERS = {
    FeedKind.ATOM: (as_atom, "application/atom+xml"),
    FeedKind.JSON: (as_json, "application/feed+json"),
}


async def edition(site: Site, request: RouteRequest) -> TemplatePage | None:
    shown = await _load_edition(site, request)
    if shown is None:
        return None
    # Anyone with the link sees the page, so what a reader does with a story is done in the chat.
    chat_link = await site.bot_link() if shown.is_private else None
    lead = shown_lead(site.resources.renderer, shown, WEB_WIDTH)
    headers = _EDITION_KEPT | (policy_headers([lead.origin]) if lead else {})
    values = edition_values(shown, lead) | {
        "story_link": chat_link and f"{chat_link}?start={STORY}"
    }
    return TemplatePage("web/edition.html", values, shown.language, headers)


async def weekly_picture(site: Site, request: RouteRequest) -> web.Response | None:
    shown = await _load_edition(site, request)
    if shown is None:
        return None
    if shown.picture is None:
        raise web.HTTPNotFound
    return web.Response(body=shown.picture.png, content_type="image/png", headers=_EDITION_KEPT)


async def _load_edition(site: Site, request: RouteRequest) -> EditionPage | None:
    chat, date, schedule_number = request.subject
    day = datetime.strptime(date, "%Y%m%d").date()  # noqa: DTZ007 - a local date
    found = await load_made_digest(site.resources.storage, int(chat), day, int(schedule_number))
    if found is None or not found.is_weekly:
        return found
    token, pictures = request.http.match_info["token"], site.pictures
    if token not in pictures:  # drawn once, for the page and for its own address
        pictures[token] = (await with_picture(site.resources.renderer, found)).picture
        if len(pictures) > _MOST_PICTURES:
            pictures.popitem(last=False)
    return replace(found, picture=pictures[token])


async def feed(site: Site, request: RouteRequest) -> web.Response | None:
    kind = FeedKind(request.http.match_info["kind"])
    chat_id, topic_id, version = map(int, request.subject)
    resources = site.resources
    found = await read_published_feed(
        resources.storage, resources.renderer, resources.links, chat_id, topic_id, version, kind
    )
    if found is None:
        return None
    write, content_type = _WRITERS[kind]
    return _validated(request.http, write(found), content_type, found.updated)


def _validated(
    request: web.Request, body: bytes, content_type: str, changed: datetime
) -> web.Response:
    """Return the feed, or 304 if the reader has it already (RFC 9110, 13.1)."""
    tag = sha256(body).hexdigest()[:32]
    changed = changed.replace(microsecond=0)  # the precision of the header
    if request.if_none_match is not None:
        is_known = bool({tag, "*"} & {known.value for known in request.if_none_match})
    else:
        is_known = bool(request.if_modified_since and changed <= request.if_modified_since)
    if is_known:
        answer = web.Response(status=304, headers=_FEED_KEPT)
    else:
        answer = web.Response(
            body=body, content_type=content_type, charset="utf-8", headers=_FEED_KEPT
        )
    answer.etag = ETag(tag)
    answer.last_modified = changed
    return answer
