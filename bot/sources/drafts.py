"""Identifies the items of a document, and turns them into article drafts.

The rules also cover missing and useless guids:

1. The name of an entry is its guid. If the guid is an address, its scheme, `www.`, trackers and
   final slash are dropped. An entry without a guid is named by its link, else by its title.
2. Entries with the same name are distinguished by their links, else by their titles. Entries that
   share name, link and title are one entry. The first of them counts, because it is the newest.
3. The link of an entry identifies its article, unless it is a home page or several entries with
   different titles share it. Each of these entries has an article of its own.

An entry that gets a new guid is still recognized by its article. So is an entry whose name changes
because it has other neighbours.

A short entry waits for its page, which completes the article. The `full_text` setting of a source
may require or forbid this.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from math import inf
from typing import Any, Final
from urllib.parse import unquote_plus

from bot.sources.feeds.model import Document, Item, SeenEntry
from bot.sources.hosts import shown_url
from bot.sources.pages.trim import end_trimmed
from bot.sources.urls import canonical_url, is_tracker, is_web
from bot.text.folding import folded_text
from storage.enums import FullText, SourceKind

OLD = timedelta(hours=48)
FUTURE = timedelta(hours=24)
LONGEST_TITLE = 300
_NOON = time(12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Identity:
    """The hash that identifies an entry in its source, and the one that identifies its article."""

    guid_hash: str
    url_hash: str


@dataclass(frozen=True, slots=True)
class Dating:
    """The date of publication, as far as it is known, and the time at which it counts as news.

    `quiet`: it is old or part of a backlog, and alerts nobody.
    """

    published_at: datetime | None
    published_on: date | None
    news_at: datetime
    quiet: bool


@dataclass(frozen=True, slots=True)
class ArticleDraft:
    """An article before it is stored. `quiet`: it alerts nobody.

    `is_excerpt`: only its page has the whole text. `awaits_page`: the page will be read.
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
    """Return a hash of 32 characters, short enough for a key and safe from forged collisions."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def url_hash(url: str) -> str:
    return digest(canonical_url(url))


def content_hash(item: Item) -> str:
    return digest(f"{item.title}\n{item.summary}\n{item.text}")


def picture_columns(item: Item) -> dict[str, Any]:
    """Return the columns of an article with the lead picture of *item*; {} if it has none."""
    if item.picture is None:
        return {}
    url, width, height, alt = item.picture
    return {
        "picture_url": url,
        "picture_width": width,
        "picture_height": height,
        "picture_alt": alt,
    }


def label_columns(item: Item) -> dict[str, str]:
    """Return the columns of an article with the labels of *item*."""
    return {"author": item.author, "categories": "\n".join(item.categories)}


def draft_of(
    item: Item, identity: Identity, *, source_url: str, now: datetime, backlog: bool
) -> ArticleDraft:
    dating = dated(item.published, now, backlog=backlog)
    return ArticleDraft(
        item=item,
        guid_hash=identity.guid_hash,
        url_hash=identity.url_hash,
        content_hash=content_hash(item),
        url=item.url or (source_url if is_web(source_url) else ""),
        title=_title(item),
        text=_article_text(item),
        published_at=dating.published_at,
        published_on=dating.published_on,
        news_at=dating.news_at,
        quiet=dating.quiet,
    )


def dated(published: datetime | date | None, seen: datetime, *, backlog: bool) -> Dating:
    """Decide when an entry counts as news, and whether it is too old to alert anybody.

    *seen*: when the entry was first seen.
    """
    published_at, published_on = _published(published, seen)
    timestamp = published_at
    if published_on is not None:
        timestamp = datetime.combine(published_on, _NOON)
    quiet = backlog or (timestamp is not None and timestamp < seen - OLD)
    news_at = min(timestamp or seen, seen) if quiet else seen
    return Dating(published_at, published_on, news_at, quiet)


def moments_of(document: Document, now: datetime) -> list[datetime]:
    """Return the past times of publication; dates without a time of day are left out."""
    dates = (item.published for item in document.items)
    moments = [date for date in dates if isinstance(date, datetime)]
    moments += [datetime.fromtimestamp(e.published, UTC) for e in document.seen if e.published]
    return [moment for moment in moments if moment <= now]


def _published(
    published: datetime | date | None, now: datetime
) -> tuple[datetime | None, date | None]:
    """Replace a date in the future, which is a mistake, with *now*."""
    if isinstance(published, datetime):
        return (now if published > now + FUTURE else published.astimezone(UTC)), None
    if published is not None and published > (now + FUTURE).date():
        return now, None
    return None, published


def _article_text(item: Item) -> str:
    """Return the text without end marks and the boxes after them, because boxes must not match."""
    return "\n\n".join(end_trimmed(item.text.split("\n\n")))


def _title(item: Item) -> str:
    title = item.title or item.summary.partition("\n")[0] or item.text.partition("\n")[0]
    return title[:LONGEST_TITLE] or shown_url(item.url)


IdentifiedItem = tuple[Item, Identity]

_UPDATED_TITLE: Final = 0.2  # the share of common words from which a title is an update
_UPDATED_TEXT: Final = 0.4
_LONG: Final = 4
_READ_OF_SUMMARY: Final = 4_000  # characters, which suffice to compare subjects
_ORIGIN: Final = re.compile(r"https?://(?:www\.)?([^/?#\s]*)", re.IGNORECASE)
_MOST_SHORT: Final = 1 << 32
_HOME: Final = re.compile(r"https?://[^/?#]+/?", re.IGNORECASE)


def identify(document: Document, source_url: str) -> list[IdentifiedItem]:
    """Return each entry of the document once, in its order, without those that were seen before.

    These count as neighbours. Call this in a thread, because a document may have thousands of
    entries.
    """
    items, is_list = document.items, document.kind.is_list
    links = [_link(item) for item in items]
    plain = [_name(item, link, is_list=is_list) for item, link in zip(items, links, strict=True)]
    names = _distinguished(items, links, plain, document.seen)
    first = {name: place for place, name in reversed(list(enumerate(names)))}
    chosen = [(plain[place], links[place], items[place].title) for place in first.values()]
    shared = _shared_links(chosen, document.seen) if is_list else {""}
    identified = []
    for name, place in reversed(first.items()):
        item, link = items[place], links[place]
        # The neighbours may change, so this leaves out what distinguishes the entry from them.
        by_name = f"{source_url}\n{plain[place]}\n{item.title}"
        guid = digest(name)
        article = guid if item.is_detour else digest(by_name if link in shared else link)
        identified.append((item, Identity(guid, article)))
    return identified


def seen_entries(document: Document) -> list[SeenEntry]:
    """Return all entries of *document*, as the next read needs them."""
    is_list = document.kind.is_list
    seen = list(document.seen)
    for item in document.items:
        link = _link(item)
        name = _name(item, link, is_list=is_list)
        seen.append(
            SeenEntry(
                fingerprint=item.fingerprint,
                name=_short_hash(name),
                link=_short_hash(link),
                title=_short_hash(item.title),
                published=_seconds(item.published),
            )
        )
    return seen


def _seconds(published: datetime | date | None) -> int:
    """Return the seconds since 1970; 0 without a time of day, or in another century."""
    seconds = int(published.timestamp()) if isinstance(published, datetime) else 0
    return seconds if 0 < seconds < _MOST_SHORT else 0


def _short_hash(text: str) -> int:
    """Return 32 bits, which tell a few thousand entries apart."""
    hashed = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4)
    return int.from_bytes(hashed.digest(), "big")


def folded_guid(guid: str) -> str:
    """Return one spelling for guids that change when a feed moves to https."""
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
    """Return whether *shown* is another entry with the guid of *before*, and not an update of it.

    Both are pairs of title and summary. The caller checks that the links differ too.
    """
    titles = _in_common(_selective_words(before[0]), _selective_words(shown[0]))
    if titles >= _UPDATED_TITLE:
        return False
    former, now = (" ".join(each)[:_READ_OF_SUMMARY] for each in (before, shown))
    return _in_common(_selective_words(former), _selective_words(now)) < _UPDATED_TEXT


def _selective_words(text: str) -> set[str]:
    """Return the words of *text* without short ASCII words, which are in every text."""
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


def _distinguished(
    items: Sequence[Item], links: Sequence[str], names: list[str], seen: Sequence[SeenEntry]
) -> list[str]:
    """Return *names*, with the link or the title added to those that are not unique."""
    namesakes: defaultdict[int, list[SeenEntry]] = defaultdict(list)
    for entry in seen:
        namesakes[entry.name].append(entry)
    are_unique = len(set(names)) == len(names)
    if are_unique and (not seen or namesakes.keys().isdisjoint(map(_short_hash, names))):
        return names
    places_of: defaultdict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        places_of[name].append(place)
    distinct = list(names)
    for name, places in places_of.items():
        others = namesakes.get(_short_hash(name), ())
        own = [links[place] for place in places]
        all_links = {*map(_short_hash, own), *(other.link for other in others)}
        is_by_title = len(all_links) == 1 and (not own[0] or _HOME.fullmatch(own[0]))
        titles = [items[place].title for place in places]
        marks = titles if is_by_title else [a or b for a, b in zip(own, titles, strict=True)]
        all_marks = {*map(_short_hash, marks)}
        for other in others:
            has_link = not is_by_title and other.link != _NO_LINK
            all_marks.add(other.link if has_link else other.title)
        if len(all_marks) > 1:
            for place, mark in zip(places, marks, strict=True):
                distinct[place] = f"{name}\n{mark}"
    return distinct


def _shared_links(chosen: Sequence[tuple[str, str, str]], seen: Sequence[SeenEntry]) -> set[str]:
    """Return the links that identify no article, "" included.

    *chosen*: the names, links and titles of entries. Those with the same name and link are one.
    """
    links = {link for _, link, _ in chosen}
    shared = {"", *filter(_HOME.fullmatch, links)}
    are_unique = len(links) == len(chosen)
    if are_unique and (not seen or {e.link for e in seen}.isdisjoint(map(_short_hash, links))):
        return shared
    entries = {(_short_hash(name), _short_hash(link)): title for name, link, title in chosen}
    titles: defaultdict[int, set[int]] = defaultdict(set)
    for (_, hashed), title in entries.items():
        titles[hashed].add(_short_hash(title))
    for entry in {(entry.name, entry.link): entry for entry in reversed(seen)}.values():
        if (entry.name, entry.link) not in entries:
            titles[entry.link].add(entry.title)
    return shared | {link for link in links if len(titles[_short_hash(link)]) > 1}


_NO_LINK: Final = _short_hash("")


SHORT_TEXT: Final = 400  # characters
MAX_PRIVATE_PAGES: Final = 25  # per fetch; for a public source, every new entry's page is read
PAGE_TIMEOUT: Final = timedelta(seconds=60)  # after which an article is matched without its page
PAGE_WANTED_FOR: Final = timedelta(hours=6)  # after which the page is no longer read


def awaiting_pages(
    drafts: Iterable[ArticleDraft], full_text: FullText, kind: SourceKind, most: int | None
) -> list[ArticleDraft]:
    """Mark the drafts whose pages will be read, at most *most* (None: no limit).

    *drafts* are sorted, the newest first. Quiet drafts wait for no page, because they alert nobody.
    A post of a channel is whole, unless it is nothing but a link to another page.
    """
    left = inf if most is None else most
    marked = []
    for draft in drafts:
        is_whole = kind is SourceKind.PAGE or (
            kind is SourceKind.CHANNEL and draft.item.url == draft.item.guid
        )
        is_excerpt = not is_whole and wants_page(draft.item, full_text)
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
