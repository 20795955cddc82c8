"""Reads any bytes as a document, at once by the quick readers, or else in a worker."""

from dataclasses import dataclass
from datetime import UTC, tzinfo

from bot.sources.feeds.jsonfeed import read_json
from bot.sources.feeds.known_entries import without_marks
from bot.sources.feeds.model import Document
from bot.sources.feeds.roots import as_utf8, check_attributes
from bot.sources.feeds.sitemap import read_sitemap
from bot.sources.feeds.sniff import HEAD, Shape, decode, is_utf8, sniff, unpacked
from bot.sources.feeds.xml import read_xml

_BLANKS = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class NeedsWorker:
    """A decoded document that may take long and needs a worker, and the reader to use there."""

    shape: Shape
    text: str


def read_fast(
    data: bytes,
    url: str = "",
    content_type: str = "",
    language_before: str = "",
    clock: tzinfo = UTC,
) -> Document | NeedsWorker:
    """Read *data* with the quick readers if they can; raise `Unreadable` if no reader can.

    *language_before* and *clock*: see `feed_document`.
    """
    data = unpacked(data)
    start = data.lstrip(_BLANKS)
    # Not decoded before, because the parser accepts valid UTF-8 only.
    is_feed = _is_plain_xml(start) and _shape_of(start) is Shape.FEED
    if is_feed and (document := read_xml(start, url, language_before, clock)):
        return document
    text = decode(data, content_type)
    shape = sniff(data, text)
    if shape is Shape.JSON:
        return read_json(text, url, language_before, clock)
    if shape not in {Shape.FEED, Shape.SITEMAP}:
        return NeedsWorker(shape, text)
    utf8 = start if is_utf8(data) and _is_plain_xml(start) else as_utf8(text)
    if shape is Shape.SITEMAP:
        check_attributes(utf8)
        return read_sitemap(utf8, url, clock)
    if utf8 is not start and (document := read_xml(utf8, url, language_before, clock)):
        return document
    check_attributes(utf8)
    return NeedsWorker(shape, without_marks(text))


def _shape_of(data: bytes) -> Shape:
    return sniff(data, data[:HEAD].decode("utf-8", "replace"))


def _is_plain_xml(start: bytes) -> bool:
    """Return whether the document may be UTF-8 and declares no other charset."""
    declaration = start[:200].partition(b"?>")[0].lower()
    return (
        start[:1] == b"<"
        and b"\0" not in start[:4]
        and (b"encoding" not in declaration or b"utf-8" in declaration)
    )
