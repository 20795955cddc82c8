"""Sitemaps: news sitemaps, plain ones, and indexes of either, read as a stream.

A news sitemap has the title, date and language of each page. A plain one has only the address and
the time of the last change. The newest pages are kept.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from heapq import nlargest
from io import BytesIO
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

from lxml import etree

from bot.sources.feeds import language
from bot.sources.feeds.dates import feed_date
from bot.sources.feeds.known_entries import FINGERPRINT, WRAPPER, fingerprint_in
from bot.sources.feeds.model import Document, DocumentKind, Item, Unreadable, sort_time
from bot.sources.feeds.roots import strict_root
from bot.sources.feeds.text import cleaned, one_line
from bot.sources.limits import MOST_SITEMAP_ENTRIES, MOST_SITEMAP_URLS
from bot.sources.urls import absolute

_READ = frozenset(("keywords", "language", "lastmod", "loc", "name", "publication_date", "title"))
_PARTS = {"url": DocumentKind.SITEMAP, "sitemap": DocumentKind.INDEX}


class Linked(Protocol):
    @property
    def url(self) -> str: ...
    @property
    def published(self) -> datetime | date | None: ...


AnyLinked = TypeVar("AnyLinked", bound=Linked)


class _Listed(NamedTuple):
    """One URL of a sitemap; `title` and `keywords` are markup."""

    url: str
    title: str
    keywords: str
    published: datetime | date | None
    language: str
    fingerprint: int


def read_sitemap(data: bytes, url: str, clock: tzinfo = UTC) -> Document:
    """Return the sitemap in *data* (UTF-8), from *url*; raise `Unreadable` if there is none.

    If the XML has a mistake, the part before it is read. The items of an index are its sitemaps.
    *clock*: the time zone of times without one.
    """
    kind, name = DocumentKind.SITEMAP, ""
    listed: list[_Listed] = []
    is_broken = False
    try:
        for _event, element in islice(_parsed(data), MOST_SITEMAP_URLS):
            facts = _facts(element)
            kind = _PARTS[_local_name(element)]
            name = name or facts.get("name", "")
            if found := _listed_page(facts, url, _fingerprint_of(element), clock):
                listed.append(found)
            _free(element)
    except etree.XMLSyntaxError:
        is_broken = True
    if not listed and not _is_empty(data):
        raise Unreadable("This is a sitemap without a single address.", "empty")
    tags = {each.language for each in listed}
    chosen = newest(listed)
    if is_broken or len(chosen) < len(listed):
        chosen = tuple([each._replace(fingerprint=0) for each in chosen])
    return Document(
        kind=kind,
        title=one_line(name),
        language=tags.pop() if len(tags) == 1 else "",
        items=_cleaned_items(chosen),
    )


def _cleaned_items(listed: Sequence[_Listed]) -> tuple[Item, ...]:
    lines = iter(cleaned([text for each in listed for text in (each.title, each.keywords)], ())[0])
    return tuple(
        [
            Item(
                guid=each.url,
                url=each.url,
                title=next(lines),
                text=next(lines),  # all words of the article until its page is read
                published=each.published,
                language=each.language,
                fingerprint=each.fingerprint,
            )
            for each in listed
        ]
    )


def _is_empty(data: bytes) -> bool:
    """Return whether *data* is a valid sitemap without entries.

    A paper's news sitemap is empty after two days without news.
    """
    root = strict_root(data)
    return root is not None and not len(root)


def newest(items: Sequence[AnyLinked]) -> tuple[AnyLinked, ...]:
    """Return the newest of *items*, each address once; items without a date come last."""
    once = {item.url: item for item in reversed(items)}
    return tuple(nlargest(MOST_SITEMAP_ENTRIES, reversed(once.values()), key=sort_time))


def _parsed(data: bytes) -> Any:
    """Return an iterator of the parts of the sitemap; it expands no entity and fetches nothing."""
    return etree.iterparse(
        BytesIO(data),
        events=("end",),
        tag=("{*}url", "{*}sitemap"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _facts(element: Any) -> dict[str, str]:
    """Return the texts under *element* by local name, the first of each."""
    facts: dict[str, str] = {}
    for child in element.iterchildren("*"):
        name = _local_name(child)
        if name == "news":
            facts |= {key: text for key, text in _facts(child).items() if key != "loc"}
        elif name == "publication":
            facts |= _facts(child)
        elif name in _READ:
            facts.setdefault(name, (child.text or "").strip())
    return facts


def _local_name(element: Any) -> str:
    """Return the name without its prefix, even if the document does not declare the prefix."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def _fingerprint_of(element: Any) -> int:
    """Return the fingerprint of an element that is alone in its wrapper; else 0."""
    wrapper = element.getparent()
    is_alone = wrapper is not None and len(wrapper) == 1 and _local_name(wrapper) == WRAPPER
    return fingerprint_in(wrapper.get(FINGERPRINT)) if is_alone else 0


def _listed_page(
    facts: dict[str, str], base: str, fingerprint: int, clock: tzinfo
) -> _Listed | None:
    address = absolute(facts.get("loc", ""), base)
    if not address:
        return None
    tag = language.declared(facts.get("language"))
    published = feed_date(facts.get("publication_date") or facts.get("lastmod", ""), tag, clock)
    title, keywords = facts.get("title", ""), facts.get("keywords", "")
    return _Listed(address, title, keywords, published, tag, fingerprint)


def _free(element: Any) -> None:
    """Free the elements read so far; otherwise the tree grows to ten times the document."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]
