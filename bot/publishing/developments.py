"""Developments: what the newest reports of a story add to those that a reader knows.

A sentence is a development if it has a number that changed ("12 → 31 dead"), or if enough of its
content words are new, with a new name or number among them or with words that the new headlines
share. As a lead, it must stand alone.

A number changed if the same word stands behind it before and after, and the word beside that is the
same too, because 12 people who died and 30 people who were hurt are not one number. Numbers may be
written in words or with a scale: "twelve", "2 million". Years, dates, times and ages are no such
numbers, and a percentage is compared with percentages only. A sentence with a number that a newer
report has replaced is used only if there is no other.

A story may hold reports of another event. A report gives no development if its headline and its
first sentence share hardly a word with the known reports, or if it is in a language that none of
them is in, because then nothing can be compared.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from functools import cache
from itertools import chain, islice
from operator import attrgetter
from typing import Any, Final, NamedTuple

from bot.languages import all_words
from bot.publishing.leads import (
    MOST_REPORTS,
    ReadReport,
    ReportText,
    Sentence,
    lead_of,
    penalty,
    shortened,
)
from bot.sources.stories.features import stems_and_names
from bot.text.characters import is_unspaced
from bot.text.numbers import scale_behind, value_of, written_numbers

_LONGEST_TITLE: Final = 300
_KNOWN: Final = 2_000  # characters of a known text
_MOST_CHANGES: Final = 3
_MOST_NUMBERS: Final = 30  # of a report

# How many words of a report's headline and first sentence the known reports must have, or which
# share of its headline the known headlines.
_SHARED_WORDS: Final = 2
_SHARED_SHARE: Final = 0.15
_SHARED_TITLE: Final = 0.25

# How much of a sentence must be new if no number changed.
_FEWEST_NEW: Final = 3
_MANY_NEW: Final = 5  # if no new name or number is among them
_NEW_SHARE: Final = 0.4
_IN_HEADLINES: Final = 2

# Points
_CHANGE: Final = 2.0
_NEW_NAME: Final = 0.5
_NEW_WORD, _MOST_WORDS = 0.2, 6
_SHARED: Final = 1.0
_FIRST: Final = 1.0
_OUTDATED: Final = 0.1  # more than the least, so that any other sentence is better
_LEAST: Final = 0.5
_LEAST_PENALTY: Final = -2.5  # "He said …" or a question is no development

_NUMBER: Final = re.compile(
    r"(?<![^\W\u3040-\u30ff\u4e00-\u9fff])(?<![.,:/\u2019'+-])(?P<sign>[$\u20ac\u00a3\u00a5]?)\s?"
    r"(?P<digits>\d{1,3}(?:[.,'\u2019\u00a0\u202f ]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
    r"(?P<percent>\s?%)?(?![\d]|[:/\u2013-]\w|[.,]\d)"
)
_WORDS: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_CLAUSE_END: Final = re.compile(r"[.,;:!?()\u3002\uff0c\u3001\uff1b]|\s[\u2013\u2014-]\s|\d")
_BEHIND: Final = 40  # characters behind a number that are looked at
_MOST_BEHIND: Final = 4  # words
_EAST_ASIAN_DATE: Final = frozenset("年月日時时点點分號号歳岁歲")
_CLOCK: Final = frozenset({"am", "pm", "a", "p", "uhr", "gmt", "utc", "h", "o'clock", "часов"})
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


class NumberChange(NamedTuple):
    """A number as the known and the newest reports write it, and the word behind it."""

    before: str
    after: str
    what: str


class Development(NamedTuple):
    """A sentence of a new report, where it comes from, and the numbers in it that changed.

    *headline_id*: the new report whose headline stands above it; 0 if that is not known.
    """

    text: str
    article_id: int
    url: str
    publisher: str
    changes: tuple[NumberChange, ...] = ()
    headline_id: int = 0

    @classmethod
    def read(cls, stored: Sequence[Any]) -> "Development":
        """Return the development that was stored as a list of its fields."""
        text, article_id, url, publisher, changes, *headline_id = stored
        changed = tuple(NumberChange(*change) for change in changes)
        return cls(text, article_id, url, publisher, changed, *headline_id)


class _Fact(NamedTuple):
    """A number with the words beside it. *behind*: the first two content words behind it."""

    value: Decimal
    shown: str
    sign: str
    behind: tuple[str, ...]
    before: str
    what: str

    @property
    def noun(self) -> tuple[str, str]:
        return self.sign, self.behind[0]

    def counts_like(self, other: "_Fact") -> bool:
        """Return whether both count the same things."""
        if self.noun != other.noun:
            return False
        is_same_before = bool(self.before) and self.before == other.before
        return self.behind[1:] == other.behind[1:] or is_same_before


def development_of(known: Sequence[ReportText], newest: Sequence[ReportText]) -> Development | None:
    """Return what *newest* adds to *known*, both with the newest report first; None if nothing."""
    known, newest = known[:MOST_REPORTS], newest[:MOST_REPORTS]
    if not known or not newest:
        return None
    known_stems = frozenset(chain.from_iterable(map(_stems_of, known)))
    known_facts = [_facts_of(report) for report in known]
    languages = {report.language for report in known}
    comparable = [one for one in newest if not one.language or one.language in languages]
    titles = (stems_and_names(report.title[:_LONGEST_TITLE])[0] for report in known)
    known_titles = frozenset(chain.from_iterable(titles))
    read = [
        one
        for report in comparable
        if _is_same(one := ReadReport(report), known_titles, known_stems)
    ]
    newest = [one.report for one in read]
    known_values = {fact.value for fact in chain.from_iterable(known_facts)}
    newest_facts = [_facts_of(report) for report in newest]
    best, chosen = _LEAST, None
    for age, one in enumerate(read):
        headlines = [other.title - known_stems for other in read]
        for sentence in one.sentences:
            changes = _changes(sentence, one.report, known_facts, newest_facts[:age])
            new = sentence.stems - known_stems
            facts = _facts_in(sentence.text, one.report.language)
            has_number = any(fact.value not in known_values for fact in facts)
            is_news = _is_news(sentence, new, headlines, has_number=has_number)
            replaces = _differs(sentence, one.report, newest_facts[age + 1 :])
            if not (changes or replaces or is_news):
                continue
            points = _points(sentence, new, headlines) + _CHANGE * len(changes)
            lost = penalty(one.report, sentence, ())
            if _differs(sentence, one.report, newest_facts[:age]):
                points = min(points, _LEAST + _OUTDATED)
            if lost > _LEAST_PENALTY and points + lost > best:
                best, chosen = points + lost, (one.report, sentence, changes)
    if chosen is None:
        return None
    report, sentence, changes = chosen
    headline = _headline_of(sentence, report, read, known_stems, newest_facts)
    return Development(
        text=shortened(sentence.text),
        article_id=report.article_id,
        url=report.url,
        publisher=report.publisher,
        changes=changes,
        headline_id=headline.article_id,
    )


def _headline_of(
    sentence: Sentence,
    report: ReportText,
    read: Sequence[ReadReport],
    known_stems: AbstractSet[str],
    newest_facts: Sequence[Sequence[_Fact]],
) -> ReportText:
    """Return the newest report that has the numbers of *sentence* and a new word in its headline.

    If there is none, it is the sentence's own *report*.
    """
    facts = list(_facts_in(sentence.text, report.language))
    for one, own in zip(read, newest_facts, strict=True):
        has_facts = all(fact.value in {same.value for same in _same(fact, own)} for fact in facts)
        tells_it = one.report == report or (facts and has_facts)
        if tells_it and one.title - known_stems:
            return one.report
    return report


def _is_same(
    one: ReadReport, known_titles: AbstractSet[str], known_stems: AbstractSet[str]
) -> bool:
    """Return whether a report shares enough with the known ones to be about their event."""
    if one.title and len(one.title & known_titles) >= _SHARED_TITLE * len(one.title):
        return True
    core = {stem for stem in one.title | one.lead_stems if not stem.isdecimal()}
    shared = len(core & known_stems)
    return shared >= min(_SHARED_WORDS, len(core)) and shared >= _SHARED_SHARE * len(core)


def _stems_of(report: ReportText) -> Iterable[str]:
    return stems_and_names(f"{report.title[:_LONGEST_TITLE]}\n{report.text[:_KNOWN]}")[0]


def _is_news(
    sentence: Sentence,
    new: AbstractSet[str],
    headlines: Sequence[AbstractSet[str]],
    *,
    has_number: bool,
) -> bool:
    words = {stem for stem in new if not stem.isdecimal()}
    if len(words) < _FEWEST_NEW or len(new) < _NEW_SHARE * len(sentence.stems):
        return False
    has_fact = bool(sentence.names & new) or has_number or len(words) < len(new)
    if has_fact and any(new & headline for headline in headlines):
        return True
    in_headlines = set().union(*headlines) & words
    return len(words) >= _MANY_NEW and len(in_headlines) >= _IN_HEADLINES


def _points(
    sentence: Sentence, new: AbstractSet[str], headlines: Sequence[AbstractSet[str]]
) -> float:
    shared = sum(len(new & headline) for headline in headlines) / len(headlines)
    words = min(len(new), _MOST_WORDS) * _NEW_WORD
    names = len(sentence.names & new) * _NEW_NAME
    return words + names + shared * _SHARED + _FIRST / (1 + sentence.place)


# Numbers.


def _changes(
    sentence: Sentence,
    report: ReportText,
    known: Sequence[Sequence[_Fact]],
    newer: Sequence[Sequence[_Fact]],
) -> tuple[NumberChange, ...]:
    """Return the numbers of *sentence* that differ from the newest known ones.

    A number that a *newer* report has replaced did not change to this one.
    """
    changes = []
    for fact in _facts_in(sentence.text, report.language):
        latest = next((same for facts in known if (same := _same(fact, facts))), [])
        everywhere = {one.value for facts in known for one in _same(fact, facts)}
        if len({one.value for one in latest}) != 1 or fact.value in everywhere:
            continue
        later = (one for facts in newer for one in _same(fact, facts))
        if all(one.value == fact.value for one in later):
            changes.append(NumberChange(latest[0].shown, fact.shown, fact.what))
    return tuple(dict.fromkeys(changes))[:_MOST_CHANGES]


def _differs(sentence: Sentence, report: ReportText, others: Sequence[Sequence[_Fact]]) -> bool:
    """Return whether other reports have another value of a number in *sentence*."""
    for fact in _facts_in(sentence.text, report.language) if others else ():
        values = {one.value for facts in others for one in _same(fact, facts)}
        if values and fact.value not in values:
            return True
    return False


def _same(fact: _Fact, facts: Iterable[_Fact]) -> list[_Fact]:
    return [one for one in facts if fact.counts_like(one)]


def _facts_of(report: ReportText) -> list[_Fact]:
    lines = (report.title[:_LONGEST_TITLE], *report.text[:_KNOWN].split("\n"))
    facts = (fact for line in lines for fact in _facts_in(line, report.language))
    return list(islice(facts, _MOST_NUMBERS))


def _facts_in(text: str, language: str) -> Iterator[_Fact]:
    """Yield the numbers of *text* that count something."""
    written = [_Written(*found) for found in written_numbers(text, language)]
    for found in sorted([*_in_digits(text, language), *written], key=attrgetter("start")):
        behind = _behind(text, found.end)
        before = _WORDS.findall(text[max(0, found.start - _BEHIND) : found.start])[-1:]
        if not behind or _is_time(found, [*before, *behind]):
            continue
        stems = tuple(dict.fromkeys(chain.from_iterable(_stems_of_word(word) for word in behind)))
        if stems:
            what = behind[0] if not is_unspaced(behind[0]) else behind[0][:1]
            yield _Fact(
                value=found.value,
                shown=text[found.start : found.end].strip(),
                sign=found.sign,
                behind=stems[:2],
                before=next(iter(_stems_of_word(before[0])), "") if before else "",
                what=what,
            )


class _Written(NamedTuple):
    """A number where it stands in a text. *digits* is "" if there is a word in it."""

    value: Decimal
    start: int
    end: int
    digits: str = ""
    sign: str = ""


def _in_digits(text: str, language: str) -> Iterator[_Written]:
    for found in _NUMBER.finditer(text):
        value = value_of(found["digits"], language)
        factor, end = scale_behind(text, found.end(), language)
        sign = found["sign"] or (found["percent"] or "").strip()
        digits = found["digits"] if factor == 1 else ""
        yield _Written(value * factor, found.start(), end, digits, sign)


def _behind(text: str, at: int) -> list[str]:
    """Return the next words of the clause; without blanks, the next two characters."""
    rest = text[at : at + _BEHIND]
    if rest[:1] and is_unspaced(rest[0]):
        return [rest[:2]]
    return _WORDS.findall(_CLAUSE_END.split(rest, maxsplit=1)[0])[:_MOST_BEHIND]


def _stems_of_word(word: str) -> Sequence[str]:
    return stems_and_names(word)[0]


def _is_time(number: _Written, beside: Sequence[str]) -> bool:
    """Return whether the number is a year, or a part of a date or of a time."""
    digits = number.digits
    if number.sign:
        return False
    if digits.isdecimal() and len(digits) == len("2026"):
        return _FIRST_YEAR <= int(digits) <= _LAST_YEAR
    folded = [word.casefold() for word in beside[:2]]
    if any(word in _calendar_words() or word in _CLOCK for word in folded):
        return True
    return any(word[0] in _EAST_ASIAN_DATE for word in beside)


@cache
def _calendar_words() -> frozenset[str]:
    return frozenset(word.casefold() for word in all_words("calendar_words"))


_COMPARED: Final = 40  # characters
_ELLIPSIS: Final = "\u2026"


class AlertLead(NamedTuple):
    """A sentence or two. *is_new*: the chat was not alerted to this before."""

    text: str
    is_new: bool = False


def alert_lead(report: ReportText, known: Sequence[ReportText] = ()) -> AlertLead | None:
    """Return what *report* adds to the *known* ones, the newest first; else its lead."""
    if known and (development := development_of(known, [report])):
        return AlertLead(development.text, is_new=True)
    found = lead_of([report])
    return AlertLead(found.text) if found else None


def unless_repeated(lead: AlertLead | None, passage: str) -> AlertLead | None:
    """Return the lead to show above the *passage* that matched; None if that says the same."""
    return None if lead and _is_repeated(lead, passage) else lead


def _is_repeated(lead: AlertLead, passage: str) -> bool:
    passage = passage.strip(f"{_ELLIPSIS} ")
    sentence = lead.text.strip(f"{_ELLIPSIS} ")
    return sentence[:_COMPARED] in passage or passage[:_COMPARED] in sentence
