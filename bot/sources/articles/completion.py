"""Which articles their page is to complete, and what it adds to one."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from bot.sources.articles.intake import LONGEST_TITLE, Draft, dated
from bot.sources.articles.told import Told
from bot.sources.formats.records import Item
from storage.enums import FullText, SourceKind

SHORT: Final = 400  # characters
MOST_PAGES: Final = 25  # of one visit: one that shows hundreds at once is no reason for a storm
LATE: Final = timedelta(seconds=60)  # then an article goes on without its page
KEPT: Final = timedelta(hours=6)  # then nobody needs the page any more


def awaiting_pages(drafts: Iterable[Draft], full_text: FullText, kind: SourceKind) -> list[Draft]:
    """Mark those whose page is to be read; nobody waits for what alerts nobody."""
    left = MOST_PAGES
    marked = []
    for draft in drafts:
        is_taste = kind is not SourceKind.PAGE and wants_page(draft.item, full_text)
        awaits_page = is_taste and not draft.quiet and left > 0
        left -= awaits_page
        marked.append(replace(draft, is_taste=True, awaits_page=awaits_page) if is_taste else draft)
    return marked


def wants_page(item: Item, full_text: FullText) -> bool:
    if not item.url or item.is_detour or full_text is FullText.NEVER:
        return False
    return full_text is FullText.ALWAYS or max(len(item.text), len(item.summary)) < SHORT


def completed(told: Told, page: Item) -> dict[str, Any]:
    """Return the columns of an article that its page changes; a page that says less changes none.

    What the source said itself stays, but for the text.
    """
    if len(page.text) <= len(told.text):
        return {}
    values: dict[str, Any] = {"text": page.text}
    if page.title and _is_makeshift(told):
        values["title"] = page.title[:LONGEST_TITLE]
    if not told.summary:
        values["summary"] = page.summary
    if not told.language:
        values["language"] = page.language
    if page.published and not (told.published_at or told.published_on):
        dating = dated(page.published, told.stored_at, backlog=False)
        values |= {
            "published_at": dating.published_at,
            "published_on": dating.published_on,
            "news_at": dating.news_at,
            "quiet": dating.quiet,
        }
    return values


def _is_makeshift(told: Told) -> bool:
    """Whether the title is only what stood in for one."""
    stand_ins = (told.url, told.summary.partition("\n")[0], told.text.partition("\n")[0])
    return told.title in {stand_in[:LONGEST_TITLE] for stand_in in stand_ins}
