"""The title of a page's article, without the name of its site.

Order: an h1 that `<title>` or og:title also holds, but another heading if that covers most of such
a title and the h1 does not; the headline of JSON-LD; og:title or `<title>` without the site's
name; a heading. A heading that is the site's name, or a link to its home, is none.
"""

import re
from typing import Any

from bot.sources.pagemeta import PageMeta, line_of, texts_of

LONGEST_TITLE = 300
_SUFFIX = re.compile(
    r"\s+[-\u2013\u2014|·•»:/]+\s+(?=[^-\u2013\u2014|·•»]*$)|\s*[|\uff5c»]\s*(?=[^|\uff5c»]*$)"
)
_PREFIX = re.compile(r"^[^-\u2013\u2014|·•»:]+(?:\s+[-\u2013\u2014·•/]+\s+|\s*[|\uff5c»:]\s*)")
_SHORTEST = 8
_DENSE = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_HOMES = re.compile(r"(?:https?://[^/]+)?/?(?:index\.\w+)?")


def page_title(root: Any, meta: PageMeta) -> str:
    own = [*meta.titles, *texts_of(root, "title")[:1]]
    known = [letters_of(text) for text in own]
    sites = _site_names(root, meta)
    first = [text for text in texts_of(root, "h1") if letters_of(text) not in sites]
    held = [text for text in first if _is_held(text, known)]
    others = [*(line_of(e) for e in root.xpath("//*[@itemprop='headline']")), *texts_of(root, "h2")]
    telling = [text for text in (*held, *others) if _covers_one(text, known, sites)]
    if found := next(iter((*telling, *held)), ""):
        return found[:LONGEST_TITLE]
    if meta.headline:
        return meta.headline
    titles = (_without_site(text, sites) for text in own if letters_of(text) not in sites)
    return next(iter((*titles, *first, *others)), "")[:LONGEST_TITLE]


def letters_of(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def weight_of(letters: str) -> int:
    """How many Latin letters say as much: a character of East Asia says as much as three."""
    return len(letters) + 2 * len(_DENSE.findall(letters))


def _site_names(root: Any, meta: PageMeta) -> frozenset[str]:
    homes = (
        line_of(link)
        for heading in root.iter("h1")
        for link in heading.iter("a")
        if _HOMES.fullmatch(link.get("href") or "")
    )
    return frozenset(filter(None, map(letters_of, (meta.site, *homes))))


def _is_held(heading: str, known: list[str]) -> bool:
    letters = letters_of(heading)
    return weight_of(letters) >= _SHORTEST and any(letters in text for text in known)


def _covers_one(heading: str, known: list[str], sites: frozenset[str]) -> bool:
    letters = letters_of(heading)
    if weight_of(letters) < _SHORTEST or letters in sites:
        return False
    return any(letters in text and len(letters) * 2 >= len(text) for text in known)


def _without_site(title: str, sites: frozenset[str]) -> str:
    head, *suffix = _SUFFIX.split(title, maxsplit=1)
    if suffix and any(letters_of(title).endswith(site) for site in sites):
        return head.strip()
    prefix = _PREFIX.match(title)
    if prefix and letters_of(prefix[0]) in sites:
        return title[prefix.end() :].strip()
    is_suffix = bool(suffix) and weight_of(head) >= _SHORTEST * 2 and len(suffix[0]) < len(head)
    return head.strip() if is_suffix else title
