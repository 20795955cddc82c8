"""The title of a page's article, without the name of its site.

Order: an h1 that `<title>` or og:title also holds, but another heading if that covers most of such
a title and the h1 does not; an h1 that shares most of its words with one, for readers see it and
the others are often made for search engines; the headline of JSON-LD; og:title or `<title>`
without the site's name; a heading. A heading that is the site's name, or a link to its home, is
none. A date in front of a title is no part of it.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from bot.sources.webpages.pagemeta import PageMeta, line_of, texts_of

LONGEST_TITLE = 300
_SUFFIX = re.compile(
    r"\s+[-\u2013\u2014|·•»:/]+\s+(?=[^-\u2013\u2014|·•»]*$)|\s*[|\uff5c»]\s*(?=[^|\uff5c»]*$)"
)
_PREFIX = re.compile(r"^[^-\u2013\u2014|·•»:]+(?:\s+[-\u2013\u2014·•/]+\s+|\s*[|\uff5c»:]\s*)")
_DATE = re.compile(r"^\d{1,2}([./])\d{1,2}\1\d{4}\s*[-\u2013\u2014|:]\s*(?=\w)")
_SHORTEST = 8
_DENSE = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"[^\W_]{3,}")
_FEWEST_WORDS = 4
_ALIKE = 0.4
_ANCHORS = "\u00b6# "
_HOMES = re.compile(r"(?:https?://[^/]+)?/?(?:index\.\w+)?")


def page_title(root: Any, meta: PageMeta) -> str:
    return _DATE.sub("", _title(root, meta))[:LONGEST_TITLE]


def _title(root: Any, meta: PageMeta) -> str:
    own = [*meta.titles, *texts_of(root, "title")[:1]]
    known = [letters_of(text) for text in own]
    sites = _site_names(root, meta)
    first = [text for text in texts_of(root, "h1") if letters_of(text) not in sites]
    first = [text.rstrip(_ANCHORS) for text in first]
    held = [text for text in first if _is_held(text, known)]
    others = [*(line_of(e) for e in root.xpath("//*[@itemprop='headline']")), *texts_of(root, "h2")]
    telling = [text for text in (*held, *others) if _covers_one(text, known, sites)]
    alike = [text for text in first if _is_alike(text, (*own, meta.headline))]
    if found := next(filter(None, (*telling, *held, *alike, meta.headline)), ""):
        return found
    titles = (_without_site(text, sites) for text in own if letters_of(text) not in sites)
    return next(iter((*titles, *first, *others)), "")


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


def _is_alike(heading: str, titles: Sequence[str]) -> bool:
    """Whether *heading* says much the same as one of *titles*, and no more than it."""
    words, letters = _words_of(heading), letters_of(heading)
    if len(words) < _FEWEST_WORDS or any(
        title and letters_of(title) in letters for title in titles
    ):
        return False
    shared = (len(words & _words_of(title)) for title in titles)
    return max(shared, default=0) >= _ALIKE * len(words)


def _words_of(text: str) -> set[str]:
    dense = _DENSE.findall(text)
    pairs = {first + second for first, second in pairwise(dense)}
    return pairs | {word for word in _WORD.findall(text.casefold()) if not _DENSE.search(word)}


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
