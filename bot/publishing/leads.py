"""Leads: one or two sentences that tell the news of a story, from the report that tells it best.

1. The first sentences of each report are candidates, without datelines, bylines and credits.
2. A sentence scores for words that the headlines and first sentences of other publishers have, for
   names, for numbers, and for standing early in its report.
3. A report of a pair whose headline has hardly a word of the one above the lead loses points. In a
   story of many publishers, so does a sentence that has hardly a word of it.
4. A sentence loses points if it needs the sentence before it ("He said …"), if it is a question or
   only a part of a sentence, if it is boilerplate, or if it adds nothing to the headline.
5. The best sentence is the lead. The next one of the same report joins it if both are short.

The word lists are in `bot.languages`. Texts of any length and any number of reports take bounded
time, because only their beginnings are looked at.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import islice
from typing import Final, NamedTuple
from unicodedata import category

from bot.languages import words
from bot.sources.stories.features import stems_and_names, without_publisher
from bot.text.characters import is_unspaced
from bot.text.datelines import dateline_end
from bot.text.folding import fold
from bot.text.sentences import sentences
from bot.text.tracing import Place

LONGEST: Final = 240  # characters of a lead
MOST_REPORTS: Final = 12
_LOOKED_AT: Final = 1_000  # characters of a text
_MOST_SENTENCES: Final = 6  # of a report
_LONGEST_TITLE: Final = 300

# Points. One is a word that the headlines of all other publishers have.
_IN_LEADS: Final = 0.5  # a word that all their first sentences have
_IN_OWN_TITLE: Final = 0.3
_NAME, _MOST_NAMES = 0.25, 4
_NUMBER, _MOST_NUMBERS = 0.3, 2
_FIRST: Final = 2.0  # for the first sentence; the second gets half of it, and so on
_NEWEST: Final = 0.3
_IS_ASIDE: Final = -1.5  # for a report of two with another headline than the one above the lead
_A_PAIR: Final = 2
_SAME_SHARE: Final = 0.2  # of the words of the shorter headline
# Stories of so many publishers may have reports of another event. Their words count for more than
# the headline above the lead, so a sentence without its words must lose more.
_MANY: Final = 4
_IS_OF_ANOTHER: Final = -2.0
_LEANS: Final = -3.0
_IS_QUESTION: Final = -4.0
_IS_FRAGMENT: Final = -3.0
_HAS_NO_END: Final = -0.5
_IS_LABEL: Final = -2.5
_IS_CUT_OFF: Final = -0.7
_IS_QUOTED: Final = -1.0
_IS_OPEN_QUOTE: Final = -3.0
_ADDS_NOTHING: Final = -3.0
_REPEATS: Final = -20.0  # the headline above the lead
_ADDS_LITTLE: Final = -1.5
_IS_BOILERPLATE: Final = -20.0
_LEAST: Final = 0.5  # a story whose best sentence has fewer points has no lead
_JOINS_FROM: Final = 0.7  # the points of a second sentence, without those for its place

_FEW_WORDS: Final = 5
_FEW_UNSPACED: Final = 10  # characters
_SHORT: Final = 50  # characters; a shorter line without an end is a label
_LITTLE: Final = 3  # words that the headline does not have
_SHORTEST_CUT: Final = 110  # characters
# Feeds cut off their summaries, often inside a word. Shorter ones without an end are complete.
_CUT_OFF_FROM, _LONGEST_SUMMARY = 180, 700

_BLANKS: Final = re.compile(r"\s+")
_IS_LINE: Final = re.compile(r"[^\s]+(?: [^\s]+)*")
_NUMBERS: Final = re.compile(r"\d[\d.,]*")
_ENDS: Final = re.compile(
    "[.!?\u2026\u061f\u06d4\u0964\u3002\uff01\uff1f][\"'\u2019\u201d\u00bb)\\]\u300d\u300f\uff09]*\\Z"
)
_QUESTION: Final = re.compile("[?\uff1f\u061f][\"'\u2019\u201d\u00bb)\\]\u300d\u300f\uff09]*\\Z")
_BULLET: Final = re.compile(r"[-\u2013\u2014*\u2022\u25cf\u25a0\u25b6]+\s+")
_CLOSED: Final = re.compile(r"[(\[\uff08\u3010][^)\]\uff09\u3011\n]*[)\]\uff09\u3011]\s*")
_OPENING_QUOTE: Final = re.compile('["\u201c\u201e\u00ab\u300c\u300e\u2018]')
_CLOSING_QUOTE: Final = re.compile('["\u201c\u201d\u00bb\u300d\u300f\u2019]')
_UNFINISHED: Final = re.compile(r"[:;,\uff1a\uff0c]\Z|\[(?:\u2026|\.\.\.)\]\Z")
_CLAUSE: Final = re.compile(
    "(?<=[^\\d\\s])(?:[,;:](?=\\s)|\\s[-\u2013\u2014](?=\\s)|[\uff0c\u3001\uff1b\u060c])"
)
_ELLIPSIS: Final = "\u2026"
_BEFORE_ELLIPSIS: Final = " ,;:.-\u2013\u2014\uff0c\u3001\uff1b\u3002\u060c"


class ReportText(NamedTuple):
    """An article about a story, with the beginning of its text.

    *language* is an ISO 639-1 code, or "" if it is unknown. *news_at* is the time from which the
    article counts as news, *published* the one that its source states.
    """

    article_id: int
    publisher: str
    title: str
    url: str
    text: str
    language: str = ""
    news_at: datetime | None = None
    published: datetime | date | None = None


class StoryLead(NamedTuple):
    """At most two sentences of one report, and where they come from."""

    text: str
    article_id: int
    url: str
    publisher: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a report, the *place*th from 0, with the stems of its content words.

    *names* are the stems of names; *numbers* counts those in it. *is_cut_off*: its last word may be
    a part of one.
    """

    text: str
    place: int
    stems: AbstractSet[str]
    names: AbstractSet[str]
    numbers: int
    is_cut_off: bool = False

    @property
    def is_question(self) -> bool:
        return _QUESTION.search(self.text) is not None

    @property
    def has_end(self) -> bool:
        return _ENDS.search(self.text) is not None

    @property
    def is_fragment(self) -> bool:
        count = self.text.count(" ") + 1
        if count >= _FEW_WORDS:
            return _UNFINISHED.search(self.text) is not None or self.text[0].islower()
        return not _has_no_blanks(self.text) or len(self.text) < _FEW_UNSPACED


