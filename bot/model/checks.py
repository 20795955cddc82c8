"""Checks what a language model wrote against the reports. Nothing that fails is shown.

1. A text is clean: one line without links, markup, control or bidirectional characters, symbols
   that the reports lack, or phrases by which an article speaks to a model or its readers.
2. Each number, weekday, place, name and quotation stands in the cited reports. Names are
   capitalised words, words in another script, and what stands before a title in Japanese and
   Chinese.
3. A sentence in the language of its reports shares most of its content words with them, has its
   numbers beside the same words as they, and negates only what they negate.
4. A text in another language has at least one name, place or number to be checked by. In a
   translation, no number is missing either.
5. Its length and its language fit.

What the checks cannot see: a false statement that is made of the words of the reports, such as one
that swaps who did what to whom.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from unicodedata import category

from bot.model.evidence import (
    CASELESS,
    HAN,
    KATAKANA,
    UNSPACED,
    WORD,
    Evidence,
    ModelReport,
    content,
    is_calendar_word,
    is_negated,
    small_words,
    weekdays_in,
)
from bot.model.places import WORDS, place_of_word, places_in, words_of_places
from bot.sources.feeds.language import detect, quick
from bot.text.folding import fold
from bot.text.numbers import numbers_in

MOST_SENTENCES: Final = 3
LONGEST_SENTENCE: Final = 320
LONGEST_HEADLINE: Final = 300
LONGEST_LEAD: Final = 400
_SUPPORT: Final = 0.6  # of the content words
_LONG_ENOUGH: Final = 80  # characters in which py3langid is sure
_TIMES_LONGER: Final = 4
_TIMES_SHORTER: Final = 6
_SPARE: Final = 40
_COPIED: Final = 5  # words, more than most names have
_SAME_WORD: Final = 5  # letters of a word that two languages spell alike

_LINK: Final = re.compile(
    r"""https?: | www\. | ://  | \bt\.me\b | \bmailto: | [\w.+-]+@\w | (?<!\w)@\w
      | \b[\w-]{2,}\.(?:com|net|org|info|biz|io|app|xyz|ru|de|jp|cn|tw|uk|fr|it|es|br|kr|vn|id|eu
                      |co|me|tv|ai|dev|ly|top|shop|site|online|example|test|onion)\b
      | \b\d{1,3}(?:\.\d{1,3}){3}\b""",
    re.VERBOSE | re.IGNORECASE,
)
_MARKUP: Final = re.compile(r"[<>`\\{}|^~]|\*\*|__|\]\(|&\w+;|&#|(?<!\w)#\w|^\s*(?:[-*#]|\d+\.)\s")
_KEPT_FORMATS: Final = frozenset("\u200c\u200d")  # joiners, which some scripts need
_QUOTES: Final = re.compile(
    "\u201c([^\u201d]+)\u201d|\u201e([^\u201c\u201d]+)[\u201c\u201d]|\u00ab([^\u00bb]+)\u00bb"
    "|\u00bb([^\u00ab]+)\u00ab|\u300c([^\u300d]+)\u300d|\u300e([^\u300f]+)\u300f"
    '|"([^"]+)"|\u2018([^\u2019]+)\u2019(?!\\w)'
)
_QUOTE_SIGNS: Final = re.compile("[\u201c\u201d\u201e\u00ab\u00bb\u300c\u300e\"\u2018]|(?<!\\w)'")
_SENTENCE_ENDS: Final = re.compile(r"[.!?:\u2026\u3002\uff01\uff1f][\"'\u201d\u2019\u00bb)]*\s+\Z")
_OPENING: Final = re.compile("[\"'\u2018\u201c\u201e\u00ab\u300c(\\[\u00bf\u00a1]*")
_GERMAN_NOUN: Final = re.compile(
    r"(?:ung|ungen|heit|keit|schaft|tion|tionen|tät|ismus|nis|tum|ling|chen|lein|ment|enz|anz)\Z"
)
_GERMAN_DETERMINER: Final = re.compile(
    r"""(?:d(?:er|ie|as|en|em|es)|(?:k|m|s|d)?ein(?:e|en|em|er|es)?|ihr(?:e|en|em|er)?|im|am|zum|zur
        |vom|beim|ins|ans|dies\w+|jed\w+|all\w+|viel\w*|wenig\w*|mehr\w*)\Z""",
    re.VERBOSE | re.IGNORECASE,
)
_GERMAN_ADJECTIVE: Final = re.compile(r"[a-zäöüß]{3,}e[nrsm]?\Z")


class DropReason(StrEnum):
    """Why a text was dropped."""

    EMPTY = "empty"
    UNCLEAN = "unclean"  # a link, markup, or a character that does not belong
    REFUSED = "refused"  # a phrase that speaks to readers or to the model
    LENGTH = "length"
    LANGUAGE = "language"
    UNCITED = "uncited"
    NUMBER = "number"
    DAY = "day"
    PLACE = "place"
    NAME = "name"
    QUOTATION = "quotation"
    SUPPORT = "support"  # too few words of the reports
    NEGATION = "negation"
    UNCHECKED = "unchecked"  # nothing in it can be compared with the reports


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence of a summary, and the publishers that it comes from."""

    text: str
    publishers: tuple[str, ...]


