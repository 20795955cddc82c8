"""Drafts for tests, made of items as a feed would show them."""

from collections.abc import Iterable
from datetime import datetime

from bot.sources.drafts import ArticleDraft, draft_of, identify
from bot.sources.feeds.model import Document, DocumentKind, Item


def drafts(
    items: Iterable[Item], now: datetime, *, source_url: str = "u", backlog: bool = False
) -> list[ArticleDraft]:
    shown = identify(Document(DocumentKind.FEED, items=tuple(items)), source_url)
    return [draft_of(*each, source_url=source_url, now=now, backlog=backlog) for each in shown]