class ReadReport:
    """The sentences of a report's beginning, and the stems of its title."""

    __slots__ = ("has_others", "report", "sentences", "title")

    def __init__(self, report: ReportText) -> None:
        self.report = report
        title = without_publisher(report.title[:_LONGEST_TITLE], (report.publisher,))
        self.title = frozenset(stems_and_names(title)[0])
        self.sentences = tuple(islice(_sentences_of(report), _MOST_SENTENCES))

    @property
    def lead_stems(self) -> AbstractSet[str]:
        return self.sentences[0].stems if self.sentences else frozenset()


def lead_of(reports: Sequence[ReportText], shown: int | None = None) -> StoryLead | None:
    """Return the lead of the story that *reports* (the newest first) tell; None if none is good.

    *shown* is the article whose headline stands above the lead, by default the oldest one.
    """
    if not reports:
        return None
    newest = reports[:MOST_REPORTS]
    above = next((report for report in reports if report.article_id == shown), newest[-1])
    read = [ReadReport(report) for report in newest if report is not above]
    read.append(ReadReport(above))
    language = above.language
    same = [one for one in read if language in {"", one.report.language}]
    ranked = sorted(_scored(read, same), key=lambda scored: -scored[0])
    titles = [one.title for one in read]
    best, chosen = _LEAST, None
    for value, one, sentence in ranked:
        if value <= best:  # penalties only subtract
            break
        points = value + penalty(one.report, sentence, titles)
        if points > best:
            best, chosen = points, (one, sentence)
    return _lead(read, titles, *chosen) if chosen else None


def _scored(
    read: Sequence[ReadReport], candidates: Iterable[ReadReport]
) -> Iterator[tuple[float, ReadReport, Sentence]]:
    """Yield the points of each sentence; the headline of the last report stands above the lead."""
    # With two reports, each would score best with the words of the other one. If their headlines
    # differ, the lead must tell the one that stands above it.
    publishers = len({one.report.publisher for one in read})
    above = read[-1].title
    fewest = _SAME_SHARE * len(above) if publishers >= _MANY else 0
    for age, one in enumerate(candidates):
        weights = _weights(read, one)
        general = _NEWEST / (1 + age)
        if publishers == _A_PAIR and not _have_like_titles(one, read[-1]):
            general += _IS_ASIDE
        for sentence in one.sentences:
            value = _value(sentence, weights) + general + _FIRST / (1 + sentence.place)
            if len(sentence.stems & above) < fewest:
                value += _IS_OF_ANOTHER
            yield value, one, sentence


def _have_like_titles(one: ReadReport, first: ReadReport) -> bool:
    shorter = min(len(one.title), len(first.title))
    return len(one.title & first.title) >= _SAME_SHARE * shorter


