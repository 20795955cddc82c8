"""Small feeds and pages for tests, with the items that a test needs."""

from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime
from html import escape

LONG = " ".join(f"Sentence number {number} of this sample article." for number in range(20))


def item(
    number: int,
    published: datetime | None = None,
    *,
    link: str | None = None,
    text: str = LONG,
    guid: str | None = None,
) -> str:
    date = f"<pubDate>{format_datetime(published)}</pubDate>" if published else ""
    link = link or f"https://news.example/{number}"
    return (
        f"<item><title>Sample news {number}</title><link>{escape(link)}</link>"
        f"<guid isPermaLink='false'>{escape(guid or f'sample-{number}')}</guid>{date}"
        f"<description>{escape(text)}</description></item>"
    )


def rss(items: Iterable[str], extra: str = "") -> str:
    return (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel>"
        "<title>Sample Wire</title><link>https://news.example/</link>"
        f"<description>News</description>{extra}{''.join(items)}</channel></rss>"
    )


def page(title: str, paragraphs: Iterable[str]) -> str:
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return (
        f"<!doctype html><html lang='en'><head><title>{escape(title)}</title></head>"
        f"<body><main><article><h1>{escape(title)}</h1>{body}</article></main></body></html>"
    )
