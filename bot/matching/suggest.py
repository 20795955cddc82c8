"""Suggesting queries for a text: its names, its quotations, its rare words.

Early and frequent ones come first. Each kind of script has its own signs of a name:

1. with capitals: a run of capitalized words inside a sentence. If a title has capitals everywhere,
   its names are those that the text has too;
2. without spaces: in Japanese a run of kanji between kana, or of katakana; in Chinese and Thai the
   longest run of characters that title and text share;
3. others: a longer word that title and text share; in Korean without its particle.

Numbers, days and words that are everywhere are no names. A quotation is a phrase.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bot.languages import all_words
from bot.matching.query import is_readable
from bot.text.stopwords import STOP_WORDS

_KANA: Final = re.compile("[\u3041-\u3096]")
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\u3005]{2,8}")
_RUN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]{2,}|[\u0e00-\u0e7f]{4,}")
_WORD_BREAKS: Final = frozenset(all_words("word_breaks"))
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
    return _WORD_BREAKS.isdisjoint((word[0], word[-1])) and word in text


# As long as fits into a button.
_LONGEST_NAME: Final = 40  # bytes
_NAMES_READ: Final = 4000  # characters of the text
_FEW_CAPITALS: Final = 0.6  # of the longer words
_LONGER: Final = 3
_ENDS: Final = frozenset(".!?:;|\u2013\u2014\u2019\"'")  # behind them a sentence may begin
_EDGES: Final = "\"'.,:;!?()[]{}\u2018\u2019\u201c\u201d\u00ab\u00bb\u2026"
_OWNING: Final = re.compile("['\u2019]s?$")
_KATAKANA: Final = re.compile("[\u30a1-\u30fa\u30fc]{4,}")
_SAY_NOTHING: Final = STOP_WORDS.union(all_words("calendar_words"))


def names_in(title: str, text: str) -> list[str]:
    """Return what *title* names, the longest first; none within another."""
    words = title.split()
    longer = [word for word in words if len(word) > _LONGER]
    found = list(_KATAKANA.findall(title))
    if sum(word[:1].isupper() for word in longer) <= _FEW_CAPITALS * len(longer):
        found += _runs(words)
    bare = f" {' '.join(map(_bare, words))} ".casefold()
    found += [name for name in _runs(text[:_NAMES_READ].split()) if f" {name} ".casefold() in bare]
    return _kept(found)


def names_of_text(text: str) -> list[str]:
    """Return the names in *text*, each as often as it stands there."""
    return [
        name
        for name in _runs(text[:_NAMES_READ].split())
        if len(name) > 1 and not says_nothing(name)
    ]


def says_nothing(name: str) -> bool:
    return name.casefold() in _SAY_NOTHING


def _runs(words: Sequence[str]) -> Iterator[str]:
    """Yield each run of capitals that does not stand where a sentence begins."""
    run: list[str] = []
    begins = True  # a sentence
    for word in (*words, ""):
        is_name = _bare(word)[:1].isupper() and not (begins and not run)
        if is_name:
            run.append(_bare(word))
        if run and (not is_name or word[-1:] in _EDGES or _OWNING.search(word)):
            yield " ".join(run)
            run = []
        begins = word[-1:] in _ENDS


def _bare(word: str) -> str:
    return _OWNING.sub("", word.strip(_EDGES))


def _kept(found: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for name in sorted(dict.fromkeys(found), key=lambda name: -len(name.split())):
        folded = name.casefold()
        is_telling = len(name) > 1 and not says_nothing(name)
        within = any(f" {folded} " in f" {longer.casefold()} " for longer in kept)
        if is_telling and not within and len(name.encode()) <= _LONGEST_NAME:
            kept.append(name)
    return kept


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
_PARTICLE: Final = re.compile(f"(?:{'|'.join(all_words('particles'))})$")
_UNSPACED: Final = re.compile("[\u3041-\u30ff\u3400-\u9fff\u0e00-\u0eff]")
_LONG: Final = {True: 8, False: 4}  # letters of a word worth suggesting, with capitals and without
_SHORT: Final = 5  # letters of a word where there are no longer ones
_SEVERAL_TIMES: Final = 2


def suggested(title: str, text: str, most: int = MOST) -> list[str]:
    """Return up to *most* queries, the best first; none where nothing stands out.

    *title* may be the first line of what has none.
    """
    text = text[:_READ]
    whole = f"{title}\n{text}".casefold()
    named = _unlike(_ranked(_named(title, text), title, whole))
    found = _unlike([*named, *_ranked(_rare(title, text), title, whole)])
    if len(found) < _SEVERAL_TIMES:
        found = _unlike([*found, *_ranked(_rare(title, text, _SHORT), title, whole)])
    queries = [each for each in map(_query, found) if each]
    if _SEVERAL_TIMES <= len(queries) < most or (
        len(queries) > most and len(named) >= _SEVERAL_TIMES
    ):
        both = f"{queries[0]} {queries[1]}"
        if len(both.encode()) <= LONGEST and is_readable(both):
            queries.insert(min(len(queries), most - 1), both)
    return queries[:most]


def _named(title: str, text: str) -> Iterator[str]:
    yield from names_in(title, text)
    yield from _quoted(f"{title}\n{text}")
    counted = Counter(names_of_text(text))
    yield from (name for name, times in counted.items() if times >= _SEVERAL_TIMES or not title)
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
    stems = [_PARTICLE.sub("", word) if len(word) > _SEVERAL_TIMES else word
             for word in _HANGUL.findall(title)]  # fmt: skip
    yield from (stem for stem in stems if len(stem) >= _SEVERAL_TIMES and stem in text)


def _rare(title: str, text: str, least: int = 0) -> Iterator[str]:
    """Yield the longer words that title and text share; all of them if only one is given."""
    others = set(_WORD.findall(text.casefold()))
    for word in _WORD.findall(title or text):
        has_capitals = bool(_CAPITALS.match(word))
        is_long = len(word) >= (least or _LONG[has_capitals])
        has_sign = _UNSPACED.search(word) or _HANGUL.search(word)
        if is_long and not has_sign and (not others or word.casefold() in others):
            yield word if not has_capitals or word.isupper() else word.casefold()


def _ranked(found: Iterable[str], title: str, whole: str) -> list[str]:
    """Rank names in the title first, then frequent ones, then longer ones."""
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
