"""Storing the results of fetches: entries, articles, their folded words, what was revised.

Fetches that end about the same time share a transaction, which costs more than most of them bring.
What is too much for one takes several: its oldest entries are stored first, and the last
transaction finishes the fetch. If that never comes, the source is due again when its lease ends,
and what is stored by then is known. Where one result cannot be stored, each gets transactions of
its own; what cannot be stored even then is shown in the source's health.

An entry that the reader knew by its fingerprint is as it was: nothing of it is looked at.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any, Final

import structlog

from bot.budgets import USUAL, Budgets, Cost, weight
from bot.matching.slices import Slices, in_turns
from bot.matching.text import text_in_slices
from bot.sources.drafts import (
    MOST_PAGES,
    PAGE_TIMEOUT,
    ArticleDraft,
    IdentifiedItem,
    awaiting_pages,
    content_hash,
    digest,
    draft_of,
    identify_in_slices,
    is_another,
    url_hash,
)
from bot.sources.feeds.model import Document, moment_of, pack_fingerprints
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.fetch.source import FetchResult
from bot.sources.fetch.throttle import PAUSE_SECONDS
from bot.sources.health import changes_after, host_to_pause, new_address, postponed
from bot.sources.payment import charge_sources, rooms
from bot.sources.revise import revise
from bot.sources.urls import host_of
from storage import sources
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
from storage.db.engine import Storage, Transaction, is_unavailable
from storage.db.leases import held
from storage.entries import (
    MAX_PUBLISHER_LENGTH,
    KnownEntry,
    count_newest,
    delete_entries_older_than,
    known_entries,
    store_entries,
    update_content_hashes,
)
from storage.enums import UsageKind
from storage.sources import AwaitedPage, Source

log = structlog.get_logger(__name__)

MOST_A_DAY: Final = 4_000  # new entries of one public source
_DAY: Final = timedelta(days=1)
_UNCOUNTED: Final = 25  # new entries of one fetch: hardly one has more, and counting takes time
_MOST: Final = 200  # articles in one transaction, stored in about 20 ms: others wait for it
_TOO_MUCH: Final = Problem(ProblemCode.TOO_MANY_ENTRIES, {"limit": MOST_A_DAY})
_OVER_BUDGET: Final = Problem(ProblemCode.OVER_BUDGET)

Entries = Mapping[int, Sequence[IdentifiedItem]]  # by the source's id


MOST_GUIDS: Final = 5  # of one entry
Found = tuple[int, ArticleDraft]  # the article's id and what the source says of it
Named = tuple[int, str]  # an entry: its source and the hash of its guid
FoldedWords = tuple[str, str]  # of a title and a text


@dataclass(frozen=True)
class Shown:
    """What a source shows now, the newest first.

    What is among the *known*, by the hash of the guid, revises its article. *inside*: the pages
    of articles may be asked for in the operator's own network.
    """

    source_id: int
    drafts: Sequence[ArticleDraft]
    known: Mapping[str, KnownEntry] = field(default_factory=dict)
    inside: bool = False

    @cached_property
    def oldest_first(self) -> list[ArticleDraft]:
        """What was shown first is stored first; of two with one guid the newest counts."""
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


async def store_drafts(
    tx: Transaction, source_id: int, drafts: Sequence[ArticleDraft], *, inside: bool = False
) -> int:
    """Store the entries of a source that showed none of them before; see `store_shown`."""
    made = await store_shown(tx, [Shown(source_id, drafts, inside=inside)])
    return made.get(source_id, 0)


async def store_shown(tx: Transaction, shown: Sequence[Shown]) -> Counter[int]:
    """Store what sources show; return how many new articles each made, by the source's id.

    An article that another source has listed already is listed by both. But what a private source
    lists first is an article of that source alone, until a public one lists it.
    """
    if not shown:
        return Counter()
    shown = [await _named_anew(tx, each) for each in shown]
    folded = await in_turns(_folded_new(shown))
    private, made, placed = await tx.at_once(_store_new(tx, shown, folded))
    waiting: list[AwaitedPage] = []
    for each in shown:
        own = {article_id for article_id, _ in made.get(each.source_id, ())}
        entries = [(placed[each.source_id, draft.guid_hash], draft) for draft in each.new]
        carried = [(article_id, draft) for article_id, draft in entries if article_id not in own]
        revised = await _revise(tx, each.source_id, each.changed, carried)
        waiting += [
            _page(article_id, draft, tx, inside=each.inside, private=each.source_id in private)
            for article_id, draft in (*made.get(each.source_id, ()), *revised)
            if draft.awaits_page
        ]
    await sources.enqueue_pages(tx, waiting)
    return Counter({source_id: len(articles) for source_id, articles in made.items()})


async def _named_anew(tx: Transaction, shown: Shown) -> Shown:
    """Give a name of its own to what stands under the guid of something else."""
    if not shown.changed:
        return shown
    before = await fingerprints_of(tx, {article_id for article_id, _ in shown.changed})
    others = await in_turns(_others(shown.changed, before))
    renamed = [
        replace(draft, guid_hash=digest(f"{draft.guid_hash} {draft.url_hash}"))
        if draft.guid_hash in others
        else draft
        for draft in shown.drafts
    ]
    return replace(shown, drafts=renamed)


def _others(changed: Sequence[Found], before: Mapping[int, ArticleFingerprint]) -> Slices[set[str]]:
    """Return the hashes of the guids that stand for something else now."""
    others = set()
    for article_id, draft in changed:
        was = before.get(article_id)
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


def folded_draft(draft: ArticleDraft) -> Slices[FoldedWords]:
    title = yield from text_in_slices(draft.title)
    text = yield from text_in_slices(draft.text)
    return title, text


async def _store_new(
    tx: Transaction, shown: Sequence[Shown], folded: Mapping[Named, FoldedWords]
) -> tuple[set[int], dict[int, list[Found]], dict[Named, int]]:
    """Store entries and articles that are new. It awaits statements alone.

    Return the private sources, the new articles by source, and the article of each new entry.
    """
    private = await sources.private_sources(tx, [each.source_id for each in shown])
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
    new: Sequence[tuple[int, ArticleDraft]], there: Collection[ScopedUrl], private: Collection[int]
) -> list[ScopedUrl]:
    """Return which article each of *new* is: the public one, if there is or will be one."""
    public = {url.url_hash for url in there if url.scope_id == PUBLIC}
    public |= {draft.url_hash for at, draft in new if at not in private}
    return [ScopedUrl(d.url_hash, PUBLIC if d.url_hash in public else at) for at, d in new]


def _makers(
    new: Sequence[tuple[int, ArticleDraft]],
    urls: Sequence[ScopedUrl],
    private: Collection[int],
    there: Collection[ScopedUrl],
) -> dict[ScopedUrl, tuple[int, ArticleDraft]]:
    """Return who makes each article that is not there, from which entry.

    The first source of its scope makes it, and its newest entry; the others carry it.
    """
    makers: dict[ScopedUrl, tuple[int, ArticleDraft]] = {}
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
    if later:  # what is to be looked at again must not be known by its fingerprint
        await sources.change_source(tx, source_id, {"fingerprints": b""})
    return revised


def _article(draft: ArticleDraft, url: ScopedUrl, tx: Transaction) -> dict[str, Any]:
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
        "ready_at": tx.now + PAGE_TIMEOUT if draft.awaits_page else None,
        "news_at": draft.news_at if draft.quiet else tx.now,
        "quiet": draft.quiet,
    }


def _page(
    article_id: int, draft: ArticleDraft, tx: Transaction, *, inside: bool, private: bool
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
    draft: ArticleDraft, source_id: int, placed: Mapping[Named, int], tx: Transaction
) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "guid_hash": draft.guid_hash,
        "article_id": placed[source_id, draft.guid_hash],
        "content_hash": draft.content_hash,
        "first_seen_at": tx.now,
        "publisher": draft.item.publisher[:MAX_PUBLISHER_LENGTH],
        "publisher_host": draft.item.publisher_host[:MAX_PUBLISHER_LENGTH],
    }


@dataclass(frozen=True, slots=True)
class Fetched:
    """*jitter*, in [-1, 1], spreads the next fetch."""

    source: Source
    result: FetchResult
    jitter: float = 0.0

    @property
    def source_id(self) -> int:
        return self.source.id


@dataclass(frozen=True, slots=True)
class _Part:
    """What one transaction stores of a fetch. *is_last*: and with it the fetch ends."""

    fetched: Fetched
    shown: Shown | None = None
    is_last: bool = True
    is_split: bool = False

    @property
    def source_id(self) -> int:
        return self.fetched.source_id

    @property
    def drafts(self) -> Sequence[ArticleDraft]:
        return self.shown.drafts if self.shown else ()

    @property
    def cost(self) -> Cost:
        shown, result = self.shown, self.fetched.result
        added = Cost(
            entries=weight_of(shown.new) if shown else 0,
            pages=sum(draft.awaits_page for draft in self.drafts),
        )
        if not self.is_last:
            return added
        return replace(
            added, requests=result.requests, seconds=result.seconds, received=result.received
        )


async def store_fetched(
    storage: Storage, owner: str, fetched: Sequence[Fetched], budgets: Budgets = USUAL
) -> set[int]:
    """Store the results; return the sources for which the database was away.

    The *budgets* are those of the accounts that follow private sources.
    """
    try:
        for parts in _portions(await _parts(storage, fetched, budgets)):
            async with storage.writing() as tx:
                ours = await tx.at_once(_finish(tx, owner, parts, budgets))
                articles = await store_shown(tx, [part.shown for part in ours if part.shown])
            for part in ours:
                _report(part, articles.get(part.source_id, 0))
    except Exception as error:  # a bad source must not stop the others
        if len(fetched) > 1:
            left = [await store_fetched(storage, owner, [each], budgets) for each in fetched]
            return set().union(*left)
        url = fetched[0].source.url
        if is_unavailable(error):
            reason = str(error).partition("\n")[0]
            log.warning("the result of a fetch could not be stored", source=url, reason=reason)
            return {fetched[0].source_id}
        log.exception("a source could not be read", source=url)
        if fetched[0].result.problem != Problem(ProblemCode.INTERNAL_ERROR):
            failed = replace(
                fetched[0], result=FetchResult(problem=Problem(ProblemCode.INTERNAL_ERROR))
            )
            return await store_fetched(storage, owner, [failed], budgets)
    return set()


async def _parts(storage: Storage, fetched: Sequence[Fetched], budgets: Budgets) -> list[_Part]:
    """Return each with what its source shows for the first time, or in other words."""
    entries = {
        each.source_id: await in_turns(_entries_to_read(each.result.document, each.source.url))
        for each in fetched
        if each.result.document
    }
    if not any(entries.values()):
        return [_Part(each) for each in fetched]
    asked = {at: [identity.guid_hash for _, identity in all_] for at, all_ in entries.items()}
    async with storage.reading() as tx:
        known = await known_entries(tx, asked)
        private = {each.source_id for each in fetched if not each.source.public}
        room = await _room(tx, entries, known, private)
        room |= await rooms(tx, private & entries.keys(), UsageKind.ENTRIES, budgets)
        pages = await rooms(tx, private & entries.keys(), UsageKind.PAGES, budgets)
        now = tx.now
    parts = []
    for each in fetched:
        of_source = known.get(each.source_id, {})
        all_ = entries.get(each.source_id, [])
        judged, taken = _within_room(room.get(each.source_id), each, all_, of_source)
        most_pages = min(pages.get(each.source_id, MOST_PAGES), MOST_PAGES)
        shown = await in_turns(_shown(judged, taken, of_source, now, most_pages)) if taken else None
        parts.append(_Part(judged, shown))
    return parts


def _entries_to_read(document: Document, source_url: str) -> Slices[list[IdentifiedItem]]:
    """Identify all entries, since that depends on their neighbours; leave out those as before."""
    identified = yield from identify_in_slices(document, source_url)
    return [(item, identity) for item, identity in identified if not item.is_known]


async def _finish(
    tx: Transaction, owner: str, parts: Sequence[_Part], budgets: Budgets
) -> list[_Part]:
    """End the fetches of which this is the last part; return the parts whose sources are ours.

    The leases of the others were over: somebody else reads them now. It awaits statements alone.
    """
    changes = {part.source_id: await _changes(tx, part) for part in parts if part.is_last}
    private = {part.source_id: part for part in parts if not part.fetched.source.public}
    costs = {source_id: part.cost for source_id, part in private.items()}
    for source_id in await charge_sources(tx, costs, budgets) & changes.keys():
        fetched = private[source_id].fetched
        changes[source_id] = postponed(fetched.source, changes[source_id], tx.now, fetched.jitter)
    ours = await sources.finish_fetches(tx, owner, changes)
    if going_on := [part.source_id for part in parts if not part.is_last]:
        ours |= await held(tx, Source, going_on, owner)
    parts = [part for part in parts if part.source_id in ours]
    for response in (part.fetched.result.response for part in parts if part.is_last):
        if pause := host_to_pause(response, tx.now):
            await sources.delay_host(tx, *pause)
    return parts


async def _room(
    tx: Transaction,
    entries: Entries,
    known: Mapping[int, Mapping[str, KnownEntry]],
    private: Collection[int],
) -> dict[int, int]:
    """Return how many new entries are taken of those public sources that bring many."""
    many = [
        at
        for at, all_ in entries.items()
        if at not in private and len(all_) - len(known.get(at, ())) > _UNCOUNTED
    ]
    since = tx.now - _DAY
    return {at: MOST_A_DAY - await count_newest(tx, at, since, MOST_A_DAY) for at in many}


def _within_room(
    room: int | None,
    fetched: Fetched,
    entries: Sequence[IdentifiedItem],
    known: Mapping[str, KnownEntry],
) -> tuple[Fetched, Sequence[IdentifiedItem]]:
    """Leave out new entries for which there is no *room*, the oldest, and say so.

    The long entries of a private source count several times.
    """
    if room is None:
        return fetched, entries
    is_public = fetched.source.public
    new = [(item, identity) for item, identity in entries if identity.guid_hash not in known]
    new.sort(key=lambda entry: moment_of(entry[0]), reverse=True)
    weights = accumulate(1 if is_public else weight(item.text, item.summary) for item, _ in new)
    left_out = {
        identity.guid_hash for (_, identity), sum_ in zip(new, weights, strict=True) if sum_ > room
    }
    if not left_out:
        return fetched, entries
    log.warning("new entries were left out", source=fetched.source.url, entries=len(left_out))
    kept = [entry for entry in entries if entry[1].guid_hash not in left_out]
    problem = _TOO_MUCH if is_public else _OVER_BUDGET
    return replace(fetched, result=replace(fetched.result, problem=problem)), kept


def _shown(
    fetched: Fetched,
    entries: Sequence[IdentifiedItem],
    known: Mapping[str, KnownEntry],
    now: datetime,
    most_pages: int,
) -> Slices[Shown]:
    source = fetched.source
    backlog = source.first_read_at is None
    drafts = []
    for item, identity in entries:
        before = known.get(identity.guid_hash)
        if before is None or before.content_hash != content_hash(item):
            drafts.append(draft_of(item, identity, source_url=source.url, now=now, backlog=backlog))
        yield
    marked = awaiting_pages(drafts, source.full_text, source.kind, most_pages)
    return Shown(fetched.source_id, marked, known, inside=fetched.result.own_network)


def _portions(parts: Iterable[_Part]) -> Iterator[Sequence[_Part]]:
    """Yield as few as have no more articles than a transaction should."""
    portion: list[_Part] = []
    weight = 0
    for whole in parts:
        *firsts, last = parted(whole.drafts)
        for drafts in firsts:
            yield [_with_drafts(whole, drafts, is_last=False)]
        if portion and weight + weight_of(last) > _MOST:
            yield portion
            portion, weight = [], 0
        portion.append(_with_drafts(whole, last, is_last=True) if firsts else whole)
        weight += weight_of(last)
    if portion:
        yield portion


def _with_drafts(whole: _Part, drafts: Sequence[ArticleDraft], *, is_last: bool) -> _Part:
    shown = whole.shown and replace(whole.shown, drafts=drafts)
    return replace(whole, shown=shown, is_last=is_last, is_split=True)


def parted(drafts: Sequence[ArticleDraft]) -> list[Sequence[ArticleDraft]]:
    """Return parts that a transaction should store, the oldest entries first; at least one."""
    parts: list[list[ArticleDraft]] = [[]]
    room = _MOST
    for each in reversed(drafts):
        weight = weight_of([each])
        if parts[-1] and weight > room:
            parts.append([])
            room = _MOST
        parts[-1].append(each)
        room -= weight
    return [part[::-1] for part in parts]


def weight_of(drafts: Iterable[ArticleDraft]) -> int:
    return sum(weight(each.text, each.item.summary) for each in drafts)


async def _changes(tx: Transaction, part: _Part) -> dict[str, Any]:
    """Return the columns of the source that change with the end of its fetch."""
    fetched = part.fetched
    changes = changes_after(fetched.source, fetched.result, tx.now, fetched.jitter)
    if (target := new_address(changes)) and not await sources.source_of(tx, url_hash(target)):
        changes |= {"url": target, "url_hash": url_hash(target), "host": host_of(target)}
        changes |= {"moved_to": None, "moved_seen": 0}
    if not changes.get("own_network", fetched.source.own_network):
        changes["lease_until"] = tx.now + timedelta(seconds=PAUSE_SECONDS)
    if fetched.result.document and not part.is_split:
        changes["fingerprints"] = _fingerprints(fetched.result)
    return changes


def _fingerprints(result: FetchResult) -> bytes:
    """Return what the entries are known by next time; nothing where some were left out."""
    if result.document is None or result.problem:
        return b""
    return pack_fingerprints(result.document.items)


def _report(part: _Part, articles: int) -> None:
    url, problem = part.fetched.source.url, part.fetched.result.problem
    if problem and part.is_last:
        log.warning("source is unhealthy", source=url, error=problem.code.value, **problem.detail)
    elif articles:
        log.info("new articles", source=url, articles=articles)
