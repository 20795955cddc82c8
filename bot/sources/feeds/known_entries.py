"""Cuts the entries that were read before out of a body, before it is parsed.

The fingerprint of an entry is a hash of its bytes and of all bytes outside the entries, where
namespaces, bases and languages are declared. Entries with the fingerprint of an entry of the last
read are cut out.

This module finds entries by their tags and knows no more of XML. So it wraps each remaining entry
in an element that carries the fingerprint. If a parser finds nothing but one entry in a wrapper,
the entry begins and ends where this module cut. Readers keep the fingerprint of such an entry only.
If any entry has none, no fingerprint is stored, and the next body is read as a whole.

The time of the feed and counters, such as the number of comments, change often and are not hashed.
"""

import json
import re
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from bot.sources.feeds.body_hash import TIME_OF_FEED
from bot.sources.feeds.model import Document, SeenEntry, unpack_seen
from bot.sources.limits import MOST_ENTRIES, MOST_SITEMAP_ENTRIES, MOST_TEXT

WRAPPER: Final = "dateline-mark"
FINGERPRINT: Final = "dateline-fingerprint"  # the attribute of a wrapper, and the key in JSON
_OPENED: Final = b'<dateline-mark dateline-fingerprint="%016x">'
_CLOSED: Final = b"</dateline-mark>"
_WRAPPER: Final = re.compile('<dateline-mark dateline-fingerprint="[0-9a-f]{16}">|</dateline-mark>')
_MARK: Final = re.compile("[0-9a-f]{16}")

# From larger bodies, readers may leave out old entries, which would look new without the others. A
# text counts twice, because it may become both summary and text.
_MOST_BYTES: Final = MOST_TEXT // 2
_MOST_OUTSIDE: Final = 16_384  # bytes, so that a hostile body costs little
_MOST_JSON: Final = 128_000  # bytes, parsed twice in a few milliseconds
_MOST_OBJECTS: Final = 400
_SEED_BYTES: Final = 8

_COMMENT: Final = rb"<!--(?:[^<>-]|-(?!->)){0,500}+-->"
_LIST_IN_RDF: Final = (  # of all entries
    rb"<((?:\w{1,20}:)?Seq)>(?:\s*+<(?:\w{1,20}:)?li\s[^<>]{0,2000}/>)*+\s*+</\2>"
)
_IGNORED: Final = re.compile(b"|".join((TIME_OF_FEED, _LIST_IN_RDF, _COMMENT)), re.ASCII)
_COUNTERS: Final = re.compile(
    rb"<(slash:comments|thr:total)>\d{0,9}</\1>|<media:(?:statistics|starRating)\s[^<>]{0,200}/>"
)
_COUNTED: Final = (  # declarations, which are found sooner, and what they declare
    (b"xmlns:slash=", b"<slash:comments>"),
    (b"xmlns:thr=", b"<thr:total>"),
    (b"xmlns:media=", b"<media:st"),
)
_ROOT: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:(?:<\?[^>]{0,500}\?>|%b)\s*+){0,8}+"
    rb"<(?:\w{1,20}:)?(?:(?:rss|feed|RDF)|(urlset))[\s>]" % _COMMENT,
    re.ASCII,
)
_FIRST_ENTRY: Final = re.compile(rb"<((?:\w{1,20}:)?(?:item|entry))[\s>]", re.ASCII)
_FIRST_URL: Final = re.compile(rb"<((?:\w{1,20}:)?url)[\s>]", re.ASCII)
_BEHIND_NAME: Final = frozenset(b" \t\r\n>")


class MarkedBody(NamedTuple):
    """A body with so many *marked* entries, without those that were *seen* in the last read.

    *language*: of the feed, as the last read found it; "" if no entry was seen.
    """

    data: bytes
    marked: int = 0
    seen: tuple[SeenEntry, ...] = ()
    language: str = ""

    def is_exact(self, document: Document) -> bool:
        """Return whether the entries of *document*, read from here, are exactly the marked ones."""
        items = document.items
        return len(items) == self.marked and all(item.fingerprint for item in items)


