"""Finds gaps between two reads of a channel, and the older pages that fill them.

A page shows only the newest posts. If even the oldest of them is newer than the newest post of the
last read, there may be posts in between, on the pages before this one. So a source remembers the
number of its newest post. Numbers are never given twice, and deleted posts leave holes.
"""

from dataclasses import replace
from hashlib import blake2b
from typing import Final

from bot.sources.channels.addresses import preview_page
from bot.sources.feeds.model import Document

MAX_OLDER_PAGES: Final = 4  # that one read of a channel requests besides the newest page
_MARK: Final = b"c"  # no version of `pack_seen`, so that none of both is mistaken for the other
_BYTES: Final = 8


def hash_of_posts(document: Document) -> str:
    """Return a hash of all words of a channel's page, without its counters and pictures.

    Telegram changes the addresses of pictures from time to time, so a new one is stored with the
    next words.
    """
    names = f"{document.title}\0{document.description}"
    hashed = blake2b(names.encode("utf-8", "surrogatepass"), digest_size=16)
    for item in document.items:
        facts = (item.guid, item.url, item.title, item.text, item.credit, item.author)
        hashed.update("\0".join(("", *facts)).encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()


def pack_newest(document: Document) -> bytes:
    """Return the number of the newest post, to be stored until the next read."""
    newest = max(_numbers(document), default=0)
    return _MARK + newest.to_bytes(_BYTES, "big") if newest else b""


def newest_known(packed: bytes) -> int:
    """Return the number of the newest post of the last read; 0 if there was none."""
    return int.from_bytes(packed[1:], "big") if packed[:1] == _MARK else 0


def older_page(url: str, document: Document, known: int) -> str:
    """Return the address of the page that may fill the gap between *known* and the posts read.

    "" if there is no gap, or if the channel was never read.
    """
    page = preview_page(url)
    oldest = min(_numbers(document), default=0)
    if page is None or not 0 < known < oldest - 1:
        return ""
    return f"{page.origin}/s/{page.name}?before={oldest}"


def with_older(document: Document, older: Document) -> Document:
    """Return *document* with the posts of an older page behind its own."""
    oldest = min(_numbers(document), default=0)
    more = (item for item in older.items if _number(item.guid) < oldest)
    return replace(document, items=(*document.items, *more))


def count_skipped(document: Document, known: int) -> int:
    """Return how many posts at most lie between *known* and the oldest post read."""
    oldest = min(_numbers(document), default=0)
    return max(oldest - known - 1, 0) if known else 0


def _numbers(document: Document) -> list[int]:
    return [_number(item.guid) for item in document.items]


def _number(guid: str) -> int:
    """Return the number at the end of a post's permanent link."""
    return int(guid.rpartition("/")[2])
