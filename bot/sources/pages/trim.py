# ruff: noqa: RUF001 - the punctuation of many scripts is its matter
"""Trims the end of an article: agencies' end marks, and boxes of other stories after or inside it.

The article ends at any of these: an end mark; a copyright line after which the story does not
go on; a sidebar heading in the last quarter, or one that only headlines and their teasers follow; a
headline above another dateline. Any other heading is dropped with the short paragraphs up to the
next long one. A line such as "Read also: a headline" is dropped alone. Short calls to subscribe,
picture credits and the captions of a gallery ("7/50 …") are dropped. An end in the first third of
the text is ignored.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from bot.languages import all_words, any_of
from bot.sources.pages.dom import ends_a_sentence, weight_of
from bot.text.datelines import dateline_end

_AROUND_HEADING = " #\t:\uff1a>»\u203a→▶►■●◆▼*-\u2013—|【】[]《》「」()…!\uff01"
_LONGEST_HEADING = 60
_LONGEST_HEADLINE = 150
_LONG = 200
_LONG_IF_ENDED = 100  # of a paragraph that ends as a sentence does
_IN_GALLERY = re.compile(r"(?:[-•]\s*)?\d{1,3}\s?/\s?(\d{1,3})\b")
_FEWEST_PICTURES = 3
_FEWEST_CHAPTERS = 3
_KEPT_SHARE = 0.33
_LAST_QUARTER = 0.75
_LONGEST_MARK = 40  # characters, the blanks around it included

_OPENING, _CLOSING = "(\uff08[【<", ")\uff09]】>"
_START = rf"(?:^|(?<=[\s.!?。」’”\"')])|(?=[{re.escape(_OPENING)}]))"
_BARE_MARKS = sorted(all_words("bare_end_marks"), key=len, reverse=True)
_BARE = "|".join(_BARE_MARKS)
# At the end of a paragraph: (END), ENDS, -30-, ###, --END--.
_MARK_AT_END = re.compile(
    rf"{_START}(?:[{re.escape(_OPENING)}](?:{'|'.join(all_words('end_marks'))})"
    rf"[{re.escape(_CLOSING)}]|[(\uff08\[【]?(?:{_BARE})[)\uff09\]】]?"
    rf"|[-–—]{{1,2}}\s?(?:{_BARE})\s?[-–—]{{0,2}}|-\s?30\s?-|#\s?#\s?#)\s*$"
)
_LAST_OF_MARKS = frozenset(f"{_CLOSING}-–—#") | {mark[-1] for mark in _BARE_MARKS}
# Within one, if a box of other stories stands in the same paragraph: END [Copyright …].
_MARK_WITHIN = re.compile(rf"{_START}(?:(?:{_BARE})\s*(?=[\[(])|\[(?:Copyright|©|\(c\))[^\]]*\]?)")
_RIGHTS = re.compile(rf"\W*(?:©|\(c\)|{any_of('rights')})", re.IGNORECASE)
_RIGHTS_AT_END = re.compile(
    r"(?<=[.!?。」”\")]\s)(?:©|\(c\)|copyright\s(?:©|\(c\)|\d{4}))[^\n]{1,100}$", re.IGNORECASE
)
_LONGEST_RIGHTS = 120  # characters
_FIRST_APPEARED = re.compile(any_of("first_appeared"), re.IGNORECASE)
_NOTICES = re.compile(any_of("notices"), re.IGNORECASE)


def end_trimmed(paragraphs: list[str]) -> list[str]:
    """Return *paragraphs* up to the article's end, without boxes."""
    story = _to_end_mark(_without_gallery(paragraphs))
    article = _without_boxes(_to_next_story(story))
    return [text for text in article if not _is_pointer(text) and not _is_notice(text)]


def end_mark(paragraph: str) -> re.Match[str] | None:
    """Return where an agency says in *paragraph* that its article ends.

    A few characters rule out a mark in nearly all paragraphs, because the patterns are slow.
    """
    if "[" in paragraph or ("(" in paragraph and any(mark in paragraph for mark in _BARE_MARKS)):
        within = _MARK_WITHIN.search(paragraph)
        if within:
            return within
    if paragraph.rstrip()[-1:] not in _LAST_OF_MARKS:
        return None
    return _MARK_AT_END.search(paragraph, max(0, len(paragraph) - _LONGEST_MARK))


def rights_line(paragraph: str) -> re.Match[str] | None:
    """Return the copyright line that *paragraph* is, or ends with."""
    if whole := _RIGHTS.match(paragraph):
        return whole
    end = paragraph[-_LONGEST_RIGHTS:]
    if not ("©" in end or "opyright" in end or "(c)" in end or "(C)" in end or "OPYRIGHT" in end):
        return None
    return _RIGHTS_AT_END.search(paragraph, max(0, len(paragraph) - _LONGEST_RIGHTS))


