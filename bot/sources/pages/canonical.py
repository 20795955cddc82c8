"""Chooses the address of a page: the requested one, or the canonical one that the page claims.

Sites claim wrong addresses too: their home page, a section, one address for all pages, or one
without the number that distinguishes them. Then the requested address stays.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

from tld import get_tld
from tld.utils import Result

from bot.sources.urls import absolute, canonical_url, host_of, is_link

# Each name below these hosts has another owner, as below those in the public list. If a host is
# missing here, a site may claim an address of another site below the same host, and nothing worse.
_SHARED: Final = frozenset({
    "livejournal.com", "medium.com", "over-blog.com", "substack.com", "tumblr.com", "typepad.com",
    "wordpress.com",
})  # fmt: skip
_VARIANT: Final = re.compile(r"amp(?:\.html?)?|print|index\.(?:html?|php)|\d{1,2}", re.IGNORECASE)
_INDEX: Final = re.compile(r"index\.\w+", re.IGNORECASE)
_YEAR: Final = r"(?:19|20)\d\d(?!\d)"
_TELLING: Final = re.compile(
    rf"(?<!\d)(?!{_YEAR})\d{{3}}|%[0-9a-f]{{2}}|[^\x00-\x7f]|\.s?html?$|.[-_].+[-_]", re.IGNORECASE
)
_LONG: Final = 20  # characters


@lru_cache(maxsize=1024)
def site_of(host: str) -> str:
    """Return the part of *host* that its owner has registered.

    This follows the public list of suffixes. Without an entry there, it is the last two labels.
    """
    found = get_tld(
        host, fix_protocol=True, fail_silently=True, as_object=True, search_private=True
    )
    if not isinstance(found, Result):
        is_number = host.replace(".", "").isdigit()
        return host if is_number else ".".join(host.split(".")[-2:])
    site, tenant = found.fld, found.subdomain.rpartition(".")[2]
    return f"{tenant}.{site}" if site in _SHARED and tenant else site


def own_address(url: str, claimed: str) -> str:
    """Return the canonical address that the page at *url* claims, if plausible; else *url*."""
    full = absolute(claimed, url)
    if not url or not full:
        return full or url
    if site_of(host_of(full)) != site_of(host_of(url)):
        return url
    asked, claim = urlsplit(canonical_url(url)), urlsplit(canonical_url(full))
    return full if asked == claim or _may_name(asked, claim) else url


def address_found(url: str, found: str) -> str:
    """Return *found*, to which *url* redirects, if it is the address of the same page; else *url*.

    A redirect within a site follows the rules of `own_address`. On another site the address must
    look like an article, because a redirect may lead to a page that asks for consent.
    """
    if site_of(host_of(url)) == site_of(host_of(found)):
        return own_address(url, found)
    return found if is_link(found) and is_article(found) else url


def is_article(url: str) -> bool:
    """Return whether *url* looks like one article. True for no home page and for few sections."""
    parts = urlsplit(canonical_url(url))
    return _is_telling(parts) or bool(parts.query)


def _may_name(asked: SplitResult, claim: SplitResult) -> bool:
    if claim.path == asked.path:
        return claim.query == asked.query or bool(claim.query) or _is_telling(claim)
    beyond = _beyond(asked.path, claim.path)
    if beyond is not None and all(_VARIANT.fullmatch(part) for part in beyond):
        return not _is_home(claim)
    # Sections are above their articles, and few sections beside one have a name of two words.
    is_beside = (
        claim.path.count("/") >= asked.path.count("/") and "-" in claim.path.rpartition("/")[2]
    )
    return is_beside or _is_telling(claim) or bool(claim.query)


def _beyond(path: str, above: str) -> list[str] | None:
    """Return the parts of *path* below *above*; None if it is not below."""
    parts, front = path.strip("/").split("/"), above.strip("/").split("/")
    return parts[len(front) :] if parts[: len(front)] == front else None


def _is_home(parts: SplitResult) -> bool:
    return parts.path in {"", "/"} and not parts.query


def _is_telling(parts: SplitResult) -> bool:
    """Return whether the path ends in a number or a slug rather than the name of a section."""
    segments = [part for part in parts.path.split("/") if part and not _INDEX.fullmatch(part)]
    if not segments:
        return False
    return len(segments[-1]) >= _LONG or bool(_TELLING.search(segments[-1]))
