"""Lead pictures: which address of a feed or a page is a picture worth showing beside a headline.

Only the address is kept; the bot never fetches a picture. A mail program or a browser does, so an
address counts only if it is public, encrypted, and neither a counter nor a logo.
"""

import re
import tomllib
from collections.abc import Iterable
from html import unescape
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from bot.sources.feeds.text import one_line
from bot.sources.urls import absolute

LONGEST_ADDRESS: Final = 1_000  # characters
LONGEST_ALT: Final = 300
NARROWEST: Final = 200  # pixels; a narrower picture is a thumbnail, an avatar or a counter
LOWEST: Final = 100  # pixels; a lower picture is a banner
_LARGEST: Final = 20_000  # pixels; a larger size is a mistake
_MOST_TRIED: Final = 12  # pictures of an entry
_MOST_IN_MARKUP: Final = 3  # of its text

_DATA: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_HOSTS: Final = frozenset(_DATA["hosts"].split())
_PRIVATE: Final = frozenset(_DATA["private_suffixes"].split())
_SIGNS: Final = frozenset(_DATA["signs"].split())
_COUNTERS: Final = frozenset(_DATA["counters"].split())
_MAY_BE_SIGN: Final = re.compile("|".join(sorted(_SIGNS | _COUNTERS)))
_MOST_WORDS: Final = 3  # of a name that only says what kind of picture it is
_PATHS: Final = {host: tuple(paths.split()) for host, paths in _DATA["paths"].items()}
_ENDINGS: Final = frozenset(_DATA["endings"]["refused"].split())

# A name with a dot that ends in a word, so no IP address in any spelling; no login, no port.
_ADDRESS: Final = re.compile(
    r"https://((?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.){1,8}(?:[a-z]{2,24}|xn--[a-z0-9-]{2,58}))"
    r"(?::443)?(/[^?#]+|/?(?=\?.))(?:\?[^#]*)?(?:#.*)?",
    re.IGNORECASE,
)
_LOGIN: Final = re.compile(r"[^/]*//[^/?#]*@")
_UNSAFE: Final = re.compile(r"[\x00-\x20\"'<>\\^`{|}\x7f]")
_SAFE: Final = "%!$&()*+,-./:;=?@[]_~#"
_WORD: Final = re.compile(r"[a-z0-9]+")
_SIZE_IN_NAME: Final = re.compile(r"[-_.](\d{1,5})x(\d{1,5})(?=\.[a-z]{3,4}$)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\s{0,9}(\d{1,6})(?:\.\d{0,9})?\s{0,9}(?:px)?\s{0,9}")
_IMG: Final = re.compile(r"<img\b([^<>]{1,4000})>")
_ATTRIBUTE: Final = re.compile(
    r"""([\w-]{1,40})\s{0,9}=\s{0,9}(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'>]{1,2000}))"""
)


class LeadPicture(NamedTuple):
    """The address of a picture, its size in pixels if the source gave it, and its text.

    Before `worth_showing` the address may be relative, and *alt* is markup.
    """

    url: str
    width: int | None = None
    height: int | None = None
    alt: str = ""


def first_worth_showing(pictures: Iterable[LeadPicture], base: str) -> LeadPicture | None:
    """Return the first of *pictures*, whose links start from *base*, that is worth showing."""
    for tried, picture in enumerate(pictures):
        if tried == _MOST_TRIED:
            break
        if shown := worth_showing(picture, base):
            return shown
    return None


def worth_showing(picture: LeadPicture, base: str = "") -> LeadPicture | None:
    """Return *picture* with an absolute address and plain text; None if it is not worth showing."""
    if not picture.url or len(picture.url) > LONGEST_ADDRESS or _LOGIN.match(picture.url):
        return None
    url = absolute(picture.url, base)
    if not url.isascii() or _UNSAFE.search(url):
        url = quote(url, safe=_SAFE)
    address = _ADDRESS.fullmatch(url) if len(url) <= LONGEST_ADDRESS else None
    if address is None:
        return None
    host, path = address[1].lower(), address[2]
    width, height = _size(picture, path)
    is_small = (width or NARROWEST) < NARROWEST or (height or LOWEST) < LOWEST
    if is_small or _is_private(host) or _is_counter(host, path) or _is_sign(path):
        return None
    alt = one_line(picture.alt[: 2 * LONGEST_ALT])[:LONGEST_ALT] if picture.alt else ""
    return LeadPicture(url, width, height, alt)


def in_markup(markup: str, base: str) -> LeadPicture | None:
    """Return the first picture of a text worth showing, among its first few pictures."""
    at = markup.find("<img")
    for _ in range(_MOST_IN_MARKUP):
        if at < 0:
            break
        if tag := _IMG.match(markup, at):
            found = _ATTRIBUTE.findall(tag[1])
            values = {name.lower(): a or b or c for name, a, b, c in reversed(found)}
            picture = LeadPicture(
                unescape(values.get("src", "")),
                pixels(values.get("width")),
                pixels(values.get("height")),
                values.get("alt", ""),
            )
            if shown := worth_showing(picture, base):
                return shown
        at = markup.find("<img", at + 4)
    return None


def pixels(written: object) -> int | None:
    """Return a size such as `640`, `"640"`, `"640px"` or `"640.0"`; None for any other value."""
    if isinstance(written, bool):
        return None
    if isinstance(written, int | float):
        written = f"{written:.0f}" if abs(written) <= _LARGEST else ""
    found = _NUMBER.fullmatch(written) if isinstance(written, str) else None
    number = int(found[1]) if found else 0
    return number if 0 < number <= _LARGEST else None


def _size(picture: LeadPicture, path: str) -> tuple[int | None, int | None]:
    """Return the size that the source gives, else the one in the name: `crowd-150x150.jpg`."""
    if picture.width or picture.height:
        return picture.width, picture.height
    named = _SIZE_IN_NAME.search(path)
    return (pixels(named[1]), pixels(named[2])) if named else (None, None)


def _is_private(host: str) -> bool:
    return host.rpartition(".")[2] in _PRIVATE


def _is_counter(host: str, path: str) -> bool:
    while "." in host:
        if host in _HOSTS or (host in _PATHS and (path or "/").startswith(_PATHS[host])):
            return True
        host = host.partition(".")[2]
    return False


def _is_sign(path: str) -> bool:
    """Return whether the path names a logo, an avatar, a counter, or a file of another kind."""
    path = path.lower()
    stem, dot, ending = path.rpartition(".")
    if dot and ending in _ENDINGS:
        return True
    if not _MAY_BE_SIGN.search(path):
        return False
    return any(map(_is_name_of_sign, (stem if dot else path).split("/")))


def _is_name_of_sign(name: str) -> bool:
    words = _WORD.findall(name)
    if len(words) > _MOST_WORDS:
        return False
    return not _SIGNS.isdisjoint(words) or (len(words) == 1 and words[0] in _COUNTERS)
