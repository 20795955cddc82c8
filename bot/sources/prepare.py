"""Compares and folds the entries of sources before the write lock is taken.

A reading transaction loads the articles that are stored; comparing and folding take turns with the
event loop. `store.store_shown` writes the result.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, Self

from bot.slices import Slices, gathered, in_turns
from bot.sources.drafts import ArticleDraft, digest, is_another
from bot.sources.revise import Comparison, FoldedWords, compared, folded_words
from storage.articles import ArticleContent, ScopedUrl, Wording, articles_by_url, contents_of
from storage.db.engine import Storage, Transaction
from storage.entries import KnownEntry
from storage.publishers import lasting_sources_of_record

Found = tuple[int, ArticleDraft]  # the article's id and what the source says of it


@dataclass(frozen=True)
class Shown:
    """The entries that a source shows now, the newest first.

    Those among the *known*, by the hash of the guid, revise their articles. *inside*: the pages
    of articles may be requested in the operator's own network.
    """

    source_id: int
    drafts: Sequence[ArticleDraft]
    known: Mapping[str, KnownEntry] = field(default_factory=dict)
    inside: bool = field(kw_only=True)

    @cached_property
    def oldest_first(self) -> list[ArticleDraft]:
        """Return the entries in the order of storing them, only the newest of each guid."""
        return list({draft.guid_hash: draft for draft in reversed(self.drafts)}.values())

    @property
    def new(self) -> list[ArticleDraft]:
        return [draft for draft in self.oldest_first if draft.guid_hash not in self.known]

    @property
    def changed(self) -> list[Found]:
        known = self.known
        return [
            (known[d.guid_hash].article_id, d) for d in self.oldest_first if d.guid_hash in known
        ]


@dataclass(frozen=True)
class PreparedEntries:
    """Entries that have been compared and folded; the results are by the hash of the guid.

    *folded*: the words of new entries. *comparisons*: of entries with the articles that are there.
    """

    shown: Shown
    folded: Mapping[str, FoldedWords]
    comparisons: Mapping[str, Comparison]

    @property
    def source_id(self) -> int:
        return self.shown.source_id

    def of_source(self, source_id: int) -> Self:
        """Return the same as shown by a source that had no row yet."""
        return replace(self, shown=replace(self.shown, source_id=source_id))


class Before(NamedTuple):
    """Stored articles by id, their ids by URL, and their lasting sources of record."""

    articles: Mapping[int, ArticleContent]
    by_url: Mapping[ScopedUrl, int]
    records: Mapping[int, int]


async def prepare(storage: Storage, shown: Sequence[Shown]) -> list[PreparedEntries]:
    """Compare and fold what sources show, before the write lock is taken."""
    if not shown:
        return []
    async with storage.reading() as tx:
        before = await stored_before(tx, shown)
    return await in_turns(gathered(prepared(each, before) for each in shown))


async def stored_before(tx: Transaction, shown: Sequence[Shown]) -> Before:
    by_url = await articles_by_url(tx, {draft.url_hash for each in shown for draft in each.drafts})
    changed = {article_id for each in shown for article_id, _ in each.changed}
    ids = changed | set(by_url.values())
    return Before(await contents_of(tx, ids), by_url, await lasting_sources_of_record(tx, ids))


def prepared(shown: Shown, before: Before) -> Slices[PreparedEntries]:
    shown = yield from _named_anew(shown, before.articles)
    folded: dict[str, FoldedWords] = {}
    for draft in shown.new:
        folded[draft.guid_hash] = yield from folded_words(draft.title, draft.text)
        yield
    comparisons: dict[str, Comparison] = {}
    for article_id, draft in (*shown.changed, *_carried(shown, before.by_url)):
        article = before.articles.get(article_id)
        if article and before.records.get(article_id, shown.source_id) == shown.source_id:
            comparisons[draft.guid_hash] = yield from compared(Wording.of(article), draft)
            yield
    return PreparedEntries(shown, folded, comparisons)


def _named_anew(shown: Shown, articles: Mapping[int, ArticleContent]) -> Slices[Shown]:
    """Give a name of its own to an entry under a guid that stood for something else before."""
    others = set()
    for article_id, draft in shown.changed:
        was = articles.get(article_id)
        if was is None or was.url_hash == draft.url_hash:
            continue
        if is_another((was.title, was.summary), (draft.title, draft.item.summary)):
            others.add(draft.guid_hash)
        yield
    if not others:
        return shown
    renamed = [
        replace(draft, guid_hash=digest(f"{draft.guid_hash} {draft.url_hash}"))
        if draft.guid_hash in others
        else draft
        for draft in shown.drafts
    ]
    return replace(shown, drafts=renamed)


def _carried(shown: Shown, by_url: Mapping[ScopedUrl, int]) -> Iterator[Found]:
    """Yield new entries whose article is there already."""
    for draft in shown.new:
        own = ScopedUrl(draft.url_hash, shown.source_id)
        if article_id := by_url.get(ScopedUrl(draft.url_hash)) or by_url.get(own):
            yield article_id, draft
