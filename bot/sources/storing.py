"""Storing what a source showed for the first time: entries, articles, their folded words."""

from collections.abc import Sequence

from bot.matching.folding import folded_text
from bot.sources.completion import LATE
from bot.sources.intake import Draft
from bot.sources.urls import host_of
from storage.articles import Article, articles_by_url, store_articles
from storage.engine import Unit
from storage.entries import LONGEST_OUTLET, Entry, known_entries, store_entries
from storage.folded import FoldedRow, store_folded
from storage.pages import AwaitedPage, await_pages


async def store_drafts(
    unit: Unit, source_id: int, drafts: Sequence[Draft], *, inside: bool = False
) -> int:
    """Store the entries of *source_id* that are new; return how many new articles they made.

    An article that another source brought already gets this one as a further carrier. *inside*:
    the pages of articles may be asked for in the operator's own network.
    """
    drafts = await _unknown(unit, source_id, drafts)
    if not drafts:
        return 0
    # Sources show the newest first; what was told first is stored first.
    by_url = {draft.url_hash: draft for draft in reversed(drafts)}
    carried = await articles_by_url(unit, by_url)
    fresh = [draft for url_hash, draft in by_url.items() if url_hash not in carried]
    stored = await store_articles(unit, [_article(draft, unit) for draft in fresh])
    if len(stored) < len(fresh):
        carried |= await articles_by_url(unit, by_url)
    made = [(stored[each.url_hash], each) for each in fresh if each.url_hash in stored]
    await store_folded(unit, [_folded(article_id, each) for article_id, each in made])
    waiting = [(article_id, each) for article_id, each in made if each.awaits_page]
    await await_pages(
        unit, [_page(article_id, each, unit, inside=inside) for article_id, each in waiting]
    )
    await store_entries(
        unit, [_entry(draft, source_id, carried | stored, unit) for draft in drafts]
    )
    return len(stored)


async def _unknown(unit: Unit, source_id: int, drafts: Sequence[Draft]) -> list[Draft]:
    by_guid = {draft.guid_hash: draft for draft in reversed(drafts)}
    known = await known_entries(unit, source_id, by_guid)
    return [draft for draft in reversed(by_guid.values()) if draft.guid_hash not in known]


def _article(draft: Draft, unit: Unit) -> Article:
    return Article(
        url_hash=draft.url_hash,
        url=draft.url,
        title=draft.title,
        summary=draft.item.summary,
        text=draft.text,
        language=draft.item.language,
        published_at=draft.published_at,
        published_on=draft.published_on,
        stored_at=unit.now,
        ready_at=unit.now + LATE if draft.awaits_page else None,
        news_at=draft.news_at,
        quiet=draft.quiet,
        story_id=0,
    )


def _folded(article_id: int, draft: Draft) -> FoldedRow:
    title, text = folded_text(draft.title), folded_text(draft.text)
    return FoldedRow(article_id, title, text, draft.item.language)


def _page(article_id: int, draft: Draft, unit: Unit, *, inside: bool) -> AwaitedPage:
    return AwaitedPage(
        article_id=article_id,
        url=draft.url,
        host=host_of(draft.url),
        inside=inside,
        awaited_since=unit.now,
        due_at=unit.now,
    )


def _entry(draft: Draft, source_id: int, articles: dict[str, int], unit: Unit) -> Entry:
    return Entry(
        source_id=source_id,
        guid_hash=draft.guid_hash,
        article_id=articles[draft.url_hash],
        content_hash=draft.content_hash,
        first_seen_at=unit.now,
        outlet=draft.item.outlet[:LONGEST_OUTLET],
    )
