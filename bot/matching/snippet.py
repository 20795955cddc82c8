"""The piece of an article that shows why it matched: whole sentences around the best hit.

Rules decide where sentences begin and end, for all languages. One ends with `.!?…` and their kin
before a blank, with an ideographic full stop, or with the line. It does not end with such a sign
before a lower-case letter, a full stop after an initial, an abbreviation or the number of a day, or
a short word's full stop before a digit ("Nov. 25").
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import attrgetter
from typing import Literal
from unicodedata import category

from bot.matching.evaluate import Field, Run, fold_article, leaves_that_hold, pairs, place, runs
from bot.matching.query import ParsedQuery
from bot.matching.query.ast import Leaf, Near, Term
from bot.matching.query.fields import without_fields
from bot.text.datelines import dateline_end
from bot.text.folding import Place
from bot.text.sentences import sentences

_MOST_SPANS = 10_000  # of one term in one reading; what comes after is only repetition


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A hit; *start* and *end* are character offsets, *words* the query's terms that hit here."""

    field: Literal["title", "text"]
    start: int
    end: int
    words: tuple[str, ...]


def spans(query: ParsedQuery, title: str, text: str) -> tuple[Span, ...]:
    """Every hit, title first, in order; overlapping ones too. Nothing if the query fails.

    What the query says of source and language is taken to hold; of two terms that are near
    each other each is a hit of its own.
    """
    tree = without_fields(query.tree)
    article = fold_article(title, text)
    found = frozenset(leaves_that_hold(tree, article.has)) if tree else frozenset[Leaf]()
    if not found:
        return ()
    anywhere = frozenset(leaf for leaf in found if isinstance(leaf, Term | Near) and not leaf.title)
    return (
        *_spans("title", found, article.title_field),
        *_spans("text", anywhere, article.text_field),
    )


def _spans(name: Literal["title", "text"], leaves: frozenset[Leaf], field: Field) -> Iterator[Span]:
    words: dict[Place, set[str]] = {}
    for reading in range(len(field.readings)):
        for leaf in leaves:
            for term, run in islice(_hits(leaf, reading, field), _MOST_SPANS):
                words.setdefault(place(field, reading, run), set()).add(term.shown)
    for (start, end), shown in sorted(words.items()):
        yield Span(name, start, end, tuple(sorted(shown)))


def _hits(leaf: Leaf, reading: int, field: Field) -> Iterator[tuple[Term, Run]]:
    if isinstance(leaf, Term):
        yield from ((leaf, run) for run in runs(leaf, reading, field))
    elif isinstance(leaf, Near):
        for left, right in pairs(leaf, reading, field):
            yield from ((leaf.left, left), (leaf.right, right))


_CUT = "…"
_MOST_HITS = 2000  # those further on are neither counted nor bold
_MOST_BEGINNINGS = 200


@dataclass(frozen=True, slots=True)
class Snippet:
    """One line of text; *bold* are ranges of it, in order, that do not overlap.

    *in_title* are those of the title with words that the line does not have.
    """

    text: str
    bold: tuple[Place, ...] = ()
    in_title: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """What a snippet may show: whole sentences, or a piece of one that is too long."""

    place: Place
    before: str = ""
    after: str = ""

    @property
    def is_whole(self) -> bool:
        return not (self.before or self.after)


def snippet(
    text: str, spans: Iterable[Span], limit: int = 240, most_sentences: int | None = None
) -> Snippet:
    """At most *limit* characters of *text*, with as many different words of the query as can be.

    Of several such parts whole sentences come first, then what stands first. Without a hit in
    the text it is its beginning.
    """
    found = sorted(spans)
    hits = [span for span in found if span.field == "text"][:_MOST_HITS]
    titled = [span for span in found if span.field == "title"]
    places = [_without_dateline(text, place, hits) for place in sentences(text)]
    if not places:
        return Snippet("", in_title=bold_ranges(titled))
    best = max(
        _parts(text, places, hits, limit, most_sentences),
        key=lambda part: (len(_words(hits, part.place)), part.is_whole),
    )
    shown = _words(hits, best.place)
    elsewhere = bold_ranges(span for span in titled if not shown.issuperset(span.words))
    return replace(_shown(text, best, hits), in_title=elsewhere)


