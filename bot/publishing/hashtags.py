"""Hashtags: the name of a topic as one word that Telegram makes searchable in a chat."""

import re
from collections.abc import Iterable
from typing import Final
from unicodedata import category, normalize

_LONGEST: Final = 60  # characters
_MOST: Final = 5
_WORD: Final = re.compile(r"\w+")
_APOSTROPHES: Final = re.compile("['\u2019\u02bc]")


def hashtag(name: str) -> str:
    """Return the hashtag for a topic called *name*: `CentralBanks`; "" if there is none.

    Telegram ends a hashtag at anything but letters, digits and underscores. Names in a script that
    writes vowels as marks would be torn apart, so they have none. Neither do numbers.
    """
    name = normalize("NFC", _APOSTROPHES.sub("", name))
    if any(category(char).startswith("M") for char in name):
        return ""
    words = _WORD.findall(name)
    tag = "".join(word[:1].upper() + word[1:] for word in words) if len(words) > 1 else name
    tag = "".join(_WORD.findall(tag))
    is_word = any(char.isalpha() for char in tag) and len(tag) <= _LONGEST
    return tag if is_word else ""


def hashtags(names: Iterable[str]) -> tuple[str, ...]:
    """Return the different hashtags of the first topics, in their order, without their signs."""
    return tuple(dict.fromkeys(filter(None, map(hashtag, names))))[:_MOST]
