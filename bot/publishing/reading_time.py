"""Reading time: how long it takes to read a text, estimated from its words and characters.

Source of the speeds: Trauzettel-Klosinski and Dietz, "Standardized Assessment of Reading
Performance: The New International Reading Speed Texts IReST", 2012 (means of silent reading).
"""

import re
from collections.abc import Mapping
from functools import lru_cache

# Words a minute, by language code.
_WORDS: Mapping[str, int] = {
    "ar": 138, "de": 179, "en": 228, "es": 218, "fi": 161, "fr": 195, "he": 187, "it": 188,
    "nl": 202, "pl": 166, "pt": 181, "ru": 184, "sl": 180, "sv": 199, "tr": 166,
}  # fmt: skip
_ANY_WORDS = 184  # the mean of all languages that write words apart
_HAN_A_MINUTE, _KANA_A_MINUTE = 255, 357  # characters of Chinese and of Japanese

_KANA = re.compile(r"[\u3040-\u30ff]")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORD = re.compile(r"\w+(?:['\u2019\-.]\w+)*")


# Cached, because many readers get the same stories.
@lru_cache(maxsize=8192)
def reading_seconds(title: str, text: str = "", language: str = "") -> float:
    """Return how long a reader of *language* (an IETF tag) needs for a story."""
    return _seconds(title, language) + _seconds(text, language)


def _seconds(text: str, language: str) -> float:
    characters = len(_CJK.findall(text))
    words = len(_WORD.findall(_CJK.sub(" ", text) if characters else text))
    a_minute = _KANA_A_MINUTE if _KANA.search(text) else _HAN_A_MINUTE
    code = language.partition("-")[0].lower()
    return 60 * (words / _WORDS.get(code, _ANY_WORDS) + characters / a_minute)


def minutes_of(seconds: float) -> int:
    """Return whole minutes, at least one."""
    return max(1, round(seconds / 60))
