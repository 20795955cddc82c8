"""Which of the addresses that a page is known by names it.

What a page calls its canonical address is a claim of the site. Sites make it wrongly too: their
home page, a section, one address for all pages, an address without the number that tells them
apart. Then the page stays what it was asked for.
"""

import re
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from bot.sources.urls import canonical_url, host_of, is_link

# Below these, each name belongs to somebody else. The list is short on purpose: what it lacks only
# lets a site speak for its neighbours under the same name.
_SHARED: Final = frozenset({
    "blogspot.com", "github.io", "gitlab.io", "hatenablog.com", "herokuapp.com", "livejournal.com",
    "medium.com", "netlify.app", "over-blog.com", "pages.dev", "substack.com", "tumblr.com",
    "typepad.com", "vercel.app", "web.app", "wixsite.com", "wordpress.com",
})  # fmt: skip
_SECOND_LEVEL: Final = frozenset(
    "ac co com edu go gob gouv gov ltd me ne net nom or org".split()  # noqa: SIM905
)
_COUNTRY: Final = 2  # letters
_VARIANT: Final = re.compile(r"amp(?:\.html?)?|print|index\.(?:html?|php)|\d{1,2}", re.IGNORECASE)
_INDEX: Final = re.compile(r"index\.\w+", re.IGNORECASE)
_YEAR: Final = r"(?:19|20)\d\d(?!\d)"
_TELLING: Final = re.compile(
    rf"(?<!\d)(?!{_YEAR})\d{{3}}|%[0-9a-f]{{2}}|[^\x00-\x7f]|\.s?html?$|.[-_].+[-_]", re.IGNORECASE
)
_LONG: Final = 20  # characters


def site_of(host: str) -> str:
    """The part of *host* that its owner has registered, near enough."""
    labels = host.split(".")
    if len(labels) <= 2 or host.replace(".", "").isdigit():  # noqa: PLR2004 - a name and its top
        return host
    last_two = ".".join(labels[-2:])
    is_deeper = last_two in _SHARED or (len(labels[-1]) == _COUNTRY and labels[-2] in _SECOND_LEVEL)
    return ".".join(labels[-3:]) if is_deeper else last_two


def own_address(url: str, claimed: str) -> str:
    """Return what the page at *url* calls its canonical address, if that may be; else *url*."""
    if not claimed:
        return url
    try:
        full = urljoin(url, claimed.strip())
        if not is_link(full):
            return url
        asked, claim = urlsplit(canonical_url(url)), urlsplit(canonical_url(full))
    except ValueError:
        return url
    if claim.scheme != "https" or not claim.netloc:
        return url
    if not url or asked == claim:
        return full
    is_same_site = site_of(host_of(full)) == site_of(host_of(url))
    return full if is_same_site and _may_name(asked, claim) else url


def address_found(url: str, found: str) -> str:
    """Return the address *found* at *url*, after its redirects, if it names what was asked for.

    A site names its own pages; elsewhere only what looks like an article does, since a redirect
    may as well lead to a page that asks for consent.
    """
    if site_of(host_of(url)) == site_of(host_of(found)):
        return own_address(url, found)
    return found if is_link(found) and is_article(found) else url


def is_article(url: str) -> bool:
    """Whether *url* looks like that of one article; never a home page, seldom a section."""
    parts = urlsplit(canonical_url(url))
    return _is_telling(parts) or bool(parts.query)


def _may_name(asked: SplitResult, claim: SplitResult) -> bool:
    if claim.path == asked.path:
        return claim.query == asked.query or bool(claim.query) or _is_telling(claim)
    beyond = _beyond(asked.path, claim.path)
    if beyond is not None and all(_VARIANT.fullmatch(part) for part in beyond):
        return not _is_home(claim)
    # Sections stand above their articles, and few of those beside one have a name of two words.
    is_beside = (
        claim.path.count("/") >= asked.path.count("/") and "-" in claim.path.rpartition("/")[2]
    )
    return is_beside or _is_telling(claim) or bool(claim.query)


def _beyond(path: str, above: str) -> list[str] | None:
    """The parts of *path* below *above*; None if it does not stand there."""
    parts, front = path.strip("/").split("/"), above.strip("/").split("/")
    return parts[len(front) :] if parts[: len(front)] == front else None


def _is_home(parts: SplitResult) -> bool:
    return parts.path in {"", "/"} and not parts.query


def _is_telling(parts: SplitResult) -> bool:
    """Whether the end of the path is a number or a slug, and no name of a section."""
    segments = [part for part in parts.path.split("/") if part and not _INDEX.fullmatch(part)]
    if not segments:
        return False
    return len(segments[-1]) >= _LONG or bool(_TELLING.search(segments[-1]))
