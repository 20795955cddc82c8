"""JSON Feed 1.0 and 1.1 (https://jsonfeed.org/version/1.1)."""

import json
from typing import Any

from bot.sources.formats import language
from bot.sources.formats.dates import feed_date
from bot.sources.formats.feedpace import pace_of_json
from bot.sources.formats.feeds import absolute, with_language
from bot.sources.formats.records import Document, Item, Kind, Unreadable
from bot.sources.formats.sanitise import one_line, plain_text, tidy


def read_json(text: str, url: str) -> Document:
    """The feed in *text*, from *url*; raises `Unreadable` for any other JSON."""
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("This looks like JSON, but it is broken.", "broken") from None
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise Unreadable("This is JSON, but no JSON Feed: it has no items.", "kind")
    tag = language.declared(_text(feed, "language"))
    items = tuple(_item(item, url, tag) for item in feed["items"] if isinstance(item, dict))
    return with_language(
        Document(
            kind=Kind.FEED,
            title=one_line(_text(feed, "title")),
            url=absolute(_text(feed, "home_page_url"), url),
            language=tag,
            items=items,
            pace=pace_of_json(feed),
        )
    )


def _item(item: dict[str, Any], url: str, tag: str) -> Item:
    tag = language.declared(_text(item, "language")) or tag
    body = plain_text(_text(item, "content_html")) or tidy(_text(item, "content_text"))
    published = _text(item, "date_published") or _text(item, "date_modified")
    guid = _text(item, "id").strip()
    link = _text(item, "url") or _text(item, "external_url")
    return Item(
        guid=guid,
        url=absolute(link or (guid if guid.startswith("http") else ""), url),
        title=one_line(_text(item, "title")),
        summary=tidy(_text(item, "summary")) or body,
        text=body or tidy(_text(item, "summary")),
        published=feed_date(published, tag),
        language=tag,
    )


def _text(fields: dict[str, Any], name: str) -> str:
    """The string under *name*; a number, as old feeds write ids, as a string; else ""."""
    found = fields.get(name)
    is_plain = isinstance(found, str) or (
        isinstance(found, int | float) and not isinstance(found, bool)
    )
    return str(found) if is_plain else ""
