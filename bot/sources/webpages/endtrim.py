"""Where an article ends: agencies' end marks, and boxes of other stories after or inside it.

Rules, in order: an end mark ends the article, and so does a copyright line that no more of the
story follows; so does a sidebar heading in the last quarter, or one after which nothing but
headlines and their teasers comes; any other heading takes with it the short paragraphs that
follow, until the next long one; a line such as "Read also: a headline" goes alone. A headline
over another dateline begins another story. Short calls to subscribe and picture credits go, and
the captions of a gallery ("7/50 …"). What looks like an end in the first third is taken for text.
"""

import re
from itertools import pairwise

from bot.matching.datelines import dateline_end
from bot.sources.webpages.boxheadings import headings
from bot.sources.webpages.endmarks import FIRST_APPEARED, NOTICES, end_mark, may_end, rights_line

_AROUND_HEADING = " #\t:\uff1a>»\u203a→▶►■●◆▼*-\u2013—|【】[]《》「」()…!\uff01"
_LONGEST_HEADING = 60
_LONGEST_HEADLINE = 150
_SENTENCE_END = re.compile(r"[.。!?…][\W_]*$")
_LONG = 200
_LONG_IF_ENDED = 100  # of a paragraph that ends as a sentence does
_IN_GALLERY = re.compile(r"(?:[-•]\s*)?\d{1,3}\s?/\s?(\d{1,3})\b")
_FEWEST_PICTURES = 3
_FEWEST_CHAPTERS = 3
_DENSITY = 2.5  # a character of Chinese or Japanese says as much as two and a half letters
_KEPT_SHARE = 0.33
_LAST_QUARTER = 0.75
_DENSE = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")


def end_trimmed(paragraphs: list[str]) -> list[str]:
    """*paragraphs* up to the article's end, without boxes."""
    story = _without_gallery(paragraphs)
    if may_end("\n".join(story)):
        story = _to_end_mark(story)
    article = _without_boxes(_to_next_story(story))
    return [text for text in article if not _is_pointer(text) and not _is_notice(text)]


def _without_gallery(paragraphs: list[str]) -> list[str]:
    counted = [found[1] if (found := _IN_GALLERY.match(text)) else "" for text in paragraphs]
    galleries = {count for count in counted if count and counted.count(count) >= _FEWEST_PICTURES}
    pairs = zip(paragraphs, counted, strict=True)
    return [text for text, count in pairs if count not in galleries]


def _to_end_mark(paragraphs: list[str]) -> list[str]:
    total = sum(map(len, paragraphs))
    before = 0
    for position, paragraph in enumerate(paragraphs):
        found = end_mark(paragraph)
        if not found and (rights := rights_line(paragraph)):
            # A caption may say © too: then the article goes on.
            is_last = before + rights.start() >= _LAST_QUARTER * total
            found = rights if is_last or are_teasers(paragraphs[position + 1 :]) else None
        kept = before + (found.start() if found else 0)
        if found and kept >= _KEPT_SHARE * total:
            last = paragraph[: found.start()].rstrip()
            return paragraphs[:position] + ([last] if last else [])
        before += len(paragraph)
    return paragraphs


def _to_next_story(paragraphs: list[str]) -> list[str]:
    if not paragraphs or not _has_dateline(paragraphs[0]):
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
    kept: list[str] = []
    before, is_boxed = 0, False
    for position, paragraph in enumerate(paragraphs):
        if before > 0 and is_heading(paragraph):
            rest = paragraphs[position + 1 :]
            if before >= _LAST_QUARTER * total or (are_teasers(rest) and not _has_chapters(kept)):
                return kept
            is_boxed = True
        elif is_boxed and _is_long(paragraph):
            is_boxed = False
        if not is_boxed:
            kept.append(paragraph)
        before += len(paragraph)
    return kept


def is_heading(paragraph: str) -> bool:
    """Whether *paragraph* is nothing but the heading of a box of other stories."""
    if len(paragraph) > _LONGEST_HEADING:
        return False
    return bool(headings().fullmatch(paragraph.strip(_AROUND_HEADING)))


def are_teasers(rest: list[str]) -> bool:
    """Whether each long paragraph of *rest* stands under a headline of its own.

    A single one without a dateline proves nothing: it may be the article's last, after a list of
    headlines.
    """
    longs = [position for position, paragraph in enumerate(rest) if _is_long(paragraph)]
    if not all(place and is_headline(rest[place - 1]) for place in longs):
        return False
    return len(longs) != 1 or _has_dateline(rest[longs[0]])


def _has_chapters(paragraphs: list[str]) -> bool:
    """Whether the story itself goes by headlines, so that more of them are no other stories."""
    heads = (is_headline(first) and _is_long(second) for first, second in pairwise(paragraphs[1:]))
    return sum(heads) >= _FEWEST_CHAPTERS


def is_headline(paragraph: str) -> bool:
    return len(paragraph) <= _LONGEST_HEADLINE and not _SENTENCE_END.search(paragraph)


def _has_dateline(paragraph: str) -> bool:
    return dateline_end(paragraph, 0, len(paragraph)) > 0


def _is_pointer(paragraph: str) -> bool:
    heading, colon, headline = paragraph.replace("\uff1a", ":").partition(":")
    return bool(colon and headline) and is_heading(heading) and is_headline(paragraph)


def _is_notice(paragraph: str) -> bool:
    if len(paragraph) >= _LONG * 2:
        return False
    if FIRST_APPEARED.match(paragraph):
        return True
    return len(paragraph) < _LONG and NOTICES.match(paragraph) is not None


def _is_long(paragraph: str) -> bool:
    is_dense = len(_DENSE.findall(paragraph[:_LONG])) * 2 > min(len(paragraph), _LONG)
    length = len(paragraph) * (_DENSITY if is_dense else 1)
    return length >= (_LONG_IF_ENDED if _SENTENCE_END.search(paragraph[-20:]) else _LONG)
