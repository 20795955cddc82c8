"""Publishers: the sources that carried an article or a story, and which of them a chat may see.

A source carried an article if the article has an entry of that source. A chat sees the articles of
public sources and of the sources that it follows.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, case, exists, or_
from sqlmodel import col, select

from storage.articles import PUBLIC, Article
from storage.db.engine import Transaction
from storage.db.sql import among
from storage.entries import Entry
from storage.enums import SourceKind
from storage.sources import Follow, Source

_COUNTRY: Final = 2  # letters of a top-level domain
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"})


class Publisher(NamedTuple):
    """A source that carried an article. *publisher*: the name in the entry of a search feed."""

    article_id: int
    scope_id: int  # the article's; see `Article`
    source_id: int
    is_public: bool
    is_search: bool
    host: str
    title: str
    publisher: str
    publisher_host: str
    story_id: int = 0  # 0 unless the publishers of stories were read
    url: str = ""  # the article's; "" unless the publishers of stories were read

    @property
    def name(self) -> str:
        """The name to show: never the title of a search feed, because that is a user's query."""
        own = "" if self.is_search else publisher_name(self.title, self.site)
        return self.publisher or own or self.host

    @property
    def publisher_to_mute(self) -> str:
        """The publisher that a mute of this source names, if it is a search feed; else ""."""
        return self.publisher if self.is_search else ""

    @property
    def site(self) -> str:
        """The approximate registrable domain of the publisher's site or feed."""
        labels = (self.publisher_host or self.host).split(".")
        is_deeper = len(labels[-1]) == _COUNTRY and labels[-2:-1] and labels[-2] in _SECOND_LEVEL
        return ".".join(labels[-3 if is_deeper else -2 :])

    @property
    def is_canonical(self) -> bool:
        """Whether the source counts for everybody who sees the article.

        A private source that carries a public article counts only for its followers.
        """
        return self.is_public or self.source_id == self.scope_id


def reaches(chat_id: Any) -> ColumnElement[bool]:
    """Build the condition that the chat sees a `Source`.

    *chat_id*: an id or a column; None: the condition that everybody sees it.
    """
    followed = exists().where(col(Follow.chat_id) == chat_id, col(Follow.source_id) == Source.id)
    return or_(col(Source.public), followed.correlate_except(Follow))


