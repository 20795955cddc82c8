"""Storing what a source shows: entries, articles, their folded words, what was revised."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from bot.matching.slices import Slices, in_turns
from bot.matching.text import text_in_slices
from bot.sources.articles.completion import LATE
from bot.sources.articles.identity import is_another
from bot.sources.articles.intake import Draft
from bot.sources.articles.revising import revise
from bot.sources.hashes import digest
from bot.sources.urls import host_of
from storage.alerts import make_public
from storage.articles import (
    PUBLIC,
    ArticleFingerprint,
    FoldedText,
    ScopedUrl,
    articles_by_url,
    fingerprints_of,
    store_articles,
    store_folded,
)
from storage.db.engine import Transaction
from storage.entries import (
    MAX_PUBLISHER_LENGTH,
    KnownEntry,
    delete_entries_older_than,
    store_entries,
    update_content_hashes,
)
from storage.sources import AwaitedPage, enqueue_pages, private_sources

MOST_GUIDS: Final = 5  # of one entry
Found = tuple[int, Draft]  # the article's id and what the source says of it
Named = tuple[int, str]  # an entry: its source and the hash of its guid
FoldedWords = tuple[str, str]  # of a title and a text


@dataclass(frozen=True)
class Shown:
    """What a source shows now, the newest first.

    What is among the *known*, by the hash of the guid, revises its article. *inside*: the pages
    of articles may be asked for in the operator's own network.
    """

    source_id: int
    drafts: Sequence[Draft]
    known: Mapping[str, KnownEntry] = field(default_factory=dict)
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
    tx: Transaction, source_id: int, drafts: Sequence[Draft], *, inside: bool = False
) -> int:
    """Store the entries of a source that showed none of them before; see `store_shown`."""
    made = await store_shown(tx, [Shown(source_id, drafts, inside=inside)])
    return made.get(source_id, 0)


async def store_shown(tx: Transaction, shown: Sequence[Shown]) -> Counter[int]:
    """Store what sources show; return how many new articles each made, by the source's id.

    An article that another source brought already gets this one as a further carrier. But what a
    private source shows first is an article of that source alone, until a public one shows it.
    """
    if not shown:
        return Counter()
    shown = [await _named_anew(tx, each) for each in shown]
    folded = await in_turns(_folded_new(shown))
    private, made, placed = await tx.at_once(_store_new(tx, shown, folded))
    waiting: list[AwaitedPage] = []
    for each in shown:
        own = {article_id for article_id, _ in made.get(each.source_id, ())}
        told = [(placed[each.source_id, draft.guid_hash], draft) for draft in each.new]
        carried = [(article_id, draft) for article_id, draft in told if article_id not in own]
        revised = await _revise(tx, each.source_id, each.changed, carried)
        waiting += [
            _page(article_id, draft, tx, inside=each.inside, private=each.source_id in private)
            for article_id, draft in (*made.get(each.source_id, ()), *revised)
            if draft.awaits_page
        ]
    await enqueue_pages(tx, waiting)
    return Counter({source_id: len(articles) for source_id, articles in made.items()})


async def _named_anew(tx: Transaction, shown: Shown) -> Shown:
    """Give a name of its own to what stands under the guid of something else."""
    if not shown.changed:
        return shown
    told = await fingerprints_of(tx, {article_id for article_id, _ in shown.changed})
    others = await in_turns(_others(shown.changed, told))
    renamed = [
        replace(draft, guid_hash=digest(f"{draft.guid_hash} {draft.url_hash}"))
        if draft.guid_hash in others
        else draft
        for draft in shown.drafts
    ]
    return replace(shown, drafts=renamed)


def _others(changed: Sequence[Found], told: Mapping[int, ArticleFingerprint]) -> Slices[set[str]]:
    """Return the hashes of the guids that stand for something else now."""
    others = set()
    for article_id, draft in changed:
        was = told.get(article_id)
        if was is None or was.url_hash == draft.url_hash:
            continue
        if is_another((was.title, was.summary), (draft.title, draft.item.summary)):
            others.add(draft.guid_hash)
        yield
    return others


def _folded_new(shown: Sequence[Shown]) -> Slices[dict[Named, FoldedWords]]:
    """Fold all that is new, by source and guid, before the database's thread stores it in one go.

    What another source carries already is folded in vain; that is rare.
    """
    folded: dict[Named, FoldedWords] = {}
    for each in shown:
        for draft in each.new:
            folded[each.source_id, draft.guid_hash] = yield from folded_draft(draft)
            yield
    return folded


def folded_draft(draft: Draft) -> Slices[FoldedWords]:
    title = yield from text_in_slices(draft.title)
    text = yield from text_in_slices(draft.text)
    return title, text


async def _store_new(
    tx: Transaction, shown: Sequence[Shown], folded: Mapping[Named, FoldedWords]
) -> tuple[set[int], dict[int, list[Found]], dict[Named, int]]:
    """Store entries and articles that are new. It awaits statements alone.

    Return the private sources, the new articles by source, and the article of each new entry.
    """
    private = await private_sources(tx, [each.source_id for each in shown])
    new = [(each.source_id, draft) for each in shown for draft in each.new]
    if not new:
        return private, {}, {}
    there = await articles_by_url(tx, {draft.url_hash for _, draft in new})
    urls = _urls(new, there, private)
    fresh = _makers(new, urls, private, there)
    rows = [_article(draft, url, tx) for url, (_, draft) in fresh.items()]
    stored = await store_articles(tx, rows)
    if len(stored) < len(fresh):
        missed = fresh.keys() - stored.keys()
        there |= await articles_by_url(tx, {url.url_hash for url in missed})
    made: dict[int, list[Found]] = {}
    for url, article_id in stored.items():
        source_id, draft = fresh[url]
        made.setdefault(source_id, []).append((article_id, draft))
    await store_folded(
        tx,
        [
            FoldedText(article_id, *folded[source_id, draft.guid_hash], draft.item.language)
            for source_id, articles in made.items()
            for article_id, draft in articles
        ],
    )
    articles = there | stored
    placed = {(at, d.guid_hash): articles[url] for (at, d), url in zip(new, urls, strict=True)}
    await store_entries(tx, [_entry(draft, at, placed, tx) for at, draft in new])
    again = {(at, there[url]) for (at, _), url in zip(new, urls, strict=True) if url in there}
    if again:
        await delete_entries_older_than(tx, again, MOST_GUIDS)
    await make_public(tx, _made_public(there, stored))
    return private, made, placed


def _urls(
    new: Sequence[tuple[int, Draft]], there: Collection[ScopedUrl], private: Collection[int]
) -> list[ScopedUrl]:
    """Return which article each of *new* is: the public one, if there is or will be one."""
    public = {url.url_hash for url in there if url.scope_id == PUBLIC}
    public |= {draft.url_hash for at, draft in new if at not in private}
    return [ScopedUrl(d.url_hash, PUBLIC if d.url_hash in public else at) for at, d in new]


def _makers(
    new: Sequence[tuple[int, Draft]],
    urls: Sequence[ScopedUrl],
    private: Collection[int],
    there: Collection[ScopedUrl],
) -> dict[ScopedUrl, tuple[int, Draft]]:
    """Return who makes each article that is not there, from which entry.

    The first source of its scope makes it, and its newest entry; the others carry it.
    """
    makers: dict[ScopedUrl, tuple[int, Draft]] = {}
    for (at, draft), url in zip(new, urls, strict=True):
        is_of_scope = url.scope_id == at or at not in private
        if url not in there and is_of_scope and makers.setdefault(url, (at, draft))[0] == at:
            makers[url] = at, draft
    return makers


def _made_public(there: Mapping[ScopedUrl, int], stored: Mapping[ScopedUrl, int]) -> dict[int, int]:
    """Return the public article that was stored now, by each private one of its URL."""
    return {
        private: stored[ScopedUrl(url.url_hash)]
        for url, private in there.items()
        if url.scope_id != PUBLIC and ScopedUrl(url.url_hash) in stored
    }


async def _revise(
    tx: Transaction, source_id: int, changed: Sequence[Found], carried: Sequence[Found]
) -> list[Found]:
    if not changed and not carried:
        return []
    revised, later = await revise(tx, source_id, [*changed, *carried])
    seen = {each.guid_hash: each.content_hash for _, each in changed}
    await update_content_hashes(
        tx, source_id, {guid: content for guid, content in seen.items() if guid not in later}
    )
    return revised


def _article(draft: Draft, url: ScopedUrl, tx: Transaction) -> dict[str, Any]:
    return {
        **url._asdict(),
        "url": draft.url,
        "title": draft.title,
        "summary": draft.item.summary,
        "text": draft.text,
        "language": draft.item.language,
        "published_at": draft.published_at,
        "published_on": draft.published_on,
        "stored_at": tx.now,
        "ready_at": tx.now + LATE if draft.awaits_page else None,
        "news_at": draft.news_at if draft.quiet else tx.now,
        "quiet": draft.quiet,
    }


def _page(
    article_id: int, draft: Draft, tx: Transaction, *, inside: bool, private: bool
) -> AwaitedPage:
    return AwaitedPage(
        article_id=article_id,
        url=draft.url,
        host=host_of(draft.url),
        inside=inside,
        private=private,
        awaited_since=tx.now,
        due_at=tx.now,
    )


def _entry(
    draft: Draft, source_id: int, placed: Mapping[Named, int], tx: Transaction
) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "guid_hash": draft.guid_hash,
        "article_id": placed[source_id, draft.guid_hash],
        "content_hash": draft.content_hash,
        "first_seen_at": tx.now,
        "outlet": draft.item.outlet[:MAX_PUBLISHER_LENGTH],
        "outlet_host": draft.item.outlet_host[:MAX_PUBLISHER_LENGTH],
    }
