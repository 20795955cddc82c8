"""Search feeds: sources made for the queries to which chats subscribe.

A query becomes text for a news search: words, "phrases", OR, -not. Conditions that a search does
not know are left out, so that it finds too much rather than too little. The results are matched
like all entries. A query of such conditions alone has no search feed. A long query has several,
each for some of its alternatives. A search feed is a public source, because the operator configured
it, but it does not show its query.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

import structlog

from bot.matching.query import QueryError, is_readable
from bot.matching.query.ast import (
    And,
    LabelTerm,
    LanguageTerm,
    Near,
    Node,
    Not,
    Or,
    SourceTerm,
    Term,
    quoted,
)
from bot.matching.query.canonical import read_back
from bot.matching.query.parser import is_selective
from bot.sources.drafts import url_hash
from bot.sources.limits import LONGEST_URL
from bot.sources.urls import host_of
from storage.db.engine import Storage
from storage.enums import SourceKind
from storage.sources import (
    SearchFeed,
    Source,
    add_search_feeds,
    delete_search_feeds,
    retire_search_feeds,
    revive_search_feeds,
    search_feeds,
)
from storage.subscriptions import subscribed_queries

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)  # after it was retired
_APART = timedelta(seconds=6)  # between first polls, because search feeds share a host's queue
_QUERIES_PER_FEED = 3  # some of the queries have no search


async def update_search_feeds(storage: Storage, templates: Sequence[str], budget: int) -> int:
    """Create, revive and retire search feeds as chats subscribe; return how many changed.

    Any process may call this at any time. *templates*: URLs of search feeds, with `{query}` for the
    words. *budget*: the maximum number of search feeds.
    """
    async with storage.reading() as tx:
        existing = await search_feeds(tx)
        limit = budget * _QUERIES_PER_FEED
        queries = await subscribed_queries(tx, limit) if templates and limit else []
    plan = plan_search_feeds(queries, existing, templates, budget)
    if not plan and not any(feed.is_retired for feed in existing):
        return 0
    async with storage.writing() as tx:
        await retire_search_feeds(tx, plan.retire)
        await revive_search_feeds(tx, plan.revive)
        started = await add_search_feeds(tx, _rows(plan.start, tx.now))
        deleted = await delete_search_feeds(tx, tx.now - KEPT)
    revived, retired = len(plan.revive), len(plan.retire)
    if changed := started + revived + retired + deleted:
        log.info(
            "search feeds follow subscriptions",
            started=started,
            revived=revived,
            retired=retired,
            deleted=deleted,
        )
    return changed


@dataclass(frozen=True, slots=True)
class SearchFeedPlan:
    """`start`: the URLs of new search feeds. The other fields are ids."""

    start: tuple[str, ...] = ()
    revive: tuple[int, ...] = ()
    retire: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.start) + len(self.revive) + len(self.retire)


def plan_search_feeds(
    queries: Iterable[str], existing: Sequence[SearchFeed], templates: Sequence[str], budget: int
) -> SearchFeedPlan:
    """Choose among *queries*: canonical texts in their order of importance.

    A search feed stays as long as any chat subscribes to its query. It does not lose its place in
    the budget to a query that became a little more popular.
    """
    wanted = {url_hash(url): url for query in queries for url in search_addresses(query, templates)}
    active = [feed for feed in existing if not feed.is_retired]
    stay = [feed.url_hash for feed in active if feed.url_hash in wanted]
    chosen = set(list(dict.fromkeys([*stay, *wanted]))[:budget])
    known = {feed.url_hash for feed in existing}
    return SearchFeedPlan(
        start=tuple(url for hashed, url in wanted.items() if hashed in chosen - known),
        revive=tuple(feed.id for feed in existing if feed.is_retired and feed.url_hash in chosen),
        retire=tuple(feed.id for feed in active if feed.url_hash not in chosen),
    )


def _rows(urls: Sequence[str], now: datetime) -> list[Source]:
    return [
        Source(
            url=url,
            url_hash=url_hash(url),
            host=host_of(url),
            title=host_of(url),  # never the query: other chats may see who reported something
            kind=SourceKind.SEARCH,
            public=True,
            created_at=now,
            next_fetch_at=now + at * _APART,
        )
        for at, url in enumerate(urls)
    ]


def search_addresses(canonical: str, templates: Iterable[str]) -> list[str]:
    """Return the URLs of the searches for a query; none if no search can ask for it."""
    try:
        texts = search_texts(read_back(canonical).tree)
    except QueryError:  # a query of an older grammar
        return []
    found = (search_url(template, text) for text in texts for template in templates)
    return [url for url in found if url]


# A query as the text of a search.

MAX_SEARCH_CHARACTERS = 400  # characters
MAX_SEARCH_WORDS = 30  # services read about 32
_HERE = "{query}"
_OR = " OR "


def search_texts(node: Node) -> tuple[str, ...]:
    """Return the texts to search for; none if the query asks for nothing that a search knows.

    Each text must be a query by itself; otherwise the search would find everything.
    """
    alternatives = node.operands if isinstance(node, Or) else (node,)
    wanted = [_search_text(each) for each in alternatives]
    if not all(text and _fits(text) and is_readable(text) for text in wanted):
        return ()
    if len(wanted) == 1:
        return tuple(wanted)
    return tuple(_joined_texts(map(_in_brackets, alternatives)))


def search_url(template: str, text: str) -> str:
    """Return the URL of the search for *text*; "" if that would be too long."""
    url = template.replace(_HERE, quote(text, safe=""))
    return url if len(url) <= LONGEST_URL else ""


def _joined_texts(alternatives: Iterable[str]) -> Iterator[str]:
    """Join as many *alternatives* in one search as fit."""
    packed = ""
    for text in alternatives:
        longer = f"{packed}{_OR}{text}" if packed else text
        if packed and not _fits(longer):
            yield packed
            longer = text
        packed = longer
    yield packed


def _fits(text: str) -> bool:
    return len(text) <= MAX_SEARCH_CHARACTERS and len(text.split()) <= MAX_SEARCH_WORDS


def _search_text(node: Node) -> str:
    match node:
        case Term():
            return _term(node)
        case Near(left, right):
            return _all((left, right))
        case And(operands):
            return _all(operands)
        case Or(operands):
            return _any(operands)
        case Not() | SourceTerm() | LabelTerm() | LanguageTerm():
            return ""


def _all(operands: tuple[Node, ...]) -> str:
    """Join *operands* without the longest if they are too many, because fewer words find more."""
    wanted = [text for text in map(_in_brackets, operands) if text]
    unwanted = [_excluded_text(operand.operand) for operand in operands if isinstance(operand, Not)]
    if wanted and _fits(whole := " ".join([*wanted, *filter(None, unwanted)])):
        return whole
    while wanted and not _fits(" ".join(wanted)):
        wanted.remove(max(wanted, key=len))
    return " ".join(wanted)


def _any(operands: tuple[Node, ...]) -> str:
    """Join *operands* with OR; return "" if one of them is empty and would find everything."""
    wanted = [_in_brackets(operand) for operand in operands]
    return _OR.join(wanted) if all(wanted) else ""


def _in_brackets(node: Node) -> str:
    text = _search_text(node)
    return f"({text})" if isinstance(node, And | Or | Near) and " " in text else text


def _excluded_text(node: Node) -> str:
    """Return *node* as an exclusion; "" if a search would exclude more than the query does."""
    is_plain = isinstance(node, Term) and not (node.prefix or node.title or node.exact)
    return f"-{_term(node)}" if is_plain and isinstance(node, Term) else ""


def _term(term: Term) -> str:
    """Return a phrase without its last word if that is only a prefix."""
    if term.spelling:
        return quoted(term.spelling)
    if not term.prefix:
        return quoted(term.shown)
    whole = Term(term.words[:-1])
    return quoted(whole.shown) if whole.words and is_selective(whole) else ""
