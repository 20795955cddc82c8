"""What an item of a document becomes: an entry with an identity, a draft of an article.

Which entry is which, also where guids are missing or of no use:

1. An entry is known by its guid; the scheme, `www.`, trackers and a slash at the end of an address
   in it do not count. Without one it is known by its link, else by its title.
2. Entries that have one name by that are distinguished by their links, else by their titles. Those
   that have all of it in common are one, and the first counts: it is the newest.
3. The link of an entry names its article; but a home page names none, nor does a link that several
   entries of different titles have. Such entries have an article of their own each.

An entry that gets another name by these rules, because its neighbours have changed, is still known
by its article. So is every entry of a feed that gives all of them new guids.

An entry that is short, or whose source says so, awaits its page, which completes the article.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from math import inf
from typing import Final
from urllib.parse import unquote_plus

from bot.slices import Slices, finished
from bot.sources.feeds.model import Document, Item
from bot.sources.hosts import shown_url
from bot.sources.pages.trim import end_trimmed
from bot.sources.urls import canonical_url, is_tracker
from bot.text.folding import folded_text
from storage.enums import FullText, SourceKind

OLD = timedelta(hours=48)
FUTURE = timedelta(hours=24)
LONGEST_TITLE = 300
_NOON = time(12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Identity:
    """The hashes by which an entry is known in its source, and its article everywhere."""

    guid_hash: str
    url_hash: str


@dataclass(frozen=True, slots=True)
class Dating:
    """When something was published, as far as that is known, and from when on it is news."""

    published_at: datetime | None
    published_on: date | None
    news_at: datetime
    quiet: bool


@dataclass(frozen=True, slots=True)
class ArticleDraft:
    """An article before it is stored. `quiet`: it alerts nobody.

    `is_excerpt`: its page has the whole text. `awaits_page`: the page is to be read.
    """

    item: Item
    guid_hash: str
    url_hash: str
    content_hash: str
    url: str
    title: str
    text: str
    published_at: datetime | None
    published_on: date | None
    news_at: datetime
    quiet: bool
    is_excerpt: bool = False
    awaits_page: bool = False


def digest(text: str) -> str:
    """Return 32 characters: short enough for a key, and no two are made equal on purpose."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def url_hash(url: str) -> str:
    return digest(canonical_url(url))


def content_hash(item: Item) -> str:
    return digest(f"{item.title}\n{item.summary}\n{item.text}")


def draft_of(
    item: Item, identity: Identity, *, source_url: str, now: datetime, backlog: bool
) -> ArticleDraft:
    dating = dated(item.published, now, backlog=backlog)
    return ArticleDraft(
        item=item,
        guid_hash=identity.guid_hash,
        url_hash=identity.url_hash,
        content_hash=content_hash(item),
        url=item.url or source_url,
        title=_title(item),
        text=_article_text(item),
        published_at=dating.published_at,
        published_on=dating.published_on,
        news_at=dating.news_at,
        quiet=dating.quiet,
    )


def dated(published: datetime | date | None, seen: datetime, *, backlog: bool) -> Dating:
    """Judge a date of publication; *seen*: when the entry was first seen."""
    published_at, published_on = _published(published, seen)
    moment = published_at
    if published_on is not None:
        moment = datetime.combine(published_on, _NOON)
    quiet = backlog or (moment is not None and moment < seen - OLD)
    news_at = min(moment or seen, seen) if quiet else seen
    return Dating(published_at, published_on, news_at, quiet)


def newest_of(items: Iterable[Item], now: datetime) -> datetime | None:
    return max(moments_of(items, now), default=None)


def moments_of(items: Iterable[Item], now: datetime) -> list[datetime]:
    """Return when the items were published, as far as a time of day is given and is past."""
    moments = (item.published for item in items)
    return [each for each in moments if isinstance(each, datetime) and each <= now]


def _published(
    published: datetime | date | None, now: datetime
) -> tuple[datetime | None, date | None]:
    """Nothing is published in the future: such a date is a mistake, and first seen is as good."""
    if isinstance(published, datetime):
        return (now if published > now + FUTURE else published.astimezone(UTC)), None
    if published is not None and published > (now + FUTURE).date():
        return now, None
    return None, published


def _article_text(item: Item) -> str:
    """Feeds too carry end marks and boxes behind them; what stands there must not match."""
    return "\n\n".join(end_trimmed(item.text.split("\n\n")))


def _title(item: Item) -> str:
    title = item.title or item.summary.partition("\n")[0] or item.text.partition("\n")[0]
    return title[:LONGEST_TITLE] or shown_url(item.url)


IdentifiedItem = tuple[Item, Identity]

_UPDATED_TITLE: Final = 0.2  # of the words are in common
_UPDATED_TEXT: Final = 0.4
_LONG: Final = 4
_READ_OF_SUMMARY: Final = 4_000  # characters of a summary suffice to say what it is about
_ORIGIN: Final = re.compile(r"https?://(?:www\.)?([^/?#\s]*)", re.IGNORECASE)
_HOME: Final = re.compile(r"https?://[^/?#]+/?", re.IGNORECASE)


def identify(document: Document, source_url: str) -> list[IdentifiedItem]:
    """Return each entry once, in the order of the document."""
    return finished(identify_in_slices(document, source_url))


