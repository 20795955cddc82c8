"""What the cited reports bear out: their words, numbers, days, places and names.

A word of an answer is *grounded* if the reports have it: in the same spelling, with another ending,
as a place that CLDR spells otherwise in that language, or in another script (Трамп, トランプ).
Other scripts are compared by their consonants, because each language writes the vowels its own way.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import SequenceMatcher
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from typing import Final
from unicodedata import name, normalize

from bot.languages import words as language_words
from bot.model.places import WORDS, place_of_word, places_in
from bot.text.folding import fold
from bot.text.numbers import LONGEST, locale_of, months_of, numbers_in
from bot.text.sentences import sentences

WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019.-][^\W\d_]+)*")
KATAKANA: Final = re.compile("[\u30a1-\u30fa\u30fc]{2,}")
HAN: Final = re.compile("[\u3400-\u9fff\u3005]+")

UNSPACED: Final = frozenset({"ja", "zh", "th", "lo", "km", "my"})
CASELESS: Final = UNSPACED | {"ko", "ar", "he", "fa", "ur", "hi", "bn", "ta", "te", "mr", "ka"}
_INFLECTING: Final = frozenset({"ru", "uk", "be", "bg", "pl", "cs", "sk", "hr", "sl", "sr", "hu",
                                "fi", "et", "lt", "lv", "el", "tr"})  # fmt: skip
_ENDINGS: Final = frozenset(
    [
        "s",
        "es",
        "n",
        "en",
        "e",
        "er",
        "ern",
        "a",
        "as",
        "os",
        "o",
        "an",
        "ian",
        "ans",
        "ians",
        "ese",
        "i",
        "is",
        "ish",
        "ns",
        "in",
        "ns",
        "isch",
        "ische",
        "ischen",
        "ischer",
        "aise",
        "ais",
        "iens",
        "ien",
        "ienne",
        "x",
    ]
)
_STEM: Final = 4
_NO_WEEKDAYS: Final = frozenset({"среди"})  # "among", which looks like a form of Wednesday
_COGNATE: Final = 0.72
_BEGINNING: Final = 2


@dataclass(frozen=True)
class ModelReport:
    """An article as a model reads it. *text* is all that is stored, not only what is sent."""

    publisher: str
    language: str
    title: str
    text: str = ""

    @cached_property
    def whole(self) -> str:
        return f"{self.title}\n{self.text}"[:LONGEST]


@dataclass(frozen=True)
class Evidence:
    """The *reports* that an answer in *language* cites.

    *names* is how the answer should spell names, by their spelling in reports; see `prompt`.
    """

    reports: tuple[ModelReport, ...]
    language: str
    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def is_same_language(self) -> bool:
        return all(report.language[:2] == self.language[:2] for report in self.reports)

    @cached_property
    def folded(self) -> str:
        """The folded reports and the names of their publishers."""
        texts = (f"{report.whole}\n{report.publisher}" for report in self.reports)
        return " \n ".join(" ".join(fold(text).readings) for text in texts)

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(self.folded.split())

    @cached_property
    def spelled(self) -> frozenset[str]:
        """The folded words of names that stand in the reports, as the answer should spell them."""
        found = (there for here, there in self.names.items() if fold(here).plain in self.folded)
        return frozenset(word for name in found for word in fold(name).plain.split())

    @cached_property
    def numbers(self) -> frozenset[Decimal]:
        found = (numbers_in(report.whole, report.language) for report in self.reports)
        return frozenset[Decimal]().union(*found)

    @cached_property
    def weekdays(self) -> frozenset[int]:
        found = (weekdays_in(report.whole, report.language) for report in self.reports)
        return frozenset[int]().union(*found)

    @cached_property
    def places(self) -> frozenset[str]:
        found = (places_in(fold(report.whole).plain, report.language) for report in self.reports)
        return frozenset[str]().union(*found)

    @cached_property
    def initials(self) -> frozenset[str]:
        """The initials of names such as European Union, which another report calls the EU."""
        return frozenset(found for report in self.reports for found in _initials(report.whole))

    @cached_property
    def sentences(self) -> Sequence[tuple[str, frozenset[str], frozenset[Decimal]]]:
        """Each sentence with its content words and its numbers."""
        return [
            (sentence, content(sentence, report.language), numbers_in(sentence, report.language))
            for report in self.reports
            for start, end in sentences(report.whole)
            if (sentence := report.whole[start:end])
        ]

    @cached_property
    def _stems(self) -> dict[str, list[str]]:
        stems: dict[str, list[str]] = {}
        for word in self.words:
            stems.setdefault(word[:3], []).append(word)
        return stems

    @cached_property
    def _consonants(self) -> frozenset[str]:
        """The consonants of the words in any script but Latin."""
        return frozenset(
            found
            for report in self.reports
            for word in {*WORD.findall(report.whole), *KATAKANA.findall(report.whole)}
            if not word.isascii()
            for found in consonants(word)
        )

    @cached_property
    def _latin_consonants(self) -> frozenset[str]:
        return frozenset(
            found for word in self.words if word.isascii() for found in consonants(word)
        )

    def grounds(self, word: str) -> bool:
        """Return whether the reports have the name *word* of an answer."""
        folded = fold(word).plain.strip()
        if not folded or f" {folded} " in self.folded or folded in self.spelled:
            return True
        parts = folded.split()
        if len(parts) > 1 and len(parts[-1]) > 1 and all(map(self.grounds, parts)):
            return True
        if word.isupper() and word.casefold() in self.initials:
            return True
        place = place_of_word(folded, self.language)
        if place:
            return place in self.places
        return self._has_form(folded) or self._is_transliterated(word)

    def touches(self, word: str) -> bool:
        """Return whether the reports have a word with the stem of *word*, a content word."""
        return word in self.words or any(
            _common(word, other) >= max(_STEM, min(len(word), len(other)) - 3)
            for other in self._stems.get(word[:3], ())
        )

    def _has_form(self, folded: str) -> bool:
        return any(
            is_form(folded, other, self.language)
            or (not self.is_same_language and is_cognate(folded, other))
            for other in self._stems.get(folded[:3], ())
        )

    def _is_transliterated(self, word: str) -> bool:
        if word.isascii() or _is_latin(word):
            return any(found in self._consonants for found in consonants(word))
        return any(
            found in self._latin_consonants or found in self._consonants
            for found in consonants(word)
        )


def is_form(word: str, other: str, language: str) -> bool:
    """Return whether two folded words are forms of one name."""
    common = _common(word, other)
    if common < _STEM:
        return False
    rest, other_rest = word[common:], other[common:]
    if language[:2] in _INFLECTING:
        return max(len(rest), len(other_rest)) <= 3  # noqa: PLR2004 - the longest endings
    return (not rest and other_rest in _ENDINGS) or (not other_rest and rest in _ENDINGS)


def is_cognate(word: str, other: str) -> bool:
    """Return whether a word of one language looks like that of another: president, Präsident."""
    if min(len(word), len(other)) < _STEM + 1:
        return False
    is_alike = word[:_BEGINNING] == other[:_BEGINNING]
    return is_alike and SequenceMatcher(None, word, other).ratio() >= _COGNATE


def _common(word: str, other: str) -> int:
    return next(
        (at for at, (one, two) in enumerate(zip(word, other, strict=False)) if one != two),
        min(len(word), len(other)),
    )


def content(text: str, language: str) -> frozenset[str]:
    """Return the folded words that carry the meaning; pairs of characters in unspaced scripts."""
    folded = fold(text).plain.split()
    if language[:2] in UNSPACED:
        return frozenset(
            one + two for one, two in pairwise(folded) if HAN.match(one) or HAN.match(two)
        )
    small = small_words(language)
    return frozenset(
        word
        for word in folded
        if len(word) > 2 and word not in small and not word.isdecimal()  # noqa: PLR2004
    )


@cache
def small_words(language: str) -> frozenset[str]:
    """Return the words of a language that name nobody and say little, folded."""
    code = language[:2]
    sections = ("common_words", "stop_words", "small_words", "sentence_starters")
    listed = [word for section in sections for word in language_words(section).get(code, ())]
    listed += WORDS["capitalised"].get(code, "").split()
    return frozenset(fold(word).plain.strip() for word in listed)


def is_negated(text: str, language: str) -> bool:
    listed = WORDS["negations"].get(language[:2], "").split()
    if language[:2] in {"ja", "zh", "ko"}:
        return any(word in text for word in listed)
    found = {word.casefold().replace("\u2019", "'") for word in WORD.findall(text)}
    return not found.isdisjoint(listed)


def weekdays_in(text: str, language: str) -> frozenset[int]:
    """Return the weekdays that *text* names, Monday as 0."""
    names: Mapping[str, int] = weekdays_of(language)
    if language[:2] in CASELESS:
        return frozenset(day for called, day in names.items() if called in text)
    found = {word.casefold() for word in WORD.findall(text)}
    if language[:2] in _INFLECTING:  # среда, среду
        found = {word[:-1] for word in found if word not in _NO_WEEKDAYS}
        names = {called[:-1]: day for called, day in names.items()}
    return frozenset(day for called, day in names.items() if called in found)


@cache
def weekdays_of(language: str) -> dict[str, int]:
    """Return the weekdays by their names in lower case."""
    days = locale_of(language).days
    widths = ("wide", "abbreviated") if language[:2] == "zh" else ("wide",)
    return {
        str(day_name).casefold(): day
        for context in ("format", "stand-alone")
        for width in widths
        for day, day_name in days.get(context, {}).get(width, {}).items()
    }


def is_calendar_word(word: str, language: str) -> bool:
    """Return whether *word* is the name of a month or weekday, which are checked as dates."""
    folded = word.casefold().rstrip(".")
    return folded in months_of(language) or folded in weekdays_of(language)


def _initials(text: str) -> Iterator[str]:
    for run in re.findall(r"(?:[A-Z]\w+(?: (?:of|for|and|the|de|des|du))? ?){2,6}", text):
        letters = "".join(re.findall(r"\b[A-Z]", run)).casefold()
        for start in range(len(letters)):
            for end in range(start + 2, len(letters) + 1):
                yield letters[start:end]


# Names in other scripts, by their consonants.

_CLASS: Final = {
    letter: letters[0]
    for letters in ("kcqgx", "szj", "td", "pbfv", "lr", "nm")
    for letter in letters
}
_LATIN_FOR: Final = {pair[0]: pair[-1] for pair in WORDS["consonants"]["any"].split()}
_SHORTEST: Final = 3


@lru_cache(maxsize=1 << 15)
def consonants(word: str) -> tuple[str, ...]:
    """Return the classes of the consonants of *word*, with variants; () if they are too few."""
    kept = KATAKANA.match(word)  # decomposed, ブ would lose its mark
    decomposed = normalize("NFC" if kept else "NFKD", word.casefold())
    letters = "".join(_romanised(char) for char in decomposed)
    letters = letters.replace("th", "s").replace("sch", "s").replace("sh", "s").replace("ch", "s")
    letters = letters.replace("ph", "f").replace("ck", "k")
    found = "".join(_CLASS.get(char, "") for char in letters)
    collapsed = re.sub(r"(.)\1+", r"\1", found)
    variants = {collapsed, collapsed.removesuffix("l")}
    if "\uac00" <= word[0] <= "\ud7a3" and len(word) > _SHORTEST:
        variants |= set(consonants(word[:-1])) | set(consonants(word[:-2]))
    if "\u0400" <= word[-1] <= "\u04ff" and len(word) > _SHORTEST + 2:  # Трампом, Зеленского
        variants |= {each for end in (2, 3) for each in consonants_of_rest(word[:-end].casefold())}
    for article in ("ال", "و", "وال", "ب", "ل"):
        if word.startswith(article) and len(word) > len(article) + 2:
            variants |= set(consonants_of_rest(word[len(article) :]))
    return tuple(variant for variant in variants if len(variant) >= _SHORTEST)


def consonants_of_rest(word: str) -> Iterable[str]:
    letters = "".join(_romanised(char) for char in word)
    yield re.sub(r"(.)\1+", r"\1", "".join(_CLASS.get(char, "") for char in letters))


@lru_cache(maxsize=1 << 12)
def _romanised(char: str) -> str:
    """Return the Latin letters of a character, of which the consonants are compared."""
    if char in _LATIN_FOR:
        return str(_LATIN_FOR[char])
    if char.isascii():
        return char
    called = name(char, "")
    for script in ("KATAKANA LETTER ", "HANGUL CHOSEONG ", "HANGUL JONGSEONG "):
        if called.startswith(script):
            if called.endswith("SMALL TU"):  # doubles the next consonant
                return ""
            letters = called.removeprefix(script).removeprefix("SMALL ").lower().replace("-", "")
            letters = {"hu": "fu", "ti": "chi"}.get(letters, letters)
            return "" if letters == "ieung" and "CHOSEONG" in script else _jamo(letters)
    return ""


def _jamo(letters: str) -> str:
    """Return a letter for the name of a Hangul consonant; syllables of kana stay."""
    named = {"kiyeok": "k", "nieun": "n", "tikeut": "t", "rieul": "l", "mieum": "m", "pieup": "p",
             "sios": "s", "cieuc": "s", "chieuch": "s", "khieukh": "k", "thieuth": "t",
             "phieuph": "p", "hieuh": "", "ieung": "n"}  # fmt: skip
    return named.get(letters.removeprefix("ssang"), letters)


def _is_latin(word: str) -> bool:
    return all(name(char, "").startswith("LATIN") for char in word if char.isalpha())