def tidy(text: object) -> str:
    """Return *text* on one line; "" if it is no text."""
    return " ".join(text.split()) if isinstance(text, str) else ""


def check_summary(
    sentences: Iterable[tuple[object, Sequence[int]]],
    reports: Mapping[int, ModelReport],
    language: str,
    names: Mapping[str, str] = MappingProxyType({}),
) -> tuple[list[CheckedSentence], list[DropReason]]:
    """Return the sentences that pass, and why the others do not.

    *sentences* pairs a text with the numbers of the reports that it cites. *names*: see `Evidence`.
    """
    kept: list[CheckedSentence] = []
    dropped: list[DropReason] = []
    for text, cited in sentences:
        sentence = tidy(text)
        problem = sentence_problem(sentence, cited, reports, language, names)
        if problem is None and sentence in {each.text for each in kept}:
            continue
        if problem:
            dropped.append(problem)
        elif len(kept) < MOST_SENTENCES:
            publishers = dict.fromkeys(reports[number].publisher for number in cited)
            kept.append(CheckedSentence(sentence, tuple(publishers)))
    return kept, dropped


def sentence_problem(
    sentence: str,
    cited: Collection[int],
    reports: Mapping[int, ModelReport],
    language: str,
    names: Mapping[str, str] = MappingProxyType({}),
) -> DropReason | None:
    """Return why a sentence of a summary may not be shown; None if it may."""
    if not cited or not set(cited) <= reports.keys():
        return DropReason.UNCITED
    evidence = Evidence(tuple(reports[number] for number in sorted(set(cited))), language, names)
    if problem := _form_problem(sentence, evidence, LONGEST_SENTENCE):
        return problem
    if any(quoted not in evidence.folded for quoted in _quotations(sentence)):
        return DropReason.QUOTATION
    return _facts_problem(sentence, evidence) or _meaning_problem(sentence, evidence)


def translation_problem(
    text: str,
    original: str,
    source: str,
    language: str,
    longest: int = LONGEST_HEADLINE,
    names: Mapping[str, str] = MappingProxyType({}),
) -> DropReason | None:
    """Return why a translation of *original* may not be shown; *source* is its language.

    *names*: see `Evidence`.
    """
    evidence = Evidence((ModelReport("", source, original),), language, names)
    if problem := _form_problem(text, evidence, longest):
        return problem
    if not len(original) / _TIMES_SHORTER <= len(text) <= len(original) * _TIMES_LONGER + _SPARE:
        return DropReason.LENGTH
    if _QUOTE_SIGNS.search(text) and not _QUOTE_SIGNS.search(original):
        return DropReason.QUOTATION
    if not evidence.numbers <= numbers_in(text, language):
        return DropReason.NUMBER
    # A country may stand in a name that the catalogue translates as a whole: 日中関係.
    named = [here for here, there in names.items() if fold(there).plain in fold(text).plain]
    rest = original
    for here in named:
        rest = rest.replace(here, "\u2026")
    if problem := _missing_problem(text, rest, source, language):
        return problem
    return _facts_problem(text, evidence) or _anchor_problem(text, evidence)


