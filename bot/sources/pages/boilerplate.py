"""Boilerplate: paragraphs that a host prints on all its pages, learned from the pages themselves.

A paragraph counts as boilerplate once three articles have it in the same place: among their first
lines, among their last, or as a line that may head a box. At least half of the articles read since
it was first seen must have it, because a newspaper repeats paragraphs in its articles about one
event. If the titles of all these articles share a word, they may be about one event, and the
paragraph does not count yet. A quotation or a dateline is never learned.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import Final, Self
from zlib import crc32

from bot.sources.pages.dom import weight_of
from bot.sources.pages.trim import is_headline, teasers_from
from bot.text.datelines import dateline_end

ENOUGH: Final = 3  # articles
_SHARE: Final = 0.5  # of those read since
_FORGOTTEN: Final = 12  # articles without it
_MOST: Final = 80  # blocks of a host
_MOST_PARAGRAPHS: Final = 2_000  # of an article, because checking more would take too long
_FIRST, _LAST = 3, 6  # paragraphs
_LONGEST, _LONGEST_HEADING = 400, 60
_KEPT_SHARE: Final = 0.33
_MOST_WORDS: Final = 12
_QUOTED = re.compile('["\u201c\u201d\u201e\u00ab\u00bb\u300c\u300e]')
_WORD = re.compile(r"[^\W\d_]{4,}")
_DENSE_WORD = re.compile("[\u30a0-\u30ff\u4e00-\u9fff\uac00-\ud7af]{2,}")
_TOP, _END, _HEADING = "top", "end", "heading"


@dataclass(frozen=True, slots=True)
class LearnedBlock:
    """`first` and `last`: numbers of articles. `shared`: the words that all their titles share."""

    place: str
    text: str  # a hash
    seen: int
    first: int
    last: int
    shared: frozenset[int]


@dataclass(frozen=True, slots=True)
class HostBoilerplate:
    """The boilerplate learned of one host. Blocks that are no longer seen are forgotten."""

    articles: int = 0
    blocks: tuple[LearnedBlock, ...] = ()

    def after(self, title: str, paragraphs: Sequence[str]) -> Self:
        """Return the updated boilerplate after an article with this title and these paragraphs."""
        if len(paragraphs) > _MOST_PARAGRAPHS:
            return self
        number, words = self.articles + 1, _words_of(title)
        known = {(block.place, block.text): block for block in self.blocks}
        for place, text in dict.fromkeys(_places(paragraphs)):
            block = known.get((place, text)) or LearnedBlock(place, text, 0, number, number, words)
            known[place, text] = replace(
                block, seen=block.seen + 1, last=number, shared=block.shared & words
            )
        kept = [block for block in known.values() if number - block.last < _FORGOTTEN]
        kept.sort(key=lambda block: (self._is_own(block), block.last), reverse=True)
        return replace(self, articles=number, blocks=tuple(kept[:_MOST]))

    def without(self, paragraphs: Sequence[str]) -> list[str]:
        """Return *paragraphs* without boilerplate, if enough of them are left."""
        own = {(block.place, block.text) for block in self.blocks if self._is_own(block)}
        if not own or len(paragraphs) > _MOST_PARAGRAPHS:
            return list(paragraphs)
        story = _to_box(paragraphs, own)
        left = [
            paragraph
            for at, paragraph in enumerate(story)
            if own.isdisjoint(_keys(paragraph, at, len(story), headings=False))
        ]
        is_enough = sum(map(len, left)) >= _KEPT_SHARE * sum(map(len, paragraphs))
        return left if is_enough else list(paragraphs)

    def written(self) -> str:
        rows = [
            [each.place, each.text, each.seen, each.first, each.last, *sorted(each.shared)]
            for each in self.blocks
        ]
        return json.dumps([self.articles, rows], separators=(",", ":"))

    @classmethod
    def of(cls, written: str) -> Self:
        """Read the text that `written` returned; "" for a host without any."""
        if not written:
            return cls()
        articles, rows = json.loads(written)
        blocks = (
            LearnedBlock(place, text, seen, first, last, frozenset(shared))
            for place, text, seen, first, last, *shared in rows
        )
        return cls(articles, tuple(blocks))

    def _is_own(self, block: LearnedBlock) -> bool:
        since = self.articles - block.first + 1
        return block.seen >= ENOUGH and block.seen >= _SHARE * since and not block.shared


def _places(paragraphs: Sequence[str]) -> Iterator[tuple[str, str]]:
    for at, paragraph in enumerate(paragraphs):
        yield from _keys(paragraph, at, len(paragraphs), headings=True)


def _keys(paragraph: str, at: int, count: int, *, headings: bool) -> Iterator[tuple[str, str]]:
    """Yield the places of *paragraph*, each with its hash; none if it cannot be boilerplate."""
    is_near = at < _FIRST or at >= count - _LAST
    is_heading = headings and len(paragraph) <= _LONGEST_HEADING and is_headline(paragraph)
    if not (is_near or is_heading) or weight_of(paragraph) > _LONGEST:
        return
    if _QUOTED.search(paragraph) or dateline_end(paragraph, 0, len(paragraph)) > 0:
        return
    hashed = _hash(paragraph)
    if at < _FIRST:
        yield _TOP, hashed
    if at >= count - _LAST:
        yield _END, hashed
    if is_heading:
        yield _HEADING, hashed


def _to_box(paragraphs: Sequence[str], own: set[tuple[str, str]]) -> list[str]:
    """Return *paragraphs* up to a boilerplate heading that only headlines and teasers follow.

    At least two headlines, and at least half of what follows, make a list of stories.
    """
    teasers = teasers_from(paragraphs)
    heads = sum(map(is_headline, paragraphs[1:]))
    for at in range(1, len(paragraphs)):
        is_head = is_headline(paragraphs[at])
        heads -= is_head
        behind = len(paragraphs) - at - 1
        is_box = teasers[at + 1] and heads >= 2 and 2 * heads >= behind  # noqa: PLR2004
        is_short = is_head and len(paragraphs[at]) <= _LONGEST_HEADING
        if is_box and is_short and (_HEADING, _hash(paragraphs[at])) in own:
            return list(paragraphs[:at])
    return list(paragraphs)


def _hash(paragraph: str) -> str:
    """Hash the letters alone, because counters and dates change from page to page."""
    letters = "".join(filter(str.isalpha, unicodedata.normalize("NFKC", paragraph).casefold()))
    return blake2b(letters.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _words_of(title: str) -> frozenset[int]:
    """Return hashes of the longer words of *title*, and of East Asian characters in pairs."""
    text = title.casefold()
    dense = (run[at : at + 2] for run in _DENSE_WORD.findall(text) for at in range(len(run) - 1))
    words = (word for word in _WORD.findall(text) if not _DENSE_WORD.search(word))
    hashes = (crc32(word.encode()) & 0xFFFF for word in (*words, *dense))
    return frozenset(islice(dict.fromkeys(hashes), _MOST_WORDS))
