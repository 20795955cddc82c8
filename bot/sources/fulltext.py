"""The words of an article, from its page, where the feed gives only a taste of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bot.sources.answers import problem_of
from bot.sources.failures import FetchError
from bot.sources.records import Item, Kind, Unreadable
from bot.sources.visiting import Fetches, Reads

SHORT = 400  # characters
MOST_PAGES = 10
PATIENCE_SECONDS = 60  # for all pages of one visit


async def with_full_texts(
    items: Sequence[Item], fetcher: Fetches, reader: Reads, *, inside: bool
) -> list[Item]:
    """Return *items* in their order; those that are short with the text of their page.

    What fails, comes too late or is too many keeps the feed's own text.
    """
    full = list(items)
    short = [at for at, item in enumerate(items) if is_short(item)][:MOST_PAGES]
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for at in short:
                full[at] = await _with_page(full[at], fetcher, reader, inside=inside)
    except TimeoutError:
        pass
    return full


def is_short(item: Item) -> bool:
    return bool(item.url) and max(len(item.text), len(item.summary)) < SHORT


async def _with_page(item: Item, fetcher: Fetches, reader: Reads, *, inside: bool) -> Item:
    try:
        answer = await fetcher.fetch(item.url, inside=inside)
        if problem_of(answer):
            return item
        page = await reader.read(answer.body, url=answer.url, content_type=answer.content_type)
    except (FetchError, Unreadable):
        return item
    if page.kind is not Kind.PAGE or not page.items:
        return item
    found = page.items[0]
    if len(found.text) <= len(item.text):
        return item
    return replace(
        item,
        text=found.text,
        title=item.title or found.title,
        published=item.published or found.published,
        language=item.language or found.language,
    )
