"""Storing what a source shows: entries, articles, their folded words, what was revised."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.matching.folding import folded_text
from bot.sources.completion import LATE
from bot.sources.identity import is_another
from bot.sources.intake import Draft, digest
from bot.sources.revising import revise
from bot.sources.urls import host_of
from storage.articles import Article, articles_by_url, sketches_of, store_articles
from storage.engine import Unit
from storage.entries import LONGEST_OUTLET, Entry, Seen, note_contents, store_entries
from storage.folded import FoldedRow, store_folded
from storage.pages import AwaitedPage, await_pages

Found = tuple[int, Draft]  # the article's id and what the source says of it

NOTHING: Final[Mapping[str, Seen]] = MappingProxyType({})


async def store_drafts(
    unit: Unit,
    source_id: int,
    drafts: Sequence[Draft],
    known: Mapping[str, Seen] = NOTHING,
    *,
    inside: bool = False,
) -> int:
    """Store the entries of *source_id*; return how many new articles they made.

    What is among the *known*, by the hash of the guid, revises its article. An article that
    another source brought already gets this one as a further carrier. *inside*: the pages of
    articles may be asked for in the operator's own network.
    """
    drafts = list({draft.guid_hash: draft for draft in reversed(drafts)}.values())
    drafts = await _named_anew(unit, drafts, known)
    new = [draft for draft in drafts if draft.guid_hash not in known]
    made, carried = await _store_new(unit, source_id, new) if new else ([], [])
    changed = _changed(drafts, known)
    revised = await _revise(unit, source_id, changed, carried) if changed or carried else []
    waiting = [each for each in (*made, *revised) if each[1].awaits_page]
    await await_pages(
        unit, [_page(article_id, draft, unit, inside=inside) for article_id, draft in waiting]
    )
    return len(made)


def _changed(drafts: Iterable[Draft], known: Mapping[str, Seen]) -> list[Found]:
    return [
        (known[draft.guid_hash].article_id, draft) for draft in drafts if draft.guid_hash in known
    ]


async def _named_anew(
    unit: Unit, drafts: Sequence[Draft], known: Mapping[str, Seen]
) -> list[Draft]:
    """Give a name of its own to what stands under the guid of something else."""
    changed = _changed(drafts, known)
    if not changed:
        return list(drafts)
    told = await sketches_of(unit, {article_id for article_id, _ in changed})
    others = {
        draft.guid_hash
        for article_id, draft in changed
        if (was := told.get(article_id))
        and was.url_hash != draft.url_hash
        and is_another((was.title, was.summary), (draft.title, draft.item.summary))
    }
    return [
        replace(draft, guid_hash=digest(f"{draft.guid_hash} {draft.url_hash}"))
        if draft.guid_hash in others
        else draft
        for draft in drafts
    ]


async def _store_new(
    unit: Unit, source_id: int, drafts: Sequence[Draft]
) -> tuple[list[Found], list[Found]]:
    """Return the articles that are new, and those that were there already."""
    by_url = {draft.url_hash: draft for draft in drafts}
    there = await articles_by_url(unit, by_url)
    fresh = [draft for url_hash, draft in by_url.items() if url_hash not in there]
    stored = await store_articles(unit, [_article(draft, unit) for draft in fresh])
    if len(stored) < len(fresh):
        there |= await articles_by_url(unit, by_url)
    made = [(stored[each.url_hash], each) for each in fresh if each.url_hash in stored]
    await store_folded(unit, [_folded(article_id, each) for article_id, each in made])
    articles = there | stored
    await store_entries(unit, [_entry(draft, source_id, articles, unit) for draft in drafts])
    return made, [(there[each.url_hash], each) for each in drafts if each.url_hash not in stored]


async def _revise(
    unit: Unit, source_id: int, changed: Sequence[Found], carried: Sequence[Found]
) -> list[Found]:
    revised, later = await revise(unit, source_id, [*changed, *carried])
    seen = {each.guid_hash: each.content_hash for _, each in changed}
    await note_contents(
        unit, source_id, {guid: content for guid, content in seen.items() if guid not in later}
    )
    return revised


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
