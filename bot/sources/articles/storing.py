"""Storing what a source shows: entries, articles, their folded words, what was revised."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from bot.matching.folding import folded_text
from bot.sources.articles.completion import LATE
from bot.sources.articles.identity import is_another
from bot.sources.articles.intake import Draft
from bot.sources.articles.revising import revise
from bot.sources.hashes import digest
from bot.sources.urls import host_of
from storage.articles import articles_by_url, sketches_of, store_articles
from storage.engine import Unit
from storage.entries import LONGEST_OUTLET, Seen, forget_guids, note_contents, store_entries
from storage.folded import FoldedRow, store_folded
from storage.pages import AwaitedPage, await_pages

MOST_GUIDS: Final = 5  # of one entry
Found = tuple[int, Draft]  # the article's id and what the source says of it


@dataclass(frozen=True)
class Shown:
    """What a source shows now, the newest first.

    What is among the *known*, by the hash of the guid, revises its article. *inside*: the pages
    of articles may be asked for in the operator's own network.
    """

    source_id: int
    drafts: Sequence[Draft]
    known: Mapping[str, Seen] = field(default_factory=dict)
    inside: bool = False

    @cached_property
    def oldest_first(self) -> list[Draft]:
        """What was told first is stored first; of two with one guid the newest counts."""
        return list({draft.guid_hash: draft for draft in reversed(self.drafts)}.values())

    @property
    def new(self) -> list[Draft]:
        return [draft for draft in self.oldest_first if draft.guid_hash not in self.known]

    @property
    def changed(self) -> list[Found]:
        known = self.known
        return [
            (known[d.guid_hash].article_id, d) for d in self.oldest_first if d.guid_hash in known
        ]


async def store_drafts(
    unit: Unit, source_id: int, drafts: Sequence[Draft], *, inside: bool = False
) -> int:
    """Store the entries of a source that showed none of them before; see `store_shown`."""
    made = await store_shown(unit, [Shown(source_id, drafts, inside=inside)])
    return made.get(source_id, 0)


async def store_shown(unit: Unit, shown: Sequence[Shown]) -> Counter[int]:
    """Store what sources show; return how many new articles each made, by the source's id.

    An article that another source brought already gets this one as a further carrier.
    """
    shown = [await _named_anew(unit, each) for each in shown]
    made, articles = await _store_new(unit, shown)
    waiting: list[AwaitedPage] = []
    for each in shown:
        own = {article_id for article_id, _ in made.get(each.source_id, ())}
        told = [(articles[draft.url_hash], draft) for draft in each.new]
        carried = [(article_id, draft) for article_id, draft in told if article_id not in own]
        revised = await _revise(unit, each.source_id, each.changed, carried)
        waiting += [
            _page(article_id, draft, unit, inside=each.inside)
            for article_id, draft in (*made.get(each.source_id, ()), *revised)
            if draft.awaits_page
        ]
    await await_pages(unit, waiting)
    return Counter({source_id: len(articles) for source_id, articles in made.items()})


async def _named_anew(unit: Unit, shown: Shown) -> Shown:
    """Give a name of its own to what stands under the guid of something else."""
    if not shown.changed:
        return shown
    told = await sketches_of(unit, {article_id for article_id, _ in shown.changed})
    others = {
        draft.guid_hash
        for article_id, draft in shown.changed
        if (was := told.get(article_id))
        and was.url_hash != draft.url_hash
        and is_another((was.title, was.summary), (draft.title, draft.item.summary))
    }
    renamed = [
        replace(draft, guid_hash=digest(f"{draft.guid_hash} {draft.url_hash}"))
        if draft.guid_hash in others
        else draft
        for draft in shown.drafts
    ]
    return replace(shown, drafts=renamed)


async def _store_new(
    unit: Unit, shown: Sequence[Shown]
) -> tuple[dict[int, list[Found]], dict[str, int]]:
    """Return the new articles by source, and all that are told by the hash of their URL."""
    new = [(each.source_id, draft) for each in shown for draft in each.new]
    if not new:
        return {}, {}
    makers: dict[str, tuple[int, Draft]] = {}
    for source_id, draft in new:
        # The first source makes the article, and its newest entry; the others carry it.
        if makers.setdefault(draft.url_hash, (source_id, draft))[0] == source_id:
            makers[draft.url_hash] = source_id, draft
    there = await articles_by_url(unit, makers)
    fresh = {url_hash: maker for url_hash, maker in makers.items() if url_hash not in there}
    stored = await store_articles(unit, [_article(draft, unit) for _, draft in fresh.values()])
    if len(stored) < len(fresh):
        there |= await articles_by_url(unit, fresh.keys() - stored.keys())
    made: dict[int, list[Found]] = {}
    for url_hash, article_id in stored.items():
        source_id, draft = fresh[url_hash]
        made.setdefault(source_id, []).append((article_id, draft))
    await store_folded(unit, [_folded(*each) for articles in made.values() for each in articles])
    articles = there | stored
    await store_entries(unit, [_entry(draft, at, articles, unit) for at, draft in new])
    again = {(at, there[draft.url_hash]) for at, draft in new if draft.url_hash in there}
    if again:
        await forget_guids(unit, again, MOST_GUIDS)
    return made, articles


async def _revise(
    unit: Unit, source_id: int, changed: Sequence[Found], carried: Sequence[Found]
) -> list[Found]:
    if not changed and not carried:
        return []
    revised, later = await revise(unit, source_id, [*changed, *carried])
    seen = {each.guid_hash: each.content_hash for _, each in changed}
    await note_contents(
        unit, source_id, {guid: content for guid, content in seen.items() if guid not in later}
    )
    return revised


def _article(draft: Draft, unit: Unit) -> dict[str, Any]:
    return {
        "url_hash": draft.url_hash,
        "url": draft.url,
        "title": draft.title,
        "summary": draft.item.summary,
        "text": draft.text,
        "language": draft.item.language,
        "published_at": draft.published_at,
        "published_on": draft.published_on,
        "stored_at": unit.now,
        "ready_at": unit.now + LATE if draft.awaits_page else None,
        "news_at": draft.news_at if draft.quiet else unit.now,
        "quiet": draft.quiet,
    }


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


def _entry(draft: Draft, source_id: int, articles: dict[str, int], unit: Unit) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "guid_hash": draft.guid_hash,
        "article_id": articles[draft.url_hash],
        "content_hash": draft.content_hash,
        "first_seen_at": unit.now,
        "outlet": draft.item.outlet[:LONGEST_OUTLET],
        "outlet_host": draft.item.outlet_host[:LONGEST_OUTLET],
    }