def _weights(read: Sequence[ReadReport], own: ReadReport) -> Mapping[str, float]:
    """Return the points of a word in *own*, from the reports of the other publishers."""
    others = [one for one in read if one.report.publisher != own.report.publisher]
    weights: Counter[str] = Counter()
    for one in others:
        for stem in one.title:
            weights[stem] += 1 / len(others)  # type: ignore[assignment]
        for stem in one.lead_stems - one.title:
            weights[stem] += _IN_LEADS / len(others)  # type: ignore[assignment]
    for stem in own.title:
        weights[stem] += _IN_OWN_TITLE  # type: ignore[assignment]
    return weights


def _value(sentence: Sentence, weights: Mapping[str, float]) -> float:
    shared = sum([weights[stem] for stem in sentence.stems if stem in weights])
    names = min(len(sentence.names), _MOST_NAMES) * _NAME
    return shared + names + min(sentence.numbers, _MOST_NUMBERS) * _NUMBER


def penalty(report: ReportText, sentence: Sentence, titles: Sequence[AbstractSet[str]]) -> float:
    """Return what *sentence* loses if it cannot stand alone beside its headline; at most 0."""
    if is_boilerplate(report, sentence):
        return _IS_BOILERPLATE
    points = _penalty_of_form(sentence)
    if leans(sentence.text, report.language):
        points += _LEANS
    own = {stem for stem in sentence.stems if not stem.isdecimal()}
    added = min((len(own - title) for title in titles), default=_LITTLE)
    if added < _LITTLE:
        points += _ADDS_LITTLE if added else _ADDS_NOTHING
    if titles and own <= titles[-1]:
        points += _REPEATS
    return points


def _penalty_of_form(sentence: Sentence) -> float:
    points = 0.0
    if _OPENING_QUOTE.match(sentence.text):
        points += _IS_QUOTED if _CLOSING_QUOTE.search(sentence.text, 1) else _IS_OPEN_QUOTE
    if sentence.is_question:
        points += _IS_QUESTION
    if sentence.is_fragment:
        return points + _IS_FRAGMENT
    if sentence.is_cut_off:
        return points + _IS_CUT_OFF
    if not sentence.has_end:
        points += _HAS_NO_END if len(sentence.text) >= _SHORT else _IS_LABEL
    return points


def _lead(
    read: Sequence[ReadReport],
    titles: Sequence[AbstractSet[str]],
    one: ReadReport,
    sentence: Sentence,
) -> StoryLead:
    text = _whole_words(sentence) if sentence.is_cut_off else sentence.text
    following = _after(one, sentence)
    if following and len(text) + 1 + len(following.text) <= LONGEST:
        value = _value(following, _weights(read, one))
        new = following.stems - sentence.stems
        value += penalty(one.report, following, [*titles, sentence.stems])
        # After its own predecessor, a sentence may say "he".
        if leans(following.text, one.report.language):
            value -= _LEANS
        if value >= _JOINS_FROM and len(new) >= _LITTLE and sentence.has_end and following.has_end:
            gap = "" if _has_no_blanks(text) else " "
            text = f"{text}{gap}{following.text}"
    report = one.report
    return StoryLead(shortened(text), report.article_id, report.url, report.publisher)


def _whole_words(sentence: Sentence) -> str:
    before, _, _ = sentence.text.rpartition(" ")
    return (before or sentence.text).rstrip(_BEFORE_ELLIPSIS) + _ELLIPSIS


def _after(one: ReadReport, sentence: Sentence) -> Sentence | None:
    return next((other for other in one.sentences if other.place == sentence.place + 1), None)