def identify_in_slices(document: Document, source_url: str) -> Slices[list[IdentifiedItem]]:
    """Do the same as `identify`."""
    items = document.items
    is_list = document.kind.is_list
    links, plain = [], []
    for item in items:
        links.append(link := _link(item))
        plain.append(_name(item, link, is_list=is_list))
        yield
    names = _distinguished(items, links, plain)
    first = {name: at for at, name in reversed(list(enumerate(names)))}
    shared = _shared_links((items[at], links[at]) for at in first.values()) if is_list else {""}
    found = []
    for name, at in reversed(first.items()):
        item, link = items[at], links[at]
        # Not by what tells it from its neighbours, which may be others next time.
        by_name = f"{source_url}\n{plain[at]}\n{item.title}"
        guid = digest(name)
        article = guid if item.is_detour else digest(by_name if link in shared else link)
        found.append((item, Identity(guid, article)))
        yield
    return found


def folded_guid(guid: str) -> str:
    """One spelling for the guids that a feed writes otherwise after it has moved to https."""
    if "//" not in guid:
        return guid
    folded = _ORIGIN.sub(lambda found: f"//{found[1].lower()}", guid)
    if not folded.startswith("//"):
        return folded
    address, mark, fragment = folded.partition("#")
    path, _, query = address.partition("?")
    kept = "&".join(_without_trackers(query))
    return f"{path.rstrip('/')}{'?' * bool(kept)}{kept}{mark}{fragment}"


def is_another(before: tuple[str, str], shown: tuple[str, str]) -> bool:
    """Whether *shown* is no update of *before*, but something else under a guid used again.

    Both are title and summary. That the link differs too is for the caller to see.
    """
    titles = _in_common(_selective_words(before[0]), _selective_words(shown[0]))
    if titles >= _UPDATED_TITLE:
        return False
    former, now = (" ".join(each)[:_READ_OF_SUMMARY] for each in (before, shown))
    return _in_common(_selective_words(former), _selective_words(now)) < _UPDATED_TEXT


def _selective_words(text: str) -> set[str]:
    """Short words are in every text, but one that is written without spaces has no others."""
    words = folded_text(text).split()
    return {word for word in words if len(word) >= _LONG or not word.isascii()}


def _in_common(one: set[str], other: set[str]) -> float:
    fewer = min(len(one), len(other))
    return len(one & other) / fewer if fewer else 1.0


def _without_trackers(query: str) -> Iterator[str]:
    for part in query.split("&"):
        if part and not is_tracker(unquote_plus(part.partition("=")[0])):
            yield part


def _name(item: Item, link: str, *, is_list: bool) -> str:
    if is_list and _HOME.fullmatch(link):
        link = ""
    return folded_guid(item.guid) or folded_guid(link) or item.title or item.text


def _link(item: Item) -> str:
    return canonical_url(item.url) if item.url and not item.is_detour else ""


def _distinguished(items: Sequence[Item], links: Sequence[str], names: list[str]) -> list[str]:
    if len(set(names)) == len(names):
        return names
    namesakes: defaultdict[str, list[int]] = defaultdict(list)
    for at, name in enumerate(names):
        namesakes[name].append(at)
    distinct = list(names)
    for name, places in namesakes.items():
        own = [links[at] for at in places]
        is_by_title = len(set(own)) == 1 and (not own[0] or _HOME.fullmatch(own[0]))
        titles = [items[at].title for at in places]
        marks = titles if is_by_title else [a or b for a, b in zip(own, titles, strict=True)]
        if len(set(marks)) > 1:
            for at, mark in zip(places, marks, strict=True):
                distinct[at] = f"{name}\n{mark}"
    return distinct


def _shared_links(linked: Iterable[tuple[Item, str]]) -> set[str]:
    """The links that do not tell which article they mean, "" among them."""
    titles: defaultdict[str, set[str]] = defaultdict(set)
    for item, link in linked:
        titles[link].add(item.title)
    several = {url for url, named in titles.items() if len(named) > 1 or _HOME.fullmatch(url)}
    return several | {""}


SHORT_TEXT: Final = 400  # characters
MAX_PRIVATE_PAGES: Final = 25  # of one fetch; a public source gets the page of each new entry
PAGE_TIMEOUT: Final = timedelta(seconds=60)  # then an article goes on without its page
PAGE_WANTED_FOR: Final = timedelta(hours=6)  # then nobody needs the page any more


def awaiting_pages(
    drafts: Iterable[ArticleDraft], full_text: FullText, kind: SourceKind, most: int | None
) -> list[ArticleDraft]:
    """Mark those whose page is to be read, *most* at most; None: as many as there are.

    The first ones are the newest. Nobody waits for what alerts nobody.
    """
    left = inf if most is None else most
    marked = []
    for draft in drafts:
        is_excerpt = kind is not SourceKind.PAGE and wants_page(draft.item, full_text)
        awaits_page = is_excerpt and not draft.quiet and left > 0
        left -= awaits_page
        marked.append(
            replace(draft, is_excerpt=True, awaits_page=awaits_page) if is_excerpt else draft
        )
    return marked


def wants_page(item: Item, full_text: FullText) -> bool:
    if not item.url or item.is_detour or full_text is FullText.NEVER:
        return False
    return full_text is FullText.ALWAYS or max(len(item.text), len(item.summary)) < SHORT_TEXT