def _missing_problem(text: str, original: str, source: str, language: str) -> DropReason | None:
    """Return a reason if the translation lacks a country, or half of the names, of the original."""
    countries = {key for key in places_in(fold(original).plain, source) if len(key) == 2}  # noqa: PLR2004
    if not countries <= places_in(fold(text).plain, language):
        return DropReason.PLACE
    names = [name for name in names_in(original, source) if len(name) > 1]
    if names and original.startswith(names[0]):  # any word is capitalised there
        del names[0]
    if source[:2] == "de" or len(names) * 2 > len(WORD.findall(original)):
        return None  # nouns, or a headline with all words capitalised
    translation = Evidence((ModelReport("", language, text),), source)
    missing = sum(not translation.grounds(name) for name in names)
    return DropReason.NAME if missing and missing * 2 >= len(names) else None


# The form.


def _form_problem(text: str, evidence: Evidence, longest: int) -> DropReason | None:
    if not any(map(str.isalnum, text)):
        return DropReason.EMPTY
    if len(text) > longest:
        return DropReason.LENGTH
    if _is_unclean(text, evidence):
        return DropReason.UNCLEAN
    folded = fold(text).plain
    if any(phrase in folded for phrase in _REFUSED):
        return DropReason.REFUSED
    is_fine = _is_in_language(text, evidence.language) and not _is_copied(folded, evidence)
    return None if is_fine else DropReason.LANGUAGE


def _is_copied(folded: str, evidence: Evidence) -> bool:
    """Return whether the text mostly repeats words of reports in other languages."""
    if evidence.is_same_language or evidence.language[:2] in UNSPACED:
        return False
    words = folded.split()
    copied = sum(word in evidence.words for word in words)
    return len(words) >= _COPIED and copied * 3 >= 2 * len(words)


def _is_unclean(text: str, evidence: Evidence) -> bool:
    if _LINK.search(text) or _MARKUP.search(text):
        return True
    written = "".join(report.whole for report in evidence.reports)
    return any(
        (kind[0] == "C" and char not in _KEPT_FORMATS)
        or (kind in {"So", "Sk", "Sm"} and char not in written)
        or (kind in {"Zl", "Zp"})
        for char in text
        if (kind := category(char))
    )


_REFUSED: Final = tuple(fold(phrase).plain for phrase in WORDS["refused"]["any"])


def _is_in_language(text: str, language: str) -> bool:
    code = language[:2]
    found = detect(text) if len(text) >= _LONG_ENOUGH else quick(text)
    if found and found != code:
        return {found, code} in ({"ja", "zh"}, {"id", "ms"}) and not KATAKANA.search(text)
    letters = [char for char in text if char.isalpha()]
    is_written_so = _SCRIPTS.get(code)
    if is_written_so is None:
        latin = sum(char < "\u0250" or "\u1e00" <= char <= "\u1eff" for char in letters)
        return code not in _LATIN or latin * 2 >= len(letters)
    return bool(is_written_so.search(text))


_SCRIPTS: Final = {
    "ja": re.compile("[\u3040-\u30ff\u3400-\u9fff]"), "zh": HAN,
    "ko": re.compile("[\uac00-\ud7a3]"), "ru": re.compile("[\u0400-\u04ff]"),
    "ar": re.compile("[\u0600-\u06ff]"),
}  # fmt: skip
_LATIN: Final = frozenset({"en", "fr", "de", "it", "es", "pt", "vi", "id", "nl"})


# The facts.


def _facts_problem(text: str, evidence: Evidence) -> DropReason | None:
    language = evidence.language
    if not numbers_in(text, language) <= evidence.numbers:
        return DropReason.NUMBER
    if not weekdays_in(text, language) <= evidence.weekdays:
        return DropReason.DAY
    if not places_in(fold(text).plain, language) <= evidence.places:
        return DropReason.PLACE
    of_places = words_of_places(fold(text).plain, language)
    names = [name for name in names_in(text, language) if fold(name).plain.strip() not in of_places]
    return None if all(map(evidence.grounds, names)) else DropReason.NAME