def _without_gallery(paragraphs: list[str]) -> list[str]:
    if len(paragraphs) < _FEWEST_PICTURES:
        return paragraphs
    counted = [found[1] if (found := _IN_GALLERY.match(text)) else "" for text in paragraphs]
    galleries = {
        count for count, times in Counter(counted).items() if count and times >= _FEWEST_PICTURES
    }
    pairs = zip(paragraphs, counted, strict=True)
    return [text for text, count in pairs if count not in galleries]


def _to_end_mark(paragraphs: list[str]) -> list[str]:
    total = sum(map(len, paragraphs))
    before, teasers = 0, list[bool]()
    for position, paragraph in enumerate(paragraphs):
        found = end_mark(paragraph)
        if not found and (rights := rights_line(paragraph)):
            # The article goes on after a caption, which may also say ©.
            is_last = before + rights.start() >= _LAST_QUARTER * total
            teasers = teasers or teasers_from(paragraphs)
            found = rights if is_last or teasers[position + 1] else None
        kept = before + (found.start() if found else 0)
        if found and kept >= _KEPT_SHARE * total:
            last = paragraph[: found.start()].rstrip()
            return paragraphs[:position] + ([last] if last else [])
        before += len(paragraph)
    return paragraphs


def _to_next_story(paragraphs: list[str]) -> list[str]:
    if not paragraphs[2:] or not _has_dateline(paragraphs[0]):  # no headline and story behind
        return paragraphs
    total = sum(map(len, paragraphs))
    before = len(paragraphs[0])
    for position, (headline, paragraph) in enumerate(pairwise(paragraphs[1:]), 1):
        is_next = _has_dateline(paragraph) and is_headline(headline)
        if is_next and before >= _KEPT_SHARE * total:
            return paragraphs[:position]
        before += len(headline)
    return paragraphs


def _without_boxes(paragraphs: list[str]) -> list[str]:
    total = sum(map(len, paragraphs))
    kept, teasers = list[str](), list[bool]()
    before, is_boxed, has_chapters = 0, False, False
    for position, paragraph in enumerate(paragraphs):
        if before > 0 and is_heading(paragraph):
            if before >= _LAST_QUARTER * total:
                return kept
            teasers = teasers or teasers_from(paragraphs)
            if teasers[position + 1]:
                has_chapters = has_chapters or _has_chapters(kept)
                if not has_chapters:
                    return kept
            is_boxed = True
        elif is_boxed and _is_long(paragraph):
            is_boxed = False
        if not is_boxed:
            kept.append(paragraph)
        before += len(paragraph)
    return kept


def is_heading(paragraph: str) -> bool:
    """Return whether *paragraph* is nothing but the heading of a box of other stories."""
    if len(paragraph) > _LONGEST_HEADING:
        return False
    return _headings().fullmatch(paragraph.strip(_AROUND_HEADING).lower()) is not None


@cache
def _headings() -> re.Pattern[str]:
    """Compile on first use, because it takes 1.4 MB; lower-case letters match twice as fast."""
    return re.compile(any_of("headings"))


def teasers_from(paragraphs: Sequence[str]) -> list[bool]:
    """Return for each position whether only headlines and their teasers come from there on.

    Then each long paragraph stands under a headline. A single one without a dateline proves
    nothing, because it may be the last of the article, after a list of headlines. One pass answers
    for all positions, because a page with thousands of headings would need as many passes.
    """
    found = [True]  # from the end on, backwards
    teasers, is_story_behind, proves = 0, False, True
    for position in reversed(range(len(paragraphs))):
        is_long = _is_long(paragraphs[position])
        # A long paragraph that comes first has its headline, if any, outside.
        found.append(not is_long and not is_story_behind and proves)
        if is_long:
            teasers += 1
            proves = teasers > 1 or _has_dateline(paragraphs[position])
            is_story_behind |= not position or not is_headline(paragraphs[position - 1])
    return found[::-1]


def _has_chapters(paragraphs: list[str]) -> bool:
    """Return whether the story itself has headlines, so that more of them are its own."""
    heads = (is_headline(first) and _is_long(second) for first, second in pairwise(paragraphs[1:]))
    return sum(heads) >= _FEWEST_CHAPTERS


def is_headline(paragraph: str) -> bool:
    return len(paragraph) <= _LONGEST_HEADLINE and not ends_a_sentence(paragraph)


def _has_dateline(paragraph: str) -> bool:
    return dateline_end(paragraph, 0, len(paragraph)) > 0


def _is_pointer(paragraph: str) -> bool:
    heading, colon, headline = paragraph.replace("\uff1a", ":").partition(":")
    return bool(colon and headline) and is_heading(heading) and is_headline(paragraph)


def _is_notice(paragraph: str) -> bool:
    if len(paragraph) >= _LONG * 2:
        return False
    if _FIRST_APPEARED.match(paragraph):
        return True
    return len(paragraph) < _LONG and _NOTICES.match(paragraph) is not None


def _is_long(paragraph: str) -> bool:
    enough = _LONG_IF_ENDED if ends_a_sentence(paragraph) else _LONG
    return len(paragraph) >= enough or weight_of(paragraph) >= enough
