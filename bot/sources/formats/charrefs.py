"""Character references that stand for no character, such as `&#x110000;` and numbers without end.

Parsers trip over them: one in a summary would cost the whole feed. Two that are the halves of a
character, as some programs write an emoji, become it.
"""

import re

# Escaped ones too, which come to light when the markup inside is read.
_REFERENCE = r"&(?:amp;)*#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?"
_ONE = re.compile(_REFERENCE)
_HALVES = re.compile(_REFERENCE.replace("+", "{4,6}") * 2)
_HIGH = range(0xD800, 0xDC00)
_LOW = range(0xDC00, 0xE000)
_BEYOND = 0x110000
_LONGEST = 8  # digits that can matter, and that a number is made of in no time


def possible(text: str) -> str:
    """*text* without references to what is no character."""
    return _ONE.sub(_checked, _HALVES.sub(_joined, text)) if "#" in text else text


def _joined(found: re.Match[str]) -> str:
    high, low = _number(found[1], found[2]), _number(found[3], found[4])
    if high not in _HIGH or low not in _LOW:
        return found[0]
    return chr(0x10000 + (high - _HIGH.start) * len(_LOW) + (low - _LOW.start))


def _checked(found: re.Match[str]) -> str:
    number = _number(found[1], found[2])
    is_possible = 0 < number < _BEYOND and number not in _HIGH and number not in _LOW
    return found[0] if is_possible else ""


def _number(hexadecimal: str | None, decimal: str | None) -> int:
    digits, base = (hexadecimal, 16) if hexadecimal else (decimal or "", 10)
    return int(digits.lstrip("0")[:_LONGEST] or "0", base)
