"""What of a text could be watched for: its names, what it quotes, its rare words, as queries.

By what it says first and often. Each script has its own signs of a name:

1. where there are capitals, a run of them inside a sentence;
2. where no spaces are written, a run of kanji or katakana, or characters that come again together;
3. elsewhere a longer word that title and text have both; of Korean without its particle.

Numbers, days and words that stand everywhere are none. What is quoted is a phrase.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from bot.matching.query import is_readable
from bot.matching.repeating import repeated_in
from bot.matching.stopwords import STOP_WORDS
from bot.matching.telling import names_in, names_of_text, says_nothing

MOST: Final = 4
LONGEST: Final = 40  # bytes of a query: it stands in a button
_READ: Final = 4000  # characters of the text
_QUOTED: Final = re.compile(
    "\u201c([^\u201c\u201d]+)\u201d|\u201e([^\u201e\u201c\u201d]+)[\u201c\u201d]|\u00ab([^\u00ab\u00bb]+)\u00bb"
    '|\u300c([^\u300c\u300d]+)\u300d|\u300e([^\u300e\u300f]+)\u300f|(?<!\\w)"([^"]+)"(?!\\w)'
)
_WORDS_OF_A_PHRASE: Final = range(2, 6)
_SIGNS_OF_A_PHRASE: Final = range(2, 13)  # where no spaces are written
_WORD: Final = re.compile(r"[^\W\d_]+(?:[-\u2019'][^\W\d_]+)*")
_ABBREVIATED: Final = re.compile(r"\w(?:\.\w)+")
_CAPITALS: Final = re.compile("[A-Za-z\u00c0-\u024f\u0370-\u052f\u1e00-\u1fff]")
_HANGUL: Final = re.compile("[\uac00-\ud7a3]{2,}")
_PARTICLE: Final = re.compile(
    "(?:\uc5d0\uc11c|\uc73c\ub85c|\uc5d0\uac8c|\uae4c\uc9c0|\ubd80\ud130|[\uc740\ub294\uc774\uac00\uc744\ub97c\uc758\uc5d0\ub3c4\ub85c\uc640\uacfc])$"
)
_UNSPACED: Final = re.compile("[\u3041-\u30ff\u3400-\u9fff\u0e00-\u0eff]")
_LONG: Final = {True: 8, False: 4}  # letters of a telling word, with capitals and without
_SHORT: Final = 5  # letters of a word where there are no longer ones
_SEVERAL: Final = 2


def suggested(title: str, text: str, most: int = MOST) -> list[str]:
    """Return up to *most* queries, the best first; none where nothing stands out.

    *title* may be the first line of what has none.
    """
    text = text[:_READ]
    whole = f"{title}\n{text}".casefold()
    named = _unlike(_ranked(_named(title, text), title, whole))
    found = _unlike([*named, *_ranked(_rare(title, text), title, whole)])
    if len(found) < _SEVERAL:
        found = _unlike([*found, *_ranked(_rare(title, text, _SHORT), title, whole)])
    queries = [each for each in map(_query, found) if each]
    if _SEVERAL <= len(queries) < most or (len(queries) > most and len(named) >= _SEVERAL):
        both = f"{queries[0]} {queries[1]}"
        if len(both.encode()) <= LONGEST and is_readable(both):
            queries.insert(min(len(queries), most - 1), both)
    return queries[:most]


def _named(title: str, text: str) -> Iterator[str]:
    yield from names_in(title, text)
    yield from _quoted(f"{title}\n{text}")
    counted = Counter(names_of_text(text))
    yield from (name for name, times in counted.items() if times >= _SEVERAL or not title)
    yield from repeated_in(title, text)
    yield from _korean(title, text)


def _quoted(text: str) -> Iterator[str]:
    for found in _QUOTED.finditer(text):
        words = " ".join(next(filter(None, found.groups())).split()).strip(".,!?;:\u3002\u3001")
        count, most = (
            (len(words), _SIGNS_OF_A_PHRASE)
            if _UNSPACED.search(words)
            else (len(words.split()), _WORDS_OF_A_PHRASE)
        )
        if count in most:
            yield words


def _korean(title: str, text: str) -> Iterator[str]:
    stems = [_PARTICLE.sub("", word) if len(word) > _SEVERAL else word
             for word in _HANGUL.findall(title)]  # fmt: skip
    yield from (stem for stem in stems if len(stem) >= _SEVERAL and stem in text)


def _rare(title: str, text: str, least: int = 0) -> Iterator[str]:
    """The longer words that title and text have both; of one alone all of them."""
    others = set(_WORD.findall(text.casefold()))
    for word in _WORD.findall(title or text):
        has_capitals = bool(_CAPITALS.match(word))
        is_long = len(word) >= (least or _LONG[has_capitals])
        has_sign = _UNSPACED.search(word) or _HANGUL.search(word)
        if is_long and not has_sign and (not others or word.casefold() in others):
            yield word if not has_capitals or word.isupper() else word.casefold()


def _ranked(found: Iterable[str], title: str, whole: str) -> list[str]:
    """What the title says comes first, then what comes often; of equals the longer."""
    heading = title.casefold()

    def rank(name: str) -> tuple[bool, int, int]:
        folded = name.casefold()
        return folded in heading, min(whole.count(folded), 5), len(name)

    return sorted((each for each in dict.fromkeys(found) if _tells(each)), key=rank, reverse=True)


def _tells(name: str) -> bool:
    words = name.casefold().split()
    is_number = any(char.isdigit() for char in name) and not any(map(str.isalpha, name))
    return not is_number and not says_nothing(name) and not STOP_WORDS.issuperset(words)


def _unlike(names: Iterable[str]) -> list[str]:
    """Leave out what is within another, or has another within it."""
    kept: list[str] = []
    for name in names:
        folded = name.casefold()
        if not any(folded in other.casefold() or other.casefold() in folded for other in kept):
            kept.append(name)
    return kept


def _query(name: str) -> str:
    bare = name.replace('"', " ").strip()
    bare += "." if _ABBREVIATED.fullmatch(bare) else ""
    typed = bare if _WORD.fullmatch(bare) else f'"{bare}"'
    return typed if len(typed.encode()) <= LONGEST and is_readable(typed) else ""