def _has_no_blanks(text: str) -> bool:
    """Return whether the beginning of *text* is in a script without blanks between words."""
    return any(map(is_unspaced, text[:_FEW_UNSPACED]))


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return *text* up to the end of a clause or word, with an ellipsis, if it is too long."""
    if len(text) <= longest:
        return text
    head = text[: longest - 1]
    clauses = [found.start() for found in _CLAUSE.finditer(head, _SHORTEST_CUT)]
    end = clauses[-1] if clauses else head.rfind(" ", _SHORTEST_CUT)
    if end < 0:
        end = len(head)
        while end > 1 and category(text[end])[0] == "M":
            end -= 1
    return text[:end].rstrip(_BEFORE_ELLIPSIS) + _ELLIPSIS


# Sentences.


def _sentences_of(report: ReportText) -> Iterator[Sentence]:
    text = report.text[:_LOOKED_AT]
    places = sentences(text)
    is_summary = _CUT_OFF_FROM <= len(text) < _LONGEST_SUMMARY
    if len(report.text) > _LOOKED_AT and len(places) > 1:
        places.pop()  # its end is cut off
    for number, place in enumerate(places):
        start, end = _without_head(text, place, report.language)
        if start < end:
            sentence = text[start:end]
            if not _IS_LINE.fullmatch(sentence):
                sentence = _BLANKS.sub(" ", sentence)
            stems, names = stems_and_names(shortened(sentence))
            numbers = len(_NUMBERS.findall(sentence))
            is_last = number == len(places) - 1
            is_cut_off = is_summary and is_last and not _ENDS.search(sentence)
            yield Sentence(
                sentence, number, frozenset(stems), frozenset(names), numbers, is_cut_off=is_cut_off
            )


def _without_head(text: str, place: Place, language: str) -> Place:
    """Return the place of a sentence without the bullet, byline and dateline before it."""
    start, end = place
    if bullet := _BULLET.match(text, start, end):
        return bullet.end(), end
    if _credits(language).match(text, start, end) and (closed := _CLOSED.match(text, start, end)):
        return closed.end(), end
    if text[start - 1 : start] not in {"", "\n"}:
        return place
    byline = _byline(language).match(text, start, end)
    if byline and (after := dateline_end(text, byline.end(), end)) > byline.end():
        return after, end
    return dateline_end(text, start, end), end


# Word lists.


@cache
def _of_language(section: str, language: str) -> tuple[str, ...]:
    """Return the entries of a language, or of all if the language is unknown.

    Those of all leave out what is a common word in another language: "a", "on", "to".
    """
    by_language = words(section)
    if language:
        return by_language.get(language, ())
    common = {
        word
        for code, entries in (*words("stop_words").items(), *words("common_words").items())
        for word in set(entries).difference(by_language.get(code, ()))
    }
    entries = (entry for entries in by_language.values() for entry in entries)
    return tuple(dict.fromkeys(entry for entry in entries if entry not in common))


def _folded(entry: str) -> str:
    return fold(entry).plain


@cache
def _leaning(language: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the single words, and the beginnings of several words."""
    entries = {_folded(entry) for entry in _of_language("leaning_starters", language)}
    single = frozenset(entry.strip() for entry in entries if entry.count(" ") == len("  "))
    return single, tuple(entry for entry in entries if entry.strip() not in single)


def leans(text: str, language: str) -> bool:
    """Return whether a sentence begins with words that refer to the one before it."""
    single, several = _leaning(language)
    beginning = fold(text[:40]).plain
    if beginning.startswith(several):
        return True
    is_single = beginning[1 : beginning.find(" ", 1)] in single
    return is_single and text.partition(" ")[0].casefold() not in _articles(language)


@cache
def _articles(language: str) -> frozenset[str]:
    """Return common words that differ from a leaning one only by an accent: el, not él."""
    leaning = {entry.casefold() for entry in _of_language("leaning_starters", language)}
    return frozenset(words("common_words").get(language, ())) - leaning


@cache
def _boilerplate(language: str) -> tuple[str, ...]:
    local, english = _of_language("boilerplate", language), _of_language("boilerplate", "en")
    return tuple(dict.fromkeys(map(_folded, (*local, *english))))


def is_boilerplate(report: ReportText, sentence: Sentence) -> bool:
    """Return whether the sentence is a credit, or has a phrase that its headline does not have."""
    if _credits(report.language).search(sentence.text):
        return True
    if not sentence.has_end and _byline(report.language).match(sentence.text):
        return True
    plain = fold(sentence.text).plain
    found = [phrase for phrase in _boilerplate(report.language) if phrase in plain]
    title = fold(report.title[:_LONGEST_TITLE]).plain if found else ""
    return any(phrase not in title for phrase in found)


def _alternatives(*sections: str, language: str) -> str:
    entries = {
        entry
        for section in sections
        for code in dict.fromkeys((language, "en" if language else ""))
        for entry in _of_language(section, code)
    }
    return "|".join(sorted(map(re.escape, entries), key=len, reverse=True))


@cache
def _credits(language: str) -> re.Pattern[str]:
    """Return what finds the credit of a picture or an author: "(Photo: Jane Doe)", "Foto: dpa"."""
    credited = _alternatives("picture_words", "byline_words", language=language)
    return re.compile(
        rf"(?:^|[(\[\uff08\u3010])\W*(?:{credited})(?:[ ./][\w.]{{1,12}})?\s*[:\uff1a/\uff0f|]"
        r"|[(\[\uff08][^()\[\]\n]{0,60}(?:AP Photo|/ ?(?:AFP|AP|EPA|Getty|Reuters|REUTERS|dpa))",
        re.IGNORECASE,
    )


@cache
def _byline(language: str) -> re.Pattern[str]:
    """Return what matches "By Jane Doe and John Roe "."""
    by = _alternatives("byline_words", language=language)
    name = r"[^\W\d_a-z][\w.'\u2019-]*"
    joiner = r"(?:,|and|und|y|et|e|en|и|dan|&)"
    return re.compile(rf"(?i:{by}):?\s+{name}(?:\s+(?:{joiner}\s+)?{name}){{1,5}}?[\s,|]+")
