"""JSON Feed 1.0 and 1.1 (https://jsonfeed.org/version/1.1)."""

import json
from datetime import UTC, tzinfo
from typing import Any

from bot.sources.feeds.entries import FeedFacts, RawEntry, feed_document
from bot.sources.feeds.known_entries import FINGERPRINT, fingerprint_in
from bot.sources.feeds.model import Document, FeedPace, Unreadable
from bot.sources.lead_pictures import LeadPicture
from bot.sources.limits import LONGEST_URL
from bot.sources.urls import absolute, is_web


def read_json(text: str, url: str, language_before: str = "", clock: tzinfo = UTC) -> Document:
    """Return the feed in *text*, from *url*; raises `Unreadable` for any other JSON."""
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("This looks like JSON, but it is broken.", "broken") from None
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise Unreadable("This is JSON, but no JSON Feed: it has no items.", "json")
    facts = FeedFacts(
        title=_text(feed, "title"),
        home=absolute(_text(feed, "home_page_url"), url),
        language=_text(feed, "language"),
        pace=_pace(feed),
    )
    entries = [_raw(item, url) for item in feed["items"] if isinstance(item, dict)]
    return feed_document(facts, entries, url, language_before, clock)


def _raw(item: dict[str, Any], url: str) -> RawEntry:
    guid = _text(item, "id").strip()
    link = _text(item, "url") or _text(item, "external_url")
    summary = _escaped(_text(item, "summary"))
    content = _text(item, "content_html") or _escaped(_text(item, "content_text"))
    return RawEntry(
        guid=guid,
        link=link or (guid if is_web(guid) else ""),
        base=url,
        title=_text(item, "title"),
        summary=summary,
        contents=(content,) if content and content != summary else (),
        dates=(_text(item, "date_published"), _text(item, "date_modified")),
        language=_text(item, "language"),
        author=", ".join(_authors(item)),
        categories=_strings(item.get("tags")),
        enclosures=[_escaped(_text(each, "title")) for each in _objects(item.get("attachments"))],
        pictures=[
            LeadPicture(link)
            for link in (item.get("image"), item.get("banner_image"))
            if isinstance(link, str)
        ],
        fingerprint=fingerprint_in(item.get(FINGERPRINT)),
    )


def _authors(item: dict[str, Any]) -> list[str]:
    """Return the names as markup; version 1.0 has one author, 1.1 a list."""
    authors = _objects(item.get("authors")) or _objects([item.get("author")])
    return [_escaped(name) for each in authors if (name := _text(each, "name").strip())]


def _strings(found: object) -> list[str]:
    tags = found if isinstance(found, list) else ()
    return [_escaped(tag) for tag in tags if isinstance(tag, str)]


def _objects(found: object) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _escaped(text: str) -> str:
    """Return plain text as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _text(fields: dict[str, Any], name: str) -> str:
    """Return the string under *name*; a number, as old feeds write ids, as a string; else ""."""
    found = fields.get(name)
    is_plain = isinstance(found, str) or (
        isinstance(found, int | float) and not isinstance(found, bool)
    )
    return str(found) if is_plain else ""


def _pace(feed: dict[str, Any]) -> FeedPace | None:
    """Return the pace with the first WebSub hub; None without one."""
    hubs = feed.get("hubs")
    for hub in hubs if isinstance(hubs, list) else ():
        is_hub = isinstance(hub, dict) and str(hub.get("type", "")).lower() == "websub"
        if is_hub and (url := _link(hub.get("url"))):
            return FeedPace(hub=url, self_url=_link(feed.get("feed_url")))
    return None


def _link(url: object) -> str:
    url = url.strip() if isinstance(url, str) else ""
    return url if len(url) <= LONGEST_URL else ""
