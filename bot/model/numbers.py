"""The numbers of a text, as values that can be compared across languages.

Digits of any script count, with the separators of the language, and number words from two on. A
scale behind a number multiplies it: "1.5 million", "150万" and "1,500,000" are one value. A date or
a time is several numbers. The month of a date counts as a number, too, because Japanese writes it
as one.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

from babel import Locale, UnknownLocaleError

WORDS: Final[Mapping[str, Any]] = tomllib.loads(
    Path(__file__).with_name("words.toml").read_text(encoding="utf-8")
)
LONGEST: Final = 40_000  # characters of a text that are looked at

_ARABIC: Final = {0x66B: ".", 0x66C: ","}  # the separators of Arabic digits
_SPACES: Final = "\u00a0\u2009\u202f'\u2019"
_NUMBER: Final = re.compile(
    rf"\d+(?:[.,{_SPACES}](?=\d)\d+)*(?P<rest>(?:[万億兆萬亿만억조천千百](?:\d+(?:\.\d+)?)?)*)"
)
_GROUPED: Final = re.compile(rf"\d{{1,3}}(?:[ {_SPACES}]\d{{3}})+(?!\d)")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
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
_AMBIGUOUS: Final = frozenset({"may", "mar", "mai", "mart", "sen"})  # words of their own, too
_COMPOUND: Final = {"de": "und", "nl": "en"}


def numbers_in(text: str, language: str) -> frozenset[Decimal]:
    """Return the values of all numbers of *text*, and the numbers of the months that it names."""
    text = normalize("NFKC", text[:LONGEST]).translate(_ARABIC)
    text = _GROUPED.sub(_ungrouped, text)
    found = {*_of_digits(text, language), *_of_words(text, language), *_of_han(text)}
    found |= {Decimal(month) for month in months_in(text, language)}
    return frozenset(found)


def months_in(text: str, language: str) -> frozenset[int]:
    """Return the months that *text* names by their words, such as "March" or "Mar."."""
    words = {word.casefold() for word in _LETTERS.findall(text)}
    return frozenset(
        month
        for name, month in months_of(language).items()
        if name in words and name not in _AMBIGUOUS
    )


def _ungrouped(found: re.Match[str]) -> str:
    return re.sub(r"\D", "", found[0])


def _of_digits(text: str, language: str) -> Iterator[Decimal]:
    scales = _scales(language)
    for found in _NUMBER.finditer(text):
        rest = found["rest"]
        value = _value(found[0][: len(found[0]) - len(rest)], language)
        if rest:
            yield _with_scales(value, rest)
            continue
        behind = _LETTERS.match(text, found.end() + (text[found.end() : found.end() + 1] in " -"))
        power = scales.get(behind[0].casefold(), 0) if behind else 0
        yield _plain(value.scaleb(power))


def _value(digits: str, language: str) -> Decimal:
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
    names, scales = _names(language), _scales(language)
    words = [word.casefold() for word in _LETTERS.findall(text)]
    at = 0
    while at < len(words):
        value = names.get(words[at])
        at += 1
        if value is None:
            continue
        while at < len(words):
            following = words[at]
            unit = names.get(following)
            if following in scales:
                value *= 10 ** scales[following]
            elif unit and unit < 10 <= value and value % 10 == 0:  # noqa: PLR2004 - twenty two
                value += unit
            else:
                break
            at += 1
        yield Decimal(value)


def _of_han(text: str) -> Iterator[Decimal]:
    for found in _HAN.finditer(text):
        number = found["number"]
        before = text[found.start() - 1 : found.start()]
        has_unit = any(char in _HAN_DIGITS for char in number)
        if before.isdigit() or not has_unit or not (len(number) > 1 or found["behind"]):
            continue
        if number == "一" and found["behind"] in {
            "日",
            "年",
            "月",
            "个",
            "個",
            "次",
            "家",
            "国",
            "人",
        }:
            continue
        yield Decimal(_han_value(number))


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
    pairs = _pairs("numbers", language)
    joint = _COMPOUND.get(language[:2])
    if joint:
        tens = {word: value for word, value in pairs.items() if 20 <= value < 100}  # noqa: PLR2004
        units = {word: value for word, value in pairs.items() if value < 10} | {"ein": 1, "een": 1}  # noqa: PLR2004
        pairs |= {
            f"{unit}{joint}{ten}": one + more
            for unit, one in units.items()
            for ten, more in tens.items()
        }
    return pairs


@cache
def _scales(language: str) -> Mapping[str, int]:
    return _pairs("scales", language)


def _pairs(section: str, language: str) -> dict[str, int]:
    words = WORDS[section].get(language[:2], "").split()
    return {
        word.casefold(): int(value) for word, _, value in (pair.partition("=") for pair in words)
    }


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
