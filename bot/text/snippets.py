"""Snippets: one line of a text around hits, in whole sentences if they fit."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Final, Literal, NamedTuple
from unicodedata import category

from bot.text.datelines import dateline_end
from bot.text.sentences import sentences
from bot.text.tracing import Place

_ELLIPSIS: Final = "…"
_MOST_HITS: Final = 2_000  # later hits are neither counted nor bold
_MOST_CANDIDATES: Final = 200


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A hit between two offsets in a title or text; *words* are the terms of the query there."""

    field: Literal["title", "text"]
    start: int
    end: int
    words: tuple[str, ...]


class Snippet(NamedTuple):
    """One line of text. *bold*: ranges of the line, in order and without overlaps.

    *in_title*: ranges of the title with words that the line does not have.
    """

    text: str
    bold: tuple[Place, ...] = ()
    in_title: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """Whole sentences, or a piece of a sentence that is too long, with ellipses where it is cut."""

    place: Place
    before: str = ""
    after: str = ""

    @property
    def is_whole(self) -> bool:
        return not (self.before or self.after)


def snippet(
    text: str, spans: Iterable[Span], limit: int = 240, most_sentences: int | None = None
) -> Snippet:
    """Return `snippet_of` a text that is split into sentences for this call alone."""
    return snippet_of(text, sentences(text), spans, limit, most_sentences)


def snippet_of(
    text: str,
    of_sentences: Sequence[Place],
    spans: Iterable[Span],
    limit: int,
    most_sentences: int | None,
) -> Snippet:
    """Return the part of *text*, at most *limit* characters, with the most words of the query.

    *of_sentences*: the places of its sentences. Among equal parts, whole sentences win, then the
    first part. A text without hits shows its beginning.
    """
    ordered = sorted(spans)
    hits = [span for span in ordered if span.field == "text"][:_MOST_HITS]
    title_hits = [span for span in ordered if span.field == "title"]
    places = [_without_dateline(text, place, hits) for place in of_sentences]
    if not places:
        return Snippet("", in_title=bold_ranges(title_hits))
    best = max(
        _parts(text, places, hits, limit, most_sentences),
        key=lambda part: (len(_words_within(hits, part.place)), part.is_whole),
    )
    words = _words_within(hits, best.place)
    elsewhere = bold_ranges(hit for hit in title_hits if not words.issuperset(hit.words))
    return _on_one_line(text, best, hits)._replace(in_title=elsewhere)


def bold_ranges(spans: Iterable[Span]) -> tuple[Place, ...]:
    """Return the places of *spans* of one field; places that overlap or touch are merged."""
    places: list[Place] = []
    for start, end in sorted((span.start, span.end) for span in spans):
        if places and start <= places[-1][1]:
            places[-1] = places[-1][0], max(end, places[-1][1])
        else:
            places.append((start, end))
    return tuple(places)


def _without_dateline(text: str, sentence: Place, hits: Sequence[Span]) -> Place:
    """Return *sentence* after its dateline, unless a word of the query is only in the dateline."""
    start, end = sentence
    begins_line = text[start - 1 : start] in {"", "\n"}
    after = dateline_end(text, start, end) if begins_line else start
    if not start < after < end:
        return sentence
    has_all = _words_within(hits, (after, end)) == _words_within(hits, sentence)
    return (after, end) if has_all else sentence


def _parts(
    text: str, places: list[Place], hits: Sequence[Span], limit: int, most_sentences: int | None
) -> Iterator[_Part]:
    """Yield, for each sentence with a hit, as many sentences from there as fit, or a piece."""
    for first in _first_sentences(places, hits):
        start, end = _sentences_from(first, places, limit, most_sentences)
        if end - start <= limit:
            yield _Part((start, end))
        else:
            yield _piece(text, (start, end), _hits_within(hits, (start, end)), limit)


def _first_sentences(places: list[Place], hits: Sequence[Span]) -> list[int]:
    """Return the numbers of the sentences with a hit; [0] if there are none."""
    number = 0
    numbers: dict[int, None] = {}
    for hit in hits:
        while number + 1 < len(places) and places[number + 1][0] <= hit.start:
            number += 1
        numbers[number] = None
    return list(islice(numbers, _MOST_CANDIDATES)) or [0]


def _sentences_from(
    first: int, places: list[Place], limit: int, most_sentences: int | None
) -> Place:
    start, end = places[first]
    after = first + most_sentences if most_sentences else None
    for _, later_end in islice(places, first + 1, after):
        if later_end - start > limit:
            break
        end = later_end
    return start, end


def _hits_within(hits: Sequence[Span], place: Place) -> Sequence[Span]:
    first = bisect_left(hits, place[0], key=attrgetter("start"))
    last = bisect_right(hits, place[1], key=attrgetter("start"))
    return [hit for hit in hits[first:last] if hit.end <= place[1]]


def _words_within(hits: Sequence[Span], place: Place) -> set[str]:
    return {word for hit in _hits_within(hits, place) for word in hit.words}


def _piece(text: str, sentence: Place, hits: Sequence[Span], limit: int) -> _Part:
    """Return the piece of a long sentence, around one of its *hits*, with the most words."""
    room = limit - 2 * len(_ELLIPSIS)
    start, end = max(
        (_around(text, sentence, hit, room) for hit in islice(hits, _MOST_CANDIDATES)),
        key=lambda place: len(_words_within(hits, place)),
        default=_around(text, sentence, None, room),
    )
    before, after = start > sentence[0], end < sentence[1]
    return _Part((start, end), _ELLIPSIS * before, _ELLIPSIS * after)


def _around(text: str, sentence: Place, hit: Span | None, room: int) -> Place:
    """Return *room* characters, a third of them before the hit, cut between words if possible.

    Without a hit, return the first ones. No letter is separated from its marks.
    """
    first, last = sentence
    hit_start = hit.start if hit else first
    hit_end = min(hit.end, hit.start + room) if hit else first
    start = max(first, min(hit_start - room // 3, last - room))
    start = min(max(start, hit_end - room), hit_start)
    end = min(last, start + room)
    if start > first and (space := text.find(" ", start, hit_start)) >= 0:
        start = space + 1
    if end < last and (space := text.rfind(" ", hit_end, end)) >= 0:
        end = space
    while start < hit_start and category(text[start])[0] == "M":
        start += 1
    while hit_end < end < last and category(text[end])[0] == "M":
        end -= 1
    return start, end


def _on_one_line(text: str, part: _Part, hits: Sequence[Span]) -> Snippet:
    start, end = part.place

    def moved(offset: int) -> int:
        return len(part.before) + len(_with_single_blanks(text[start:offset] + "|")) - 1

    bold = bold_ranges(_hits_within(hits, part.place))
    line = f"{part.before}{_with_single_blanks(text[start:end])}{part.after}"
    return Snippet(line, tuple((moved(left), moved(right)) for left, right in bold))


def _with_single_blanks(text: str) -> str:
    return re.sub(r"\s+", " ", text)
