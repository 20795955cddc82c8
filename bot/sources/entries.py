"""Turns the entries of sources into stored articles: compare and fold, then store.

`prepare` loads the articles that are already stored, then compares and folds in a thread, before
the write lock is taken. `store_prepared` writes the result and awaits nothing but statements. It
does not revise an article that has changed in between; the next fetch compares that article again.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

from bot.sources.decide import Revision, SourceEntries
from bot.sources.drafts import (
    PAGE_TIMEOUT,
    ArticleDraft,
    digest,
    is_another,
    label_columns,
    picture_columns,
)
from bot.sources.revise import (
    ChangeKind,
    Comparison,
    FoldedWords,
    compared,
    folded_words,
    revise,
)
from bot.sources.urls import host_of
from bot.text.folding import folded_labels
from storage import sources
from storage.article_merges import make_public
from storage.articles import (
    PUBLIC,
    ArticleContent,
    ArticlePicture,
    FoldedText,
    ScopedUrl,
    Wording,
    articles_by_url,
    contents_of,
    store_articles,
    store_folded,
)
from storage.db.engine import Storage, Transaction
from storage.entries import (
    MAX_PUBLISHER_LENGTH,
    delete_entries_older_than,
    store_entries,
    update_content_hashes,
)
from storage.publishers import lasting_sources_of_record
from storage.sources import AwaitedPage

MOST_GUIDS: Final = 5  # of one entry
_NO_PICTURE: Final = ArticlePicture("")._asdict()


@dataclass(frozen=True)
class PreparedEntries:
    """Entries that have been compared and folded; both results are keyed by the guid's hash.

    *folded*: the words of new entries. *comparisons*: entries compared with their stored articles.
    """

    entries: SourceEntries
    folded: Mapping[str, FoldedWords]
    comparisons: Mapping[str, Comparison]

    @property
    def source_id(self) -> int:
        return self.entries.source_id

    def of_source(self, source_id: int) -> Self:
        """Return the same entries under the id of their source, which had no row before."""
        return replace(self, entries=replace(self.entries, source_id=source_id))


class StoredBefore(NamedTuple):
    """Stored articles by id, their ids by URL, and their lasting sources of record."""

    articles: Mapping[int, ArticleContent]
    by_url: Mapping[ScopedUrl, int]
    records: Mapping[int, int]


async def prepare(storage: Storage, entries: Sequence[SourceEntries]) -> list[PreparedEntries]:
    if not entries:
        return []
    async with storage.reading() as tx:
        before = await stored_before(tx, entries)
    return await prepare_from(before, entries)


async def prepare_from(
    before: StoredBefore, entries: Sequence[SourceEntries]
) -> list[PreparedEntries]:
    return await asyncio.to_thread(lambda: [prepared(each, before) for each in entries])


async def stored_before(tx: Transaction, entries: Sequence[SourceEntries]) -> StoredBefore:
    by_url = await articles_by_url(
        tx, {draft.url_hash for each in entries for draft in each.drafts}
    )
    changed = {article_id for each in entries for article_id, _ in each.changed}
    ids = changed | set(by_url.values())
    articles = await contents_of(tx, ids)
    return StoredBefore(articles, by_url, await lasting_sources_of_record(tx, ids))


def prepared(entries: SourceEntries, before: StoredBefore) -> PreparedEntries:
    """Fold new entries, and compare entries with their stored articles.

    A changed number in a delivered entry revises at once: no poll repeats it after the hour for
    which numbers of other entries wait.
    """
    entries = _with_guids_of_their_own(entries, before.articles)
    folded = {each.guid_hash: folded_words(each.title, each.text) for each in entries.new}
    comparisons: dict[str, Comparison] = {}
    for article_id, draft in (*entries.changed, *_carried(entries, before.by_url)):
        article = before.articles.get(article_id)
        if article and before.records.get(article_id, entries.source_id) == entries.source_id:
            comparison = compared(Wording.of(article), draft)
            if entries.is_delivered and comparison.kind is ChangeKind.NUMBERS:
                comparison = replace(comparison, kind=ChangeKind.WORDS)
            comparisons[draft.guid_hash] = comparison
    return PreparedEntries(entries, folded, comparisons)


def _with_guids_of_their_own(
    entries: SourceEntries, articles: Mapping[int, ArticleContent]
) -> SourceEntries:
    """Give a new guid to each entry whose guid stood for a different entry before."""
    others = set()
    for article_id, draft in entries.changed:
        article = articles.get(article_id)
        if article is None or article.url_hash == draft.url_hash:
            continue
        if is_another((article.title, article.summary), (draft.title, draft.item.summary)):
            others.add(draft.guid_hash)
    if not others:
        return entries
    drafts = [
        replace(draft, guid_hash=digest(f"{draft.guid_hash} {draft.url_hash}"))
        if draft.guid_hash in others
        else draft
        for draft in entries.drafts
    ]
    return replace(entries, drafts=drafts)


def _carried(entries: SourceEntries, by_url: Mapping[ScopedUrl, int]) -> Iterator[Revision]:
    """Yield the new entries whose article is already stored."""
    for draft in entries.new:
        private = ScopedUrl(draft.url_hash, entries.source_id)
        if article_id := by_url.get(ScopedUrl(draft.url_hash)) or by_url.get(private):
            yield article_id, draft


class Stored(NamedTuple):
    """The number of new articles by source, and the sources that must be read again in full."""

    articles: Counter[int]
    unsettled: frozenset[int]


NOTHING_STORED: Final = Stored(Counter(), frozenset())


async def store_prepared(tx: Transaction, prepared: Sequence[PreparedEntries]) -> Stored:
    """Store new entries with their articles, and revise the articles of the others.

    An article that another source has already listed is then listed by both. An article that a
    private source lists first belongs to that source alone, until a public source lists it.
    """
    if not prepared:
        return NOTHING_STORED
    private = await sources.private_sources(tx, [each.source_id for each in prepared])
    made, carried = await _store_new(tx, prepared, private)
    pages: list[AwaitedPage] = []
    unsettled: set[int] = set()
    for each in prepared:
        source_id = each.source_id
        revised, is_settled = await _revise(tx, each, carried.get(source_id, ()))
        if not is_settled:
            unsettled.add(source_id)
        pages += [
            _page(article_id, draft, tx.now, each.entries, private=source_id in private)
            for article_id, draft in (*made.get(source_id, ()), *revised)
            if draft.awaits_page
        ]
    await sources.enqueue_pages(tx, pages)
    numbers = Counter({source_id: len(articles) for source_id, articles in made.items()})
    return Stored(numbers, frozenset(unsettled))


class _NewEntry(NamedTuple):
    """*article*: the URL of its article; public if a public article exists or is stored now."""

    source_id: int
    draft: ArticleDraft
    article: ScopedUrl


_BySource = dict[int, list[Revision]]


async def _store_new(
    tx: Transaction, prepared: Sequence[PreparedEntries], private: Collection[int]
) -> tuple[_BySource, _BySource]:
    """Store new entries and their articles.

    Return, by source, the articles that its entries created, and those that its entries only list.
    """
    drafts = [(each.source_id, draft) for each in prepared for draft in each.entries.new]
    if not drafts:
        return {}, {}
    stored = await articles_by_url(tx, {draft.url_hash for _, draft in drafts})
    entries = _new_entries(drafts, stored, private)
    makers = _makers(entries, stored, private)
    new = await store_articles(tx, [_article_row(entry, tx.now) for entry in makers.values()])
    if missed := makers.keys() - new.keys():  # another process has stored these meanwhile
        stored |= await articles_by_url(tx, {url.url_hash for url in missed})
    folded = {each.source_id: each.folded for each in prepared}
    await store_folded(
        tx,
        [
            FoldedText(
                article_id,
                *folded[makers[url].source_id][makers[url].draft.guid_hash],
                makers[url].draft.item.language,
                folded_labels(makers[url].draft.item.author, makers[url].draft.item.categories),
            )
            for url, article_id in new.items()
        ],
    )
    ids = stored | new
    await store_entries(tx, [_entry_row(entry, ids[entry.article], tx.now) for entry in entries])
    listed = {(each.source_id, stored[each.article]) for each in entries if each.article in stored}
    if listed:
        await delete_entries_older_than(tx, listed, MOST_GUIDS)
    await make_public(tx, _made_public(stored, new))

    made: _BySource = {}
    for url, article_id in new.items():
        made.setdefault(makers[url].source_id, []).append((article_id, makers[url].draft))
    carried: _BySource = {}
    for entry in entries:
        is_own = entry.article in new and makers[entry.article].source_id == entry.source_id
        if not is_own:
            carried.setdefault(entry.source_id, []).append((ids[entry.article], entry.draft))
    return made, carried


def _new_entries(
    drafts: Sequence[tuple[int, ArticleDraft]],
    stored: Collection[ScopedUrl],
    private: Collection[int],
) -> list[_NewEntry]:
    public = {url.url_hash for url in stored if url.scope_id == PUBLIC}
    public |= {draft.url_hash for source_id, draft in drafts if source_id not in private}
    return [
        _NewEntry(
            source_id,
            draft,
            ScopedUrl(draft.url_hash, PUBLIC if draft.url_hash in public else source_id),
        )
        for source_id, draft in drafts
    ]


def _makers(
    entries: Sequence[_NewEntry], stored: Collection[ScopedUrl], private: Collection[int]
) -> dict[ScopedUrl, _NewEntry]:
    """Return, for each article that is not stored yet, the entry that creates it.

    That is the newest entry of the first source in the article's scope. All others only list it.
    """
    makers: dict[ScopedUrl, _NewEntry] = {}
    for entry in entries:
        url, source_id = entry.article, entry.source_id
        is_of_scope = url.scope_id == source_id or source_id not in private
        if url in stored or not is_of_scope:
            continue
        if makers.setdefault(url, entry).source_id == source_id:
            makers[url] = entry
    return makers


def _made_public(stored: Mapping[ScopedUrl, int], new: Mapping[ScopedUrl, int]) -> dict[int, int]:
    """Map each private article to the public article that was just stored under its URL."""
    return {
        private_id: new[ScopedUrl(url.url_hash)]
        for url, private_id in stored.items()
        if url.scope_id != PUBLIC and ScopedUrl(url.url_hash) in new
    }


async def _revise(
    tx: Transaction, prepared: PreparedEntries, carried: Iterable[Revision]
) -> tuple[list[Revision], bool]:
    """Revise articles; return those that changed, and True if no entry must be read again."""
    changed = prepared.entries.changed
    shown = [*changed, *carried]
    if not shown:
        return [], True
    revised, later = await revise(tx, prepared.source_id, shown, prepared.comparisons)
    hashes = {draft.guid_hash: draft.content_hash for _, draft in changed}
    # The next fetch compares these entries again, because no content has an empty hash.
    hashes |= dict.fromkeys(later, "")
    await update_content_hashes(tx, prepared.source_id, hashes)
    return revised, not later


def _article_row(entry: _NewEntry, now: datetime) -> dict[str, Any]:
    draft = entry.draft
    return {
        **entry.article._asdict(),
        **(picture_columns(draft.item) or _NO_PICTURE),  # equal columns, for one insert
        "url": draft.url,
        **label_columns(draft.item),
        "title": draft.title,
        "summary": draft.item.summary,
        "text": draft.text,
        "language": draft.item.language,
        "published_at": draft.published_at,
        "published_on": draft.published_on,
        "stored_at": now,
        "ready_at": now + PAGE_TIMEOUT if draft.awaits_page else None,
        "news_at": draft.news_at if draft.quiet else now,
        "quiet": draft.quiet,
    }


def _entry_row(entry: _NewEntry, article_id: int, now: datetime) -> dict[str, Any]:
    item = entry.draft.item
    return {
        "source_id": entry.source_id,
        "guid_hash": entry.draft.guid_hash,
        "article_id": article_id,
        "content_hash": entry.draft.content_hash,
        "first_seen_at": now,
        "publisher": item.publisher[:MAX_PUBLISHER_LENGTH],
        "publisher_host": item.publisher_host[:MAX_PUBLISHER_LENGTH],
    }


def _page(
    article_id: int, draft: ArticleDraft, now: datetime, entries: SourceEntries, *, private: bool
) -> AwaitedPage:
    return AwaitedPage(
        article_id=article_id,
        url=draft.url,
        host=host_of(draft.url),
        inside=entries.inside,
        private=private,
        settings_of=entries.source_id if entries.has_settings else None,
        awaited_since=now,
        due_at=now,
    )
