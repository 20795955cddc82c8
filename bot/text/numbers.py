"""The numbers of a text, as values that can be compared across languages.

Digits of any script count, with the separators of the language, and number words from two on,
because the word for one is often an article. It counts only as a part: twenty-one, one million. A
scale behind a number multiplies it: "1.5 million", "150万" and "1,500,000" are one value. A date or
a time is several numbers. The month of a date counts as a number, too, because Japanese writes it
as one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Final, NamedTuple
from unicodedata import normalize

from babel import Locale, UnknownLocaleError

from bot.languages import words

LONGEST: Final = 40_000  # characters of a text that are looked at

_ARABIC: Final = {0x66B: ".", 0x66C: ","}  # the separators of Arabic digits
_SPACES: Final = "\u00a0\u2009\u202f'\u2019"
_NUMBER: Final = re.compile(
    rf"\d+(?:[.,{_SPACES}](?=\d)\d+)*(?P<rest>(?:[万億兆萬亿만억조천千百](?:\d+(?:\.\d+)?)?)*)"
)
_GROUPED: Final = re.compile(rf"\d{{1,3}}(?:[ {_SPACES}]\d{{3}})+(?!\d)")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_WORD_OR_SIGN: Final = re.compile(r"[^\W\d_]+|[^\s-]")  # a sign ends a number
_HAN: Final = re.compile(
    r"(?P<number>[一二三四五六七八九十百千万億兆萬亿〇零两兩]+)"
    r"(?P<behind>[人年月日件社国カか回歳円倍割個名台個个国國家岁歲次天元])?"
)
_HAN_DIGITS: Final = {
    char: value for value, chars in enumerate(
        ("〇零", "一", "二两兩", "三", "四", "五", "六", "七", "八", "九")
    ) for char in chars
}  # fmt: skip
_HAN_TENS: Final = {"十": 10, "百": 100, "千": 1000, "천": 1000}
_HAN_SCALES: Final = {
    **dict.fromkeys("万萬만", 10**4),
    **dict.fromkeys("億亿억", 10**8),
    **dict.fromkeys("兆조", 10**12),
}
_HAN_FACTORS: Final = {**_HAN_TENS, **_HAN_SCALES}
_COUNTED_IN_TENS: Final = frozenset("人名件台個个回家")
_BEFORE_NO_COUNT: Final = frozenset("数數几幾第")  # 数十人, 第三
_ONE_OF: Final = frozenset("日年月个個次家国人")
_AMBIGUOUS: Final = frozenset({"may", "mar", "mai", "mart", "sen"})  # words of their own, too
_COMPOUND: Final = {"de": "und", "nl": "en"}
_JOINED: Final = frozenset({"de", "it", "nl"})  # write zweihundert in one word
_AND: Final = "\u0648"  # in Arabic, written to the word behind it
_A_HUNDRED: Final = 100
_LONGEST_WORD: Final = 40


class WrittenNumber(NamedTuple):
    """A number in words, and where it stands in the text."""

    value: Decimal
    start: int
    end: int


def numbers_in(text: str, language: str) -> frozenset[Decimal]:
    """Return the values of all numbers of *text*, and the numbers of the months that it names."""
    text = normalize("NFKC", text[:LONGEST]).translate(_ARABIC)
    text = _GROUPED.sub(_ungrouped, text)
    found = {*_of_digits(text, language), *_of_words(text, language), *_of_han(text)}
    found |= {Decimal(month) for month in months_in(text, language)}
    return frozenset(found)


def months_in(text: str, language: str) -> frozenset[int]:
    """Return the months that *text* names by their words, such as "March" or "Mar."."""
    written = {word.casefold() for word in _LETTERS.findall(text)}
    return frozenset(
        month
        for name, month in months_of(language).items()
        if name in written and name not in _AMBIGUOUS
    )


def _ungrouped(found: re.Match[str]) -> str:
    return re.sub(r"\D", "", found[0])


def _of_digits(text: str, language: str) -> Iterator[Decimal]:
    scales = _scales(language)
    for found in _NUMBER.finditer(text):
        rest = found["rest"]
        value = value_of(found[0][: len(found[0]) - len(rest)], language)
        if rest:
            yield _with_scales(value, rest)
            continue
        behind = _LETTERS.match(text, found.end() + (text[found.end() : found.end() + 1] in " -"))
        factor = scales.get(behind[0].casefold(), 1) if behind else 1
        yield _plain(value * factor)


def value_of(digits: str, language: str) -> Decimal:
    """Return the value of *digits* with separators, by the decimal mark of the language."""
    mark = _decimal_mark(language)
    ascii_digits = "".join(str(int(char)) if char.isdigit() else char for char in digits)
    marks = [char for char in ascii_digits if not char.isdigit()]
    if marks:
        last = marks[-1]
        tail = len(ascii_digits.rpartition(last)[2])
        is_decimal = (
            last in ".," and marks.count(last) == 1 and (tail != 3 or last == mark)  # noqa: PLR2004
            and not (len(set(marks)) == 1 and tail == 3 and last != mark)  # noqa: PLR2004
        )  # fmt: skip
        whole, _, part = ascii_digits.rpartition(last)
        if is_decimal:
            return _plain(Decimal(re.sub(r"\D", "", whole) + "." + part))
    return Decimal(re.sub(r"\D", "", ascii_digits))


def _with_scales(value: Decimal, rest: str) -> Decimal:
    """Return 1億2000万 from 1 and 億2000万."""
    total, current = Decimal(0), value
    for scale, more in re.findall(r"([^\d.])(\d+(?:\.\d+)?)?", rest):
        if scale in _HAN_SCALES:
            total += current * _HAN_SCALES[scale]
            current = Decimal(0)
        else:
            current *= _HAN_TENS[scale]
        current += Decimal(more) if more else 0
    return _plain(total + current)


def _of_words(text: str, language: str) -> Iterator[Decimal]:
    return (found.value for found in _spelled(text, language))


def written_numbers(text: str, language: str) -> Iterator[WrittenNumber]:
    """Yield the numbers of *text* that are written without a digit."""
    yield from _spelled(text, language)
    yield from _han(text)


def scale_behind(text: str, end: int, language: str) -> tuple[int, int]:
    """Return the factor of the scale behind a number that ends at *end*, and where the scale ends.

    Without a scale, these are 1 and *end*.
    """
    start = end + (text[end : end + 1] in " \u00a0-")
    found = _LETTERS.match(text, start)
    if found and (factor := _scales(language).get(found[0].casefold())):
        return factor, found.end()
    factor = 1
    while text[end : end + 1] in _HAN_FACTORS:
        factor, end = factor * _HAN_FACTORS[text[end]], end + 1
    return factor, end


def _spelled(text: str, language: str) -> Iterator[WrittenNumber]:
    vocabulary = _vocabulary(language)
    found = list(_WORD_OR_SIGN.finditer(text)) if vocabulary.names else []
    tokens = [token[0].casefold() for token in found]
    at = 0
    while at < len(tokens):
        read = vocabulary.read(tokens, at)
        if read is None:
            at += 1
            continue
        value, last = read
        if vocabulary.stands_at(tokens, at, last):
            yield WrittenNumber(Decimal(value), found[at].start(), found[last - 1].end())
        at = last


class _Vocabulary(NamedTuple):
    names: Mapping[str, int]
    scales: Mapping[str, int]
    joiners: frozenset[str]
    counters: tuple[str, ...]
    vague: frozenset[str]
    phrases: Mapping[str, Sequence[tuple[tuple[str, ...], int]]]  # by first word, longest first
    is_joined: bool

    def read(self, tokens: Sequence[str], at: int) -> tuple[int, int] | None:
        """Return the number that begins at token *at*, and the token behind it."""
        first = self._part(tokens, at)
        if first is None:
            return None
        current, at = first
        if current == 1 and (at >= len(tokens) or tokens[at] not in self.scales):
            return None  # an article, unless a million is behind it
        total = 0
        while at < len(tokens):
            if factor := self.scales.get(tokens[at]):
                total, current = _times(total, current, factor)
                at += 1
                continue
            is_joined = tokens[at] in self.joiners
            more = self._part(tokens, at + is_joined)
            is_behind_unit = tokens[at].startswith(_AND)
            if more is None or not _may_follow(
                current or total, more[0], is_behind_unit=is_behind_unit
            ):
                break
            current, at = current + more[0], more[1]
        return total + current, at

    def stands_at(self, tokens: Sequence[str], first: int, end: int) -> bool:
        """Return whether the words are a number here: exact, and with a counter if need be."""
        if first and tokens[first - 1] in self.vague:
            return False
        behind = tokens[end] if end < len(tokens) else ""
        return not self.counters or behind.startswith(self.counters)

    def _part(self, tokens: Sequence[str], at: int) -> tuple[int, int] | None:
        if at >= len(tokens):
            return None
        for phrase, value in self.phrases.get(tokens[at], ()):
            if tuple(tokens[at : at + len(phrase)]) == phrase:
                return value, at + len(phrase)
        found = self.names.get(tokens[at]) or self._joined(tokens[at])
        return (found, at + 1) if found else None

    def _joined(self, word: str) -> int | None:
        """Return the value of a number that is written in one word, such as zweihundertfünf."""
        if not self.is_joined or len(word) > _LONGEST_WORD:
            return None
        total = current = 0
        while word:
            part = next((word[:n] for n in range(len(word), 1, -1) if self._knows(word[:n])), "")
            if not part:
                return None
            word = word.removeprefix(part)
            value = self.names.get(part, 0)
            if current and part in self.scales:
                total, current = _times(total, current, self.scales[part])
            elif not (current or total) or _may_follow(current or total, value):
                current += value
            else:
                return None
        return total + current or None

    def _knows(self, part: str) -> bool:
        return part in self.names or part in self.scales


def _times(total: int, current: int, factor: int) -> tuple[int, int]:
    """Multiply the last part, as in two thousand; a scale from a thousand on ends it."""
    if not current:  # "a hundred thousand million"
        return total * factor, 0
    if factor > _A_HUNDRED:
        return total + current * factor, 0
    part = current % factor or current  # in two hundred three tens, the three
    return total, current - part + part * factor


def _may_follow(before: int, value: int, *, is_behind_unit: bool = False) -> bool:
    """Return whether a number goes on with a part of this value: twenty-two, two hundred six.

    *is_behind_unit*: tens may stand behind the unit: five and twenty.
    """
    if is_behind_unit and 0 < before % _A_HUNDRED < 10 <= value < _A_HUNDRED:  # noqa: PLR2004
        return value % 10 == 0
    room = next((10**n for n in (3, 2, 1) if before % 10**n == 0), 1)
    return 0 < value < room


@cache
def _vocabulary(language: str) -> _Vocabulary:
    names = _names(language)
    code = language[:2]
    phrases: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for name, value in names.items():
        if "_" in name:
            parts = tuple(name.split("_"))
            phrases.setdefault(parts[0], []).append((parts, value))
    return _Vocabulary(
        names=names,
        scales=_scales(language),
        joiners=frozenset(words("number_joiners").get(code, ())),
        counters=words("number_counters").get(code, ()),
        vague=frozenset(words("vague_words").get(code, ())),
        phrases={
            first: sorted(held, key=lambda each: -len(each[0])) for first, held in phrases.items()
        },
        is_joined=code in _JOINED,
    )


def _of_han(text: str) -> Iterator[Decimal]:
    return (found.value for found in _han(text))


def _han(text: str) -> Iterator[WrittenNumber]:
    for found in _HAN.finditer(text):
        number, behind = found["number"], found["behind"]
        before = text[found.start() - 1 : found.start()]
        is_round = behind in _COUNTED_IN_TENS and number[0] in _HAN_TENS
        has_unit = is_round or any(char in _HAN_DIGITS for char in number)
        if before.isdigit() or before in _BEFORE_NO_COUNT or not has_unit:
            continue
        if not (len(number) > 1 or behind) or (number == "一" and behind in _ONE_OF):
            continue
        yield WrittenNumber(Decimal(_han_value(number)), found.start(), found.end("number"))


def _han_value(number: str) -> int:
    if all(char in _HAN_DIGITS for char in number):
        return int("".join(str(_HAN_DIGITS[char]) for char in number))
    total = section = digit = 0
    for char in number:
        if char in _HAN_DIGITS:
            digit = _HAN_DIGITS[char]
        elif char in _HAN_TENS:
            section, digit = section + (digit or 1) * _HAN_TENS[char], 0
        else:
            total, section, digit = total + (section + digit or 1) * _HAN_SCALES[char], 0, 0
    return total + section + digit


def _plain(value: Decimal) -> Decimal:
    return value.normalize() if value else Decimal(0)


@cache
def _names(language: str) -> Mapping[str, int]:
    """Return the number words of a language, with compounds such as twenty-two in German."""
    pairs = {word: int(value) for word, value in _pairs("number_words", language)}
    joint = _COMPOUND.get(language[:2])
    if joint:
        tens = {word: value for word, value in pairs.items() if 20 <= value < 100}  # noqa: PLR2004
        units = {word: value for word, value in pairs.items() if value < 10} | {"ein": 1, "een": 1}  # noqa: PLR2004
        pairs |= {
            f"{unit}{joint}{ten}": one + more
            for unit, one in units.items()
            for ten, more in tens.items()
        }
    if language[:2] == "ar":
        pairs |= {f"{_AND}{word}": value for word, value in pairs.items()}
    return pairs


@cache
def _scales(language: str) -> Mapping[str, int]:
    return {
        word: int(value[1:]) if value.startswith("*") else 10 ** int(value)
        for word, value in _pairs("number_scales", language)
    }


def _pairs(section: str, language: str) -> Iterator[tuple[str, str]]:
    for entry in words(section).get(language[:2], ()):
        word, _, value = entry.partition("=")
        yield word.casefold(), value


@cache
def locale_of(language: str) -> Locale:
    """Return the locale of CLDR for a tag, that of English if there is none."""
    for tag in (language, language[:2]):
        try:
            return Locale.parse(tag.replace("-", "_"))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return Locale("en")


@cache
def _decimal_mark(language: str) -> str:
    symbols = locale_of(language).number_symbols
    return str(symbols.get("latn", symbols).get("decimal", "."))


@cache
def months_of(language: str) -> Mapping[str, int]:
    """Return the number of each month by its names in lower case."""
    names = locale_of(language).months
    found: dict[str, int] = {}
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for month, name in names.get(context, {}).get(width, {}).items():
                word = str(name).rstrip(".").casefold()
                if word.isalpha():
                    found[word] = month
    return found
