"""What comes again and again where no spaces are written: a word there has no other sign.

In Japanese a run of kanji between kana is a word by itself. In Chinese, and in Thai, a sentence is
one run: there a word is what the title and the text have both, as long as it can be made.
"""

import re
from collections.abc import Iterator
from typing import Final

_KANA: Final = re.compile("[\u3041-\u3096]")
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\u3005]{2,8}")
_RUN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]{2,}|[\u0e00-\u0e7f]{4,}")
_GRAMMAR: Final = frozenset(
    "的了是在不一有和也就我他她它之而与與于於对對及或被把将將為为从從到以等这這那其中上下"
)
_THAI_MARKS: Final = re.compile("[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")
_LONGEST: Final = {False: 6, True: 12}  # characters; of Thai the second
_SHORTEST: Final = {False: 2, True: 4}


def repeated_in(title: str, text: str) -> Iterator[str]:
    """Yield the words of *title* that *text* has too, the longest at each place."""
    if _KANA.search(title + text[:200]):
        yield from (word for word in _HAN.findall(title) if not text or word in text)
        return
    for run in _RUN.findall(title):
        yield from _shared(run, text)


def _shared(run: str, text: str) -> Iterator[str]:
    is_thai = run >= "\u0e00" and run < "\u0e80"
    at = 0
    while at < len(run):
        longest = min(_LONGEST[is_thai], len(run) - at)
        lengths = range(longest, _SHORTEST[is_thai] - 1, -1)
        word = next((run[at : at + n] for n in lengths if _is_word(run, at, n, text)), "")
        if word:
            yield word
        at += len(word) or 1


def _is_word(run: str, at: int, length: int, text: str) -> bool:
    word, behind = run[at : at + length], run[at + length : at + length + 1]
    if _THAI_MARKS.match(word) or _THAI_MARKS.match(behind):
        return False
    return _GRAMMAR.isdisjoint((word[0], word[-1])) and word in text