def _quotations(text: str) -> Iterable[str]:
    for found in _QUOTES.finditer(text):
        yield f" {fold(next(filter(None, found.groups()))).plain.strip()} "


def names_in(text: str, language: str) -> list[str]:
    """Return the words of *text* that may be names."""
    names = list(_capitalised(text, language))
    code = language[:2]
    if code == "ja":
        names += [run for run in KATAKANA.findall(text) if len(run) > 2]  # noqa: PLR2004
    if code in {"ja", "zh"}:
        names += _TITLED.findall(text)
    return names


_TITLED: Final = re.compile(
    f"([\u3400-\u9fff\u3005]{{1,4}}?)(?:{'|'.join(WORDS['titles_behind']['any'].split())})"
)


def _capitalised(text: str, language: str) -> Iterable[str]:
    small, code = small_words(language), language[:2]
    before = ""
    for found in WORD.finditer(text):
        word = found[0]
        previous, before = before, word
        if not _may_be_name(word, code):
            continue
        folded = fold(word).plain.strip()
        acronym = word.isupper() and len(word) > 1
        if not acronym and (folded in small or is_calendar_word(word, language)):
            continue
        if code == "de" and not acronym and _is_german_noun(previous, word):
            continue
        yield word


def _may_be_name(word: str, code: str) -> bool:
    """Return whether *word* is capitalised, or written in Latin letters in a caseless language."""
    if code in CASELESS:
        return word.isascii() and len(word) > 1
    return any(map(str.isupper, word)) or not _is_cased(word)


def _is_cased(word: str) -> bool:
    return any(char.isupper() or char.islower() for char in word)


def _is_german_noun(previous: str, word: str) -> bool:
    is_determined = _GERMAN_DETERMINER.match(previous) or _GERMAN_ADJECTIVE.match(previous)
    is_owned = previous.endswith("s") and place_of_word(fold(previous).plain.strip(), "de")
    return bool(is_determined or is_owned or _GERMAN_NOUN.search(word))


# The meaning.


def _meaning_problem(sentence: str, evidence: Evidence) -> DropReason | None:
    if not evidence.is_same_language:
        return _anchor_problem(sentence, evidence)
    language = evidence.language
    own = content(sentence, language)
    shared = {word for word in own if _is_shared(word, evidence)}
    if len(shared) < _SUPPORT * len(own) or not own:
        return DropReason.SUPPORT
    numbers = numbers_in(sentence, language)
    stated = evidence.sentences
    if any(
        not any(number in theirs and (shared & words or not shared) for _, words, theirs in stated)
        for number in numbers
    ):
        return DropReason.NUMBER
    overlaps = [(len(shared & words), text) for text, words, _ in stated]
    most = max((count for count, _ in overlaps), default=0)
    nearest = [text for count, text in overlaps if count and count >= 0.8 * most]
    negated = is_negated(sentence, language)
    if nearest and all(is_negated(text, language) != negated for text in nearest):
        return DropReason.NEGATION
    return None


def _is_shared(word: str, evidence: Evidence) -> bool:
    if evidence.language[:2] in UNSPACED:
        return f" {' '.join(word)} " in evidence.folded
    return evidence.touches(word)


def _anchor_problem(text: str, evidence: Evidence) -> DropReason | None:
    """Return a reason unless something in *text* stands in the reports, too."""
    language = evidence.language
    if numbers_in(text, language) & evidence.numbers:
        return None
    if places_in(fold(text).plain, language) & evidence.places:
        return None
    names = [name for name in names_in(text, language) if len(name) > 1]
    if any(evidence.grounds(name) for name in names):
        return None
    words = content(text, language) if language[:2] not in UNSPACED else ()
    if any(len(word) >= _SAME_WORD and evidence.grounds(word) for word in words):
        return None
    return DropReason.UNCHECKED
