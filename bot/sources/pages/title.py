"""Finds the title of a page's article, without the name of its site, and the standfirst under it.

The title is the first of these:

1. an h1 that `<title>` or og:title contains, or another heading that covers most of such a title if
   the h1 does not;
2. an h1 that shares most of its words with such a title, because readers see the h1, and the others
   are often made for search engines;
3. the headline of JSON-LD;
4. og:title or `<title>` without the site's name;
5. a heading.

A heading that is the site's name, or a link to its home page, does not count. A date before a title
is not part of it.

The standfirst is the text under the headline that sums up the article. Extractors often take it for
a part of the headline and drop it. It stands between headline and body. Its class calls it a lead,
or it is the page's description, or it shares a block with the headline. It has at least one
sentence, and is no caption, name or call to subscribe.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

from bot.languages import all_words
from bot.sources.pages.dom import (
    DENSE,
    class_pattern,
    ends_a_sentence,
    heading_of,
    is_linked,
    leaves,
    letters_of,
    line_of,
    lines_of,
    names_of,
    weight_of,
)
from bot.sources.pages.metadata import PageMeta

LONGEST_TITLE = 300
_SUFFIX = re.compile(
    r"\s+[-\u2013\u2014|·•»:/]+\s+(?=[^-\u2013\u2014|·•»]*$)|\s*[|\uff5c»]\s*(?=[^|\uff5c»]*$)"
)
_PREFIX = re.compile(r"^[^-\u2013\u2014|·•»:]+(?:\s+[-\u2013\u2014·•/]+\s+|\s*[|\uff5c»:]\s*)")
_DATE = re.compile(r"^\d{1,2}([./])\d{1,2}\1\d{4}\s*[-\u2013\u2014|:]\s*(?=\w)")
_SHORTEST = 8
_WORD = re.compile(r"[^\W_]{3,}")
_FEWEST_WORDS = 4
_ALIKE = 0.4
_ANCHORS = "\u00b6# "
_MOST_HEADINGS = 50
_HOMES = re.compile(r"(?:https?://[^/]+)?/?(?:index\.\w+)?")

_STANDFIRST = re.compile(
    rf"(?:^|[\W_])(?:{'|'.join(map(re.escape, all_words('standfirst_classes')))})(?:$|[\W_])",
    re.IGNORECASE,
)
_NO_STANDFIRST = class_pattern("no_standfirst")
_PARAGRAPHS = frozenset({"p", "div", "h2", "h3", "h4", "h5", "section", "header", "blockquote"})
_ELSEWHERE = ("aside", "nav", "footer", "figure", "form", "ul", "ol", "table")
_SHORTEST_STANDFIRST, _LONGEST_STANDFIRST = 50, 700
_BEGINNING = 40  # letters of a description, which may be cut
_START = 120  # letters of a body, which may repeat a sentence of its standfirst
_MOST_BLOCKS = 40
_MOST_PARAGRAPHS = 3


def page_title(root: Any, meta: PageMeta) -> str:
    return _DATE.sub("", _title(root, meta))[:LONGEST_TITLE]


def _title(root: Any, meta: PageMeta) -> str:
    own = [*meta.titles, *lines_of(root, "title")[:1]]
    known = [letters_of(text) for text in own]
    sites = _site_names(root, meta)
    first = lines_of(root, "h1")[:_MOST_HEADINGS]
    first = [text.rstrip(_ANCHORS) for text in first if letters_of(text) not in sites]
    held = [text for text in first if _is_in_title(text, known)]
    others = [line_of(each) for each in root.xpath("//*[@itemprop='headline']")]
    others = [*others, *lines_of(root, "h2")][:_MOST_HEADINGS]
    covering = [text for text in (*held, *others) if _covers_title(text, known, sites)]
    alike = [text for text in first if _is_alike(text, (*own, meta.headline))]
    if found := next(filter(None, (*covering, *held, *alike, meta.headline)), ""):
        return found
    titles = (_without_site(text, sites) for text in own if letters_of(text) not in sites)
    return next(iter((*titles, *first, *others)), "")


def _site_names(root: Any, meta: PageMeta) -> frozenset[str]:
    homes = (
        line_of(link)
        for heading in root.iter("h1")
        for link in heading.iter("a")
        if _HOMES.fullmatch(link.get("href") or "")
    )
    return frozenset(filter(None, map(letters_of, (meta.site, *homes))))


def _is_in_title(heading: str, known: list[str]) -> bool:
    letters = letters_of(heading)
    return weight_of(letters) >= _SHORTEST and any(letters in text for text in known)


def _is_alike(heading: str, titles: Sequence[str]) -> bool:
    """Return whether *heading* says much the same as one of *titles*, and nothing more."""
    words, letters = _words_of(heading), letters_of(heading)
    if len(words) < _FEWEST_WORDS or any(
        title and letters_of(title) in letters for title in titles
    ):
        return False
    shared = (len(words & _words_of(title)) for title in titles)
    return max(shared, default=0) >= _ALIKE * len(words)


def _words_of(text: str) -> set[str]:
    dense = DENSE.findall(text)
    pairs = {first + second for first, second in pairwise(dense)}
    return pairs | {word for word in _WORD.findall(text.casefold()) if not DENSE.search(word)}


def _covers_title(heading: str, known: list[str], sites: frozenset[str]) -> bool:
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


def standfirst(root: Any, title: str, description: str, body: list[str]) -> list[str]:
    """Return the paragraphs of the standfirst on the page *root* that are not in the *body*."""
    heading = heading_of(root, title)
    if heading is None or not body:
        return []
    start = letters_of(body[0])[:_START]
    body_letters = letters_of(" ".join(body))
    described = letters_of(description)[:_BEGINNING]
    found: list[str] = []
    for block in islice(_blocks_after(heading), _MOST_BLOCKS):
        text = line_of(block)
        letters = letters_of(text)
        if letters.startswith(start) or (len(letters) >= _BEGINNING and letters in body_letters):
            break
        is_described = bool(described) and letters.startswith(described)
        is_one = is_described or _is_marked(block) or _is_beside(block, heading)
        if is_one and _is_sentence(block, text):
            found.append(text)
    return list(dict.fromkeys(found))[:_MOST_PARAGRAPHS]


def _blocks_after(heading: Any) -> Iterator[Any]:
    """Yield the blocks after *heading* that hold no other block."""
    for around in (heading, *heading.iterancestors()):
        for sibling in around.itersiblings("*"):
            yield from leaves(sibling)


def _is_marked(block: Any) -> bool:
    return any(_STANDFIRST.search(names_of(each)) for each in _with_two_around(block))


def _with_two_around(block: Any) -> tuple[Any, ...]:
    return (block, *islice(block.iterancestors(), 2))


def _is_beside(block: Any, heading: Any) -> bool:
    around = heading.getparent()
    is_header = around is not None and around.tag in {"header", "hgroup"}
    return is_header and around in block.iterancestors()


def _is_sentence(block: Any, text: str) -> bool:
    if block.tag not in _PARAGRAPHS or not ends_a_sentence(text) or is_linked(block, text):
        return False
    if not _SHORTEST_STANDFIRST <= len(text) <= _LONGEST_STANDFIRST:
        return False
    if any(_NO_STANDFIRST.search(names_of(each)) for each in _with_two_around(block)):
        return False
    return next(block.iterancestors(*_ELSEWHERE), None) is None