def bold_ranges(spans: Iterable[Span]) -> tuple[Place, ...]:
    """The places of *spans* of one field, those that overlap or touch as one."""
    places: list[Place] = []
    for start, end in sorted((span.start, span.end) for span in spans):
        if places and start <= places[-1][1]:
            places[-1] = places[-1][0], max(end, places[-1][1])
        else:
            places.append((start, end))
    return tuple(places)


def _without_dateline(text: str, sentence: Place, hits: Sequence[Span]) -> Place:
    """*sentence* behind its dateline, unless a word of the query stands only there."""
    start, end = sentence
    after = dateline_end(text, start, end) if text[start - 1 : start] in {"", "\n"} else start
    is_known = start < after < end and _words(hits, (after, end)) == _words(hits, sentence)
    return (after, end) if is_known else sentence


def _parts(
    text: str, places: list[Place], hits: Sequence[Span], limit: int, most_sentences: int | None
) -> Iterator[_Part]:
    """For each sentence with a hit, what it begins, or a piece of it."""
    for first in _first_sentences(places, hits):
        start, end = _window(places, first, limit, most_sentences)
        yield (
            _Part((start, end))
            if end - start <= limit
            else _cut(text, (start, end), _inside(hits, (start, end)), limit)
        )


def _first_sentences(places: list[Place], hits: Sequence[Span]) -> list[int]:
    """Where a snippet may begin: at a sentence with a hit, or with the first one."""
    at = 0
    found: list[int] = []
    for hit in hits:
        while at + 1 < len(places) and places[at + 1][0] <= hit.start:
            at += 1
        if not found or found[-1] != at:
            found.append(at)
    return list(islice(found, _MOST_BEGINNINGS)) or [0]


def _window(places: list[Place], first: int, limit: int, most_sentences: int | None) -> Place:
    start, end = places[first]
    after = first + most_sentences if most_sentences else None
    for _, later in islice(places, first + 1, after):
        if later - start > limit:
            break
        end = later
    return start, end


def _inside(hits: Sequence[Span], window: Place) -> Sequence[Span]:
    first = bisect_left(hits, window[0], key=attrgetter("start"))
    last = bisect_right(hits, window[1], key=attrgetter("start"))
    return [hit for hit in hits[first:last] if hit.end <= window[1]]


def _words(hits: Sequence[Span], window: Place) -> set[str]:
    return {word for hit in _inside(hits, window) for word in hit.words}


def _cut(text: str, window: Place, inside: Sequence[Span], limit: int) -> _Part:
    """A part of a sentence that is too long, with a dot-dot-dot at each end that was cut."""
    room = limit - 2 * len(_CUT)
    start, end = max(
        (_around(text, window, hit, room) for hit in islice(inside, _MOST_BEGINNINGS)),
        key=lambda part: len(_words(inside, part)),
        default=_around(text, window, None, room),
    )
    return _Part((start, end), _CUT * (start > window[0]), _CUT * (end < window[1]))


def _around(text: str, window: Place, hit: Span | None, room: int) -> Place:
    """*room* characters, a third of them before the hit, cut between words where there are some."""
    at, kept = (hit.start, min(hit.end, hit.start + room)) if hit else (window[0], window[0])
    start = max(window[0], min(at - room // 3, window[1] - room))
    start = min(max(start, kept - room), at)
    end = min(window[1], start + room)
    if start > window[0] and (space := text.find(" ", start, at)) >= 0:
        start = space + 1
    if end < window[1] and (space := text.rfind(" ", kept, end)) >= 0:
        end = space
    while start < at and category(text[start])[0] == "M":
        start += 1
    while kept < end < window[1] and category(text[end])[0] == "M":
        end -= 1
    return start, end


def _shown(text: str, part: _Part, hits: Sequence[Span]) -> Snippet:
    """The part on one line."""
    start, end = part.place

    def placed(offset: int) -> int:
        return len(part.before) + len(_flat(text[start:offset] + "|")) - 1

    bold = bold_ranges(_inside(hits, part.place))
    places = tuple((placed(left), placed(right)) for left, right in bold)
    return Snippet(f"{part.before}{_flat(text[start:end])}{part.after}", places)


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)