def mark(data: bytes, url: str, content_type: str, known: bytes) -> MarkedBody:
    """Cut the *known* entries out of *data*, and mark the others. *known*: see `pack_seen`.

    Return *data* itself if its entries cannot be distinguished.
    """
    if len(data) > _MOST_BYTES:
        return MarkedBody(data)
    if data[:1] == b"{":
        return _marked_json(data, url, known)
    spans = _spans(data)
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(data)]
    outside = [data[end:start] for end, start in zip(ends, starts, strict=True)]
    context = b"".join(map(bytes.strip, outside))
    if not spans or len(context) > _MOST_OUTSIDE:
        return MarkedBody(data)
    seed = _seed(_IGNORED.sub(b"", context), url, content_type)
    language, before = unpack_seen(known)
    head = outside[0]
    have_counters = any(declared in head and counter in data for declared, counter in _COUNTED)
    seen: list[SeenEntry] = []
    parts = outside[:1]
    for (start, end), behind in zip(spans, outside[1:], strict=True):
        entry = data[start:end]
        hashed = _COUNTERS.sub(b"", entry) if have_counters else entry
        fingerprint = _fingerprint(hashed, seed)
        if found := before.get(fingerprint):
            seen.append(found)
        else:
            parts += (_OPENED % fingerprint, entry, _CLOSED)
        parts.append(behind)
    marked = len(spans) - len(seen)
    return MarkedBody(b"".join(parts), marked, tuple(seen), language if seen else "")


def without_marks(text: str) -> str:
    return _WRAPPER.sub("", text)


def fingerprint_in(mark: object) -> int:
    """Return the fingerprint in a mark of this module; 0 for any other value."""
    return int(mark, 16) if isinstance(mark, str) and _MARK.fullmatch(mark) else 0


def _seed(context: bytes, url: str, content_type: str = "") -> bytes:
    hashed = blake2b(context, digest_size=_SEED_BYTES)
    hashed.update(f"\n{url}\n{content_type}".encode("utf-8", "surrogatepass"))
    return hashed.digest()


def _fingerprint(entry: bytes, seed: bytes) -> int:
    """Return 64 bits that are never 0."""
    return int.from_bytes(blake2b(entry, digest_size=8, salt=seed).digest(), "big") or 1


def _spans(data: bytes) -> list[tuple[int, int]]:
    """Return where the entries of *data* begin and end; [] if that is unclear or they are many."""
    root = _ROOT.match(data)
    if root is None:
        return []
    pattern, most = (_FIRST_URL, MOST_SITEMAP_ENTRIES) if root[1] else (_FIRST_ENTRY, MOST_ENTRIES)
    first = pattern.search(data, root.end(), root.end() + _MOST_OUTSIDE)
    if first is None:
        return []
    opening, closing = b"<" + first[1], b"</" + first[1] + b">"
    spans: list[tuple[int, int]] = []
    start = first.start()
    while start >= 0:
        behind = data.find(closing, start)
        is_entry = behind > 0 and data[start + len(opening)] in _BEHIND_NAME
        if not is_entry or len(spans) == most:
            return []
        end = behind + len(closing)
        spans.append((start, end))
        start = data.find(opening, end)
    return spans


def _marked_json(data: bytes, url: str, known: bytes) -> MarkedBody:
    if len(data) > _MOST_JSON or data.count(b"{") > _MOST_OBJECTS:
        return MarkedBody(data)
    try:
        feed: dict[str, Any] = json.loads(data)
    except (ValueError, RecursionError):
        return MarkedBody(data)
    entries = feed.pop("items", None)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return MarkedBody(data)
    seed = _seed(_encoded(feed), url)
    language, before = unpack_seen(known)
    seen: list[SeenEntry] = []
    others: list[dict[str, Any]] = []
    for entry in entries:
        fingerprint = _fingerprint(_encoded(entry), seed)
        if found := before.get(fingerprint):
            seen.append(found)
        else:
            others.append(entry | {FINGERPRINT: f"{fingerprint:016x}"})
    rest = _encoded(feed | {"items": others})
    return MarkedBody(rest, len(others), tuple(seen), language if seen else "")


def _encoded(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
