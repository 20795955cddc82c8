"""Storing the results of fetches: entries, articles, their folded words, what was revised.

Fetches that finish together share one transaction, because a commit costs more than storing a
typical fetch. A large fetch takes several: its oldest entries are stored first, and the last
transaction finishes the fetch. If that never comes, the source is due again when its lease ends,
and what is stored by then is known. If one result cannot be stored, each gets transactions of
its own; what cannot be stored even then is shown in the source's health.

Each transaction takes the write lock once `prepare` has compared and folded all that it stores. An
article that was changed in between is not revised; the next fetch compares it again.

Entries with a known fingerprint are unchanged and skipped.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final, NamedTuple

import structlog

from bot.budgets import USUAL, Budgets, Cost, weight
from bot.sources.drafts import (
    MAX_PRIVATE_PAGES,
    PAGE_TIMEOUT,
    ArticleDraft,
    IdentifiedItem,
    awaiting_pages,
    content_hash,
    draft_of,
    identify_in_slices,
    url_hash,
)
from bot.sources.feeds.model import Document, moment_of, pack_fingerprints
from bot.sources.fetch.problems import NOTHING_SPENT, Problem, ProblemCode
from bot.sources.fetch.source import FetchResult
from bot.sources.fetch.throttle import PAUSE_SECONDS
from bot.sources.health import changes_after, new_address, postponed
from bot.sources.host_answers import answer_of, heed
from bot.sources.payment import charge_sources, cost_of, rooms
from bot.sources.prepare import Found, PreparedEntries, Shown, prepare
from bot.sources.revise import revise
from bot.sources.urls import host_of, logged_url
from bot.text.slices import Slices, in_turns
from storage import sources
from storage.article_merges import make_public
from storage.articles import (
    PUBLIC,
    FoldedText,
    ScopedUrl,
    articles_by_url,
    store_articles,
    store_folded,
)
from storage.db.engine import Storage, Transaction, is_unavailable
from storage.db.leases import lock_own
from storage.entries import (
    MAX_PUBLISHER_LENGTH,
    KnownEntry,
    count_newest,
    delete_entries_older_than,
    known_entries,
    store_entries,
    update_content_hashes,
)
from storage.enums import SourceKind, UsageKind
from storage.sources import AwaitedPage, Source

log = structlog.get_logger(__name__)

MOST_A_DAY: Final = 4_000  # new entries of one public source
_DAY: Final = timedelta(days=1)
_UNCOUNTED: Final = 25  # new entries of one fetch: hardly one has more, and counting takes time
_MOST: Final = 100  # articles in one transaction: others wait for it, 20 ms at most
_TOO_MUCH: Final = Problem(ProblemCode.TOO_MANY_ENTRIES, {"limit": MOST_A_DAY})
_OVER_BUDGET: Final = Problem(ProblemCode.OVER_BUDGET)

Entries = Mapping[int, Sequence[IdentifiedItem]]  # by the source's id


MOST_GUIDS: Final = 5  # of one entry
Named = tuple[int, str]  # an entry: its source and the hash of its guid


class Stored(NamedTuple):
    """The number of new articles by source, and the sources that must be read again as a whole."""

    articles: Counter[int]
    unsettled: frozenset[int]


async def store_shown(tx: Transaction, shown: Sequence[PreparedEntries]) -> Stored:
    """Store what sources show.

    An article that another source has listed already is listed by both. But what a private source
    lists first is an article of that source alone, until a public one lists it. Awaits statements
    alone.
    """
    if not shown:
        return Stored(Counter(), frozenset())
    private, made, placed = await _store_new(tx, shown)
    waiting: list[AwaitedPage] = []
    unsettled: set[int] = set()
    for each in shown:
        at = each.source_id
        own = {article_id for article_id, _ in made.get(at, ())}
        entries = [(placed[at, draft.guid_hash], draft) for draft in each.shown.new]
        carried = [(article_id, draft) for article_id, draft in entries if article_id not in own]
        revised, later = await _revise(tx, each, carried)
        if later:
            unsettled.add(at)
        waiting += [
            _page(article_id, draft, tx, inside=each.shown.inside, private=at in private)
            for article_id, draft in (*made.get(at, ()), *revised)
            if draft.awaits_page
        ]
    await sources.enqueue_pages(tx, waiting)
    numbers = Counter({source_id: len(articles) for source_id, articles in made.items()})
    return Stored(numbers, frozenset(unsettled))


async def _store_new(
    tx: Transaction, shown: Sequence[PreparedEntries]
) -> tuple[set[int], dict[int, list[Found]], dict[Named, int]]:
    """Store entries and articles that are new.

    Return the private sources, the new articles by source, and the article of each new entry.
    """
    private = await sources.private_sources(tx, [each.source_id for each in shown])
    folded = {each.source_id: each.folded for each in shown}
    new = [(each.source_id, draft) for each in shown for draft in each.shown.new]
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
            FoldedText(article_id, *folded[source_id][draft.guid_hash], draft.item.language)
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
    tx: Transaction, entries: PreparedEntries, carried: Sequence[Found]
) -> tuple[list[Found], set[str]]:
    """Revise articles; return those that changed, and the guids that must be read again later."""
    changed = entries.shown.changed
    if not changed and not carried:
        return [], set()
    found = [*changed, *carried]
    revised, later = await revise(tx, entries.source_id, found, entries.comparisons)
    seen = {each.guid_hash: each.content_hash for _, each in changed}
    # No content has this hash, so that the next fetch compares the entry again.
    await update_content_hashes(tx, entries.source_id, seen | dict.fromkeys(later, ""))
    return revised, later


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
        spent = self.fetched.result.spent if self.is_last else NOTHING_SPENT
        return cost_of(
            spent,
            entries=weight_of(self.shown.new) if self.shown else 0,
            pages=sum(draft.awaits_page for draft in self.drafts),
        )


async def store_fetched(
    storage: Storage, owner: str, fetched: Sequence[Fetched], budgets: Budgets = USUAL
) -> set[int]:
    """Store the results; return the sources for which the database was away.

    The *budgets* are those of the accounts that follow private sources.
    """
    unsettled: set[int] = set()
    try:
        for parts in _portions(await _parts(storage, sorted(fetched, key=_rank), budgets)):
            entries = await prepare(storage, [part.shown for part in parts if part.shown])
            async with storage.writing() as tx:
                ours = await tx.at_once(_finish(tx, owner, parts, budgets))
                held_ids = {part.source_id for part in ours}
                ready = [each for each in entries if each.source_id in held_ids]
                stored = await tx.at_once(store_shown(tx, ready))
                unsettled |= stored.unsettled
                ended = {part.source_id for part in ours if part.is_last}
                await sources.forget_validators(tx, unsettled & ended)
            for part in ours:
                _report(part, stored.articles[part.source_id])
    except Exception as error:  # a bad source must not stop the others
        if len(fetched) > 1:
            left = [await store_fetched(storage, owner, [each], budgets) for each in fetched]
            return set().union(*left)
        names = _names_in_log(fetched[0].source)
        if is_unavailable(error):
            reason = str(error).partition("\n")[0]
            log.warning("the result of a fetch could not be stored", **names, reason=reason)
            return {fetched[0].source_id}
        log.exception("a source could not be read", **names)
        if fetched[0].result.problem != Problem(ProblemCode.INTERNAL_ERROR):
            failed = replace(
                fetched[0], result=FetchResult(problem=Problem(ProblemCode.INTERNAL_ERROR))
            )
            return await store_fetched(storage, owner, [failed], budgets)
    return set()


def _rank(fetched: Fetched) -> tuple[bool, int]:
    """The source of record comes first among those that list one article at once."""
    return fetched.source.kind is SourceKind.SEARCH, fetched.source_id


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
        left = pages.get(each.source_id)  # None: a public source, each entry of which gets its page
        most_pages = None if left is None else min(left, MAX_PRIVATE_PAGES)
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
        ours |= await lock_own(tx, Source, going_on, owner)
    parts = [part for part in parts if part.source_id in ours]
    ended = [part.fetched for part in parts if part.is_last]
    await heed(tx, (answer_of(each.result, tx.now, public=each.source.public) for each in ended))
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
    names = _names_in_log(fetched.source)
    log.warning("new entries were left out", **names, entries=len(left_out))
    kept = [entry for entry in entries if entry[1].guid_hash not in left_out]
    problem = _TOO_MUCH if is_public else _OVER_BUDGET
    return replace(fetched, result=replace(fetched.result, problem=problem)), kept


def _shown(
    fetched: Fetched,
    entries: Sequence[IdentifiedItem],
    known: Mapping[str, KnownEntry],
    now: datetime,
    most_pages: int | None,
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
    if target := new_address(changes):
        hashed = url_hash(target)
        there = await sources.source_of(tx, hashed)
        if there is None or there.id == fetched.source_id:  # https of the same address is itself
            changes |= {"url": target, "url_hash": hashed, "host": host_of(target)}
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
    names, problem = _names_in_log(part.fetched.source), part.fetched.result.problem
    if problem and part.is_last:
        log.warning("source is unhealthy", **names, error=problem.code.value, **problem.detail)
    elif articles:
        log.info("new articles", **names, articles=articles)


def _names_in_log(source: Source) -> dict[str, Any]:
    return {"source_id": source.id, "source": logged_url(source.url, public=source.public)}