def article_reaches(
    chat_id: Any, article_id: Any, *which: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Build the condition that the chat sees a source that carried the article and meets *which*.

    Chat and article may be columns.
    """
    carried = exists().where(
        col(Entry.article_id) == article_id,
        col(Source.id) == Entry.source_id,
        reaches(chat_id),
        *which,
    )
    return carried.correlate_except(Entry, Source)


_SEPARATORS: Final = re.compile(
    r"(?:\s+[-\u2013\u2014|\u00b7:>\u00bb\u203a]+|:)(?:\s+|\Z)|\s*\|\s*"
)
_WORDS: Final = re.compile(r"\w+")
# English, because such titles come from the programs that make feeds.
_GENERAL_WORDS: Final = """
a all and articles atom breaking feed feeds front headlines home homepage in index latest main news
page posts recent rss stories story the top updates world xml
"""
# Words that search pages and programs write before and after a name.
_ADDED_BEFORE: Final = re.compile(
    r"\A(?:(?:the\s+)?latest\s+(?:news\s+|stories\s+|articles\s+|posts\s+)?(?:from|on|by)"
    r"|(?:rss|atom)(?:\s+feed)?\s+(?:of|for|from))\s+",
    re.IGNORECASE,
)
_ADDED_AFTER: Final = re.compile(
    r"\s+(?:(?:news\s+)?search\s+(?:results?|records\s+found)(?:\s+\d+)?"
    r"|records\s+found(?:\s+\d+)?|(?:rss|atom)(?:\s*[\d.]+)?(?:\s+feeds?)?)\s*\Z",
    re.IGNORECASE,
)
_GENERAL: Final = frozenset(_GENERAL_WORDS.split())
_FEWEST_OF_SITE: Final = 3  # characters
_FEWEST_OF_PART: Final = 4


@lru_cache(maxsize=4_096)
def publisher_name(title: str, site: str) -> str:
    """Return the name of the publisher at the domain *site*; "" if the feed's *title* has none.

    A title often has more than the name: "Dawn - World", "Example Times | All stories".

    1. Parts that only say which news the feed has ("All stories") are left out, and so is what a
       program that makes feeds adds to a name: "Latest from …", "… RSS feed".
    2. If several parts are left, the name is the shortest one that the address of the site or
       another part has.
    3. Else the title stays as it is. A title that names nobody ("Top Stories") gives no name.
    """
    parts = [part for part in map(_plain, _SEPARATORS.split(title)) if _is_name(part)]
    if len(parts) <= 1:
        return parts[0] if parts else ""
    own = site.partition(".")[0].replace("-", "")
    named = [
        part
        for part in parts
        if _is_of_site(part, own) or any(part in other for other in parts if other != part)
    ]
    return min(named, key=len, default=title)


def _plain(part: str) -> str:
    """Return *part* without what is not of the name, unless nothing else is left."""
    before = _ADDED_BEFORE.match(part)
    rest = part[before.end() :] if before else part
    after = _ADDED_AFTER.search(rest)
    return rest[: after.start()] if after else rest


def _is_name(part: str) -> bool:
    words = _WORDS.findall(part.casefold())
    return not (_GENERAL.issuperset(words) or (words[0] == "latest" and words[-1] in _GENERAL))


def _is_of_site(part: str, own: str) -> bool:
    letters = "".join(_WORDS.findall(part.casefold()))
    if len(own) >= _FEWEST_OF_SITE and own in letters:
        return True
    return len(letters) >= _FEWEST_OF_PART and letters in own


# The scope of an article that a public source carries is always `PUBLIC`. The articles themselves
# are not joined, because their rows are long: that would take most of the time.
_SCOPE: Final = case(
    (col(Source.public), PUBLIC),
    else_=select(Article.scope_id)
    .where(Article.id == Entry.article_id)
    .correlate(Entry)
    .scalar_subquery(),
)

# Built once, because grouping and matching run it for each claim. Sources that carried the article
# earlier come first.
_PUBLISHERS: Final[Select[Any]] = (
    select(  # type: ignore[call-overload]
        Entry.article_id,
        _SCOPE,
        Source.id,
        Source.public,
        col(Source.kind) == SourceKind.SEARCH,
        Source.host,
        Source.title,
        Entry.publisher,
        Entry.publisher_host,
    )
    .join(Source, col(Source.id) == Entry.source_id)
    .order_by(col(Entry.first_seen_at), col(Source.id))
)

_OF_ARTICLES: Final = _PUBLISHERS.where(among(col(Entry.article_id), bindparam("ids")))

_OF_STORIES: Final = (
    _PUBLISHERS.add_columns(col(Article.story_id), col(Article.url))
    .join(Article, col(Article.id) == Entry.article_id)
    .where(among(col(Article.story_id), bindparam("ids")))
)


async def _publishers(
    tx: Transaction, statement: Select[Any], ids: Iterable[int], *which: ColumnElement[bool]
) -> list[Publisher]:
    wanted = list(ids)
    if not wanted:
        return []
    rows = await tx.rows(statement.where(*which) if which else statement, ids=wanted)
    return [Publisher(*row) for row in rows]


def _by_article(publishers: Iterable[Publisher]) -> Mapping[int, Sequence[Publisher]]:
    found: defaultdict[int, list[Publisher]] = defaultdict(list)
    for publisher in publishers:
        found[publisher.article_id].append(publisher)
    return found


async def publishers_of(
    tx: Transaction, article_ids: Collection[int]
) -> Mapping[int, Sequence[Publisher]]:
    """Return all publishers of each article, in the order in which they carried it."""
    return _by_article(await _publishers(tx, _OF_ARTICLES, article_ids))


async def publishers_seen_by(
    tx: Transaction, chat_id: int | None, article_ids: Collection[int]
) -> Mapping[int, Sequence[Publisher]]:
    """Return the publishers that the chat sees (None: that everybody sees), in the same order."""
    return _by_article(await _publishers(tx, _OF_ARTICLES, article_ids, reaches(chat_id)))


async def first_publisher_names(
    tx: Transaction, article_ids: Collection[int], chat_id: int | None = None
) -> dict[int, str]:
    """Return, for each article, the name of the first publisher that the chat sees."""
    seen = await publishers_seen_by(tx, chat_id, article_ids)
    return {article_id: publishers[0].name for article_id, publishers in seen.items()}


async def sources_of_record(tx: Transaction, article_ids: Collection[int]) -> dict[int, int]:
    """Return the source that provides each article's text: its first canonical source.

    A search feed provides it only if there is no other source, because it only cites others. No
    private feed provides the text of a public article, so that it cannot change what others read.
    """
    records = await _publishers_of_record(tx, article_ids)
    return {article_id: publisher.source_id for article_id, publisher in records.items()}


async def lasting_sources_of_record(
    tx: Transaction, article_ids: Collection[int]
) -> dict[int, int]:
    """Return `sources_of_record` without search feeds, which any other source replaces."""
    records = await _publishers_of_record(tx, article_ids)
    return {
        article_id: publisher.source_id
        for article_id, publisher in records.items()
        if not publisher.is_search
    }


async def _publishers_of_record(
    tx: Transaction, article_ids: Collection[int]
) -> dict[int, Publisher]:
    records = {}
    for article_id, publishers in (await publishers_of(tx, article_ids)).items():
        canonical = [publisher for publisher in publishers if publisher.is_canonical]
        if canonical:
            records[article_id] = min(canonical, key=lambda publisher: publisher.is_search)
    return records


async def searchable_names(
    tx: Transaction, article_ids: Collection[int]
) -> dict[int, tuple[str, ...]]:
    """Return the names by which a query can select each article's publishers."""
    carried = await publishers_of(tx, article_ids)
    return {article_id: names_for_queries(publishers) for article_id, publishers in carried.items()}


def names_for_queries(publishers: Iterable[Publisher]) -> tuple[str, ...]:
    """Return the hosts and names by which a query can select an article of these publishers."""
    names = (
        name
        for each in publishers
        if each.is_canonical
        for name in (each.host, each.title, each.publisher, each.publisher_host)
    )
    return tuple(filter(None, names))


async def sources_named(
    tx: Transaction, is_meant: Callable[[str, str], bool], chat_id: int | None
) -> frozenset[int]:
    """Return the sources that the chat sees and that *is_meant* accepts by host and title.

    Includes all search feeds, because they may find articles of any publisher.
    """
    rows = await tx.rows(
        select(Source.id, Source.host, Source.title, Source.kind).where(reaches(chat_id))
    )
    return frozenset(
        source_id
        for source_id, host, title, kind in rows
        if kind is SourceKind.SEARCH or is_meant(host, title)
    )


# Publishers of stories.


def _by_story(publishers: Iterable[Publisher]) -> Mapping[int, Sequence[Publisher]]:
    found: defaultdict[int, list[Publisher]] = defaultdict(list)
    for publisher in publishers:
        found[publisher.story_id].append(publisher)
    return found


async def busiest_publishers(
    tx: Transaction, chat_id: int, story_ids: Collection[int], *, limit: int
) -> list[tuple[Publisher, int]]:
    """Return the publishers of the most stories, each with its number of stories.

    Each `Publisher` is that of the newest article.
    """
    newest: dict[tuple[int, str], Publisher] = {}
    stories: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for each in await _publishers(tx, _OF_STORIES, story_ids, reaches(chat_id)):
        key = (each.source_id, each.name)
        newest[key] = max(newest.get(key, each), each)
        stories[key].add(each.story_id)
    counted = [(each, len(stories[key])) for key, each in newest.items()]
    counted.sort(key=lambda pair: (-pair[1], pair[0].name, pair[0].source_id))
    return counted[:limit]


class Named(NamedTuple):
    """The name of a publisher that carried an article, and the article's URL."""

    article_id: int
    name: str
    url: str = ""


def _names(publishers: Iterable[Publisher]) -> Iterator[Named]:
    """Return the publishers' names, one for each article and site.

    Feeds of one site often carry the same article, for instance those of its sections. They count
    as one publisher with the shortest of their names, whichever feed was read first.
    """
    names: dict[tuple[int, str], Named] = {}
    for each in publishers:
        key = (each.article_id, each.site)
        named = Named(each.article_id, each.name, each.url)
        names[key] = min(
            names.get(key, named), named, key=lambda named: (len(named.name), named.name)
        )
    return iter(names.values())


def names_for_article(publishers: Iterable[Named], article_id: int) -> tuple[str, ...]:
    """Return each name once, the names of the article's publishers first."""
    return tuple(reports_for_article(publishers, article_id))


def reports_for_article(publishers: Iterable[Named], article_id: int) -> dict[str, str]:
    """Return the URL of each publisher's report by name, the article's publishers first.

    A publisher that carried several articles of the story is linked to the first in this order.
    """
    ordered = sorted(publishers, key=lambda named: named.article_id != article_id)
    urls: dict[str, str] = {}
    for named in ordered:
        urls.setdefault(named.name, named.url)
    return urls


async def names_by_story(
    tx: Transaction, story_ids: Iterable[int], chat_id: int | None = None
) -> Mapping[int, Sequence[Named]]:
    """Return, by story, the names of the publishers that the chat (None: everybody) sees."""
    seen = _by_story(await _publishers(tx, _OF_STORIES, story_ids, reaches(chat_id)))
    return {story_id: list(_names(publishers)) for story_id, publishers in seen.items()}


async def publisher_reports(
    tx: Transaction, shown: Mapping[int, int], chat_id: int | None = None
) -> dict[int, Mapping[str, str]]:
    """Return `reports_for_article` of each story. *shown*: the article shown for each story."""
    named = await names_by_story(tx, shown, chat_id)
    return {
        story_id: reports_for_article(names, shown[story_id]) for story_id, names in named.items()
    }


async def publisher_names(
    tx: Transaction, shown: Mapping[int, int], chat_id: int | None = None
) -> dict[int, Sequence[str]]:
    """Return the publishers' names for each story. *shown*: the article shown for each story."""
    reports = await publisher_reports(tx, shown, chat_id)
    return {story_id: tuple(urls) for story_id, urls in reports.items()}


@dataclass(frozen=True, slots=True)
class StoryPublishers:
    """All publishers of a story, and which chats follow the private ones."""

    publishers: Sequence[Publisher] = ()
    followed: Collection[tuple[int, int]] = ()  # pairs of chat and source

    def known_to(self, chat_id: int, article_id: int) -> tuple[str, ...]:
        """Return the names that the chat may see, those of the article's publishers first."""
        visible = (
            publisher
            for publisher in self.publishers
            if publisher.is_public or (chat_id, publisher.source_id) in self.followed
        )
        return names_for_article(_names(visible), article_id)


_FOLLOWED: Final = select(Follow.chat_id, Follow.source_id).where(
    among(col(Follow.source_id), bindparam("sources")),
    among(col(Follow.chat_id), bindparam("chats")),
)


async def publishers_of_stories(
    tx: Transaction, story_ids: Iterable[int], chat_ids: Iterable[int]
) -> Mapping[int, StoryPublishers]:
    """Return all publishers of each story, with what `StoryPublishers.known_to` needs."""
    publishers = await _publishers(tx, _OF_STORIES, story_ids)
    private = {publisher.source_id for publisher in publishers if not publisher.is_public}
    followed: set[tuple[int, int]] = set()
    if private:
        followed = set(await tx.rows(_FOLLOWED, sources=private, chats=chat_ids))
    return {
        story_id: StoryPublishers(of_story, followed)
        for story_id, of_story in _by_story(publishers).items()
    }
