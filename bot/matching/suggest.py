"""Suggests queries for a text: its names, its quotations and its rare words.

Early and frequent ones come first. In each kind of script, something else looks like a name:

1. with capitals: a run of capitalized words inside a sentence. If a title is all capitalized, only
   names that are also in the text count;
2. without spaces: in Japanese a run of kanji between kana, or of katakana; in Chinese and Thai the
   longest run of characters that title and text share;
3. others: a longer word that title and text share, in Korean without its particle.

Numbers, days and very common words are no names. A quotation is a phrase.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bot.languages import all_words
from bot.matching.query import is_readable
from bot.text.characters import is_number
from bot.text.stopwords import STOP_WORDS

MOST: Final = 4
LONGEST: Final = 40  # bytes of a query, which stands in a button
_READ: Final = 4_000  # characters of the text
_SEVERAL: Final = 2
_LONG: Final = {True: 8, False: 4}  # letters of a word worth suggesting; True: script has capitals
_SHORT: Final = 5  # letters, if there are no longer words
_WORDS_OF_A_PHRASE: Final = range(2, 6)
_SIGNS_OF_A_PHRASE: Final = range(2, 13)  # in scripts without spaces
_QUOTED: Final = re.compile(
    "\u201c([^\u201c\u201d]+)\u201d|\u201e([^\u201e\u201c\u201d]+)[\u201c\u201d]|\u00ab([^\u00ab\u00bb]+)\u00bb"
    '|\u300c([^\u300c\u300d]+)\u300d|\u300e([^\u300e\u300f]+)\u300f|(?<!\\w)"([^"]+)"(?!\\w)'
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:[-\u2019'][^\W\d_]+)*")
_ABBREVIATED: Final = re.compile(r"\w(?:\.\w)+")
_COMMONPLACE: Final = STOP_WORDS.union(all_words("calendar_words"))

# Scripts with capitals.
_TITLE_CASE: Final = 0.6  # of the longer words
_LONGER: Final = 3
_CAPITALS: Final = re.compile("[A-Za-z\u00c0-\u024f\u0370-\u052f\u1e00-\u1fff]")
_SENTENCE_ENDS: Final = frozenset(".!?:;|\u2013\u2014\u2019\"'")
_EDGES: Final = "\"'.,:;!?()[]{}\u2018\u2019\u201c\u201d\u00ab\u00bb\u2026"
_POSSESSIVE: Final = re.compile("['\u2019]s?$")

# Scripts without spaces, and Korean.
_UNSPACED: Final = re.compile("[\u3041-\u30ff\u3400-\u9fff\u0e00-\u0eff]")
_HIRAGANA: Final = re.compile("[\u3041-\u3096]")
_KATAKANA: Final = re.compile("[\u30a1-\u30fa\u30fc]{4,}")
_KANJI: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\u3005]{2,8}")
_RUN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]{2,}|[\u0e00-\u0e7f]{4,}")
_LONGEST_RUN: Final = {False: 6, True: 12}  # characters; True: in Thai
_SHORTEST_RUN: Final = {False: 2, True: 4}
_THAI_MARKS: Final = re.compile("[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")
_WORD_BREAKS: Final = frozenset(all_words("word_breaks"))
_HANGUL: Final = re.compile("[\uac00-\ud7a3]{2,}")
_PARTICLE: Final = re.compile(f"(?:{'|'.join(all_words('particles'))})$")


def suggested(title: str, text: str, most: int = MOST) -> list[str]:
    """Return up to *most* queries, the best first; none if nothing stands out.

    *title* may be the first line of a text without one.
    """
    text = text[:_READ]
    whole = f"{title}\n{text}".casefold()
    names = _distinct(_ranked(_names(title, text), title, whole))
    phrases = _distinct([*names, *_ranked(_shared_words(title, text), title, whole)])
    if len(phrases) < _SEVERAL:
        shorter = _ranked(_shared_words(title, text, _SHORT), title, whole)
        phrases = _distinct([*phrases, *shorter])
    queries = [query for query in map(_query_for, phrases) if query]
    are_too_few = _SEVERAL <= len(queries) < most
    if are_too_few or (len(queries) > most and len(names) >= _SEVERAL):
        both = f"{queries[0]} {queries[1]}"
        if len(both.encode()) <= LONGEST and is_readable(both):
            queries.insert(min(len(queries), most - 1), both)
    return queries[:most]


def _names(title: str, text: str) -> Iterator[str]:
    yield from names_in(title, text)
    yield from _quotations(f"{title}\n{text}")
    counted = Counter(
        name for name in _capitalized(text.split()) if len(name) > 1 and not _is_commonplace(name)
    )
    yield from (name for name, times in counted.items() if times >= _SEVERAL or not title)
    yield from _repeated_runs(title, text)
    yield from _korean_stems(title, text)


def names_in(title: str, text: str) -> list[str]:
    """Return the names in *title*, the longest first, without names inside longer ones."""
    words = title.split()
    longer = [word for word in words if len(word) > _LONGER]
    names = list(_KATAKANA.findall(title))
    if sum(word[:1].isupper() for word in longer) <= _TITLE_CASE * len(longer):
        names += _capitalized(words)
    bare_title = f" {' '.join(map(_bare, words))} ".casefold()
    in_text = _capitalized(text[:_READ].split())
    names += [name for name in in_text if f" {name} ".casefold() in bare_title]
    kept: list[str] = []
    for name in sorted(dict.fromkeys(names), key=lambda name: -len(name.split())):
        folded = name.casefold()
        is_within = any(f" {folded} " in f" {longer.casefold()} " for longer in kept)
        is_short_enough = len(name) > 1 and len(name.encode()) <= LONGEST
        if is_short_enough and not is_within and not _is_commonplace(name):
            kept.append(name)
    return kept


def _is_commonplace(name: str) -> bool:
    return name.casefold() in _COMMONPLACE


def _capitalized(words: Sequence[str]) -> Iterator[str]:
    """Yield each run of capitalized words that does not begin a sentence."""
    run: list[str] = []
    begins_sentence = True
    for word in (*words, ""):
        is_name = _bare(word)[:1].isupper() and not (begins_sentence and not run)
        if is_name:
            run.append(_bare(word))
        if run and (not is_name or word[-1:] in _EDGES or _POSSESSIVE.search(word)):
            yield " ".join(run)
            run = []
        begins_sentence = word[-1:] in _SENTENCE_ENDS


def _bare(word: str) -> str:
    return _POSSESSIVE.sub("", word.strip(_EDGES))


def _quotations(text: str) -> Iterator[str]:
    for quotation in _QUOTED.finditer(text):
        inside = next(filter(None, quotation.groups()))
        phrase = " ".join(inside.split()).strip(".,!?;:\u3002\u3001")
        if _UNSPACED.search(phrase):
            is_phrase = len(phrase) in _SIGNS_OF_A_PHRASE
        else:
            is_phrase = len(phrase.split()) in _WORDS_OF_A_PHRASE
        if is_phrase:
            yield phrase


def _repeated_runs(title: str, text: str) -> Iterator[str]:
    """Yield the longest words of *title*, in scripts without spaces, that *text* also has."""
    if _HIRAGANA.search(title + text[:200]):
        yield from (word for word in _KANJI.findall(title) if not text or word in text)
        return
    for run in _RUN.findall(title):
        yield from _repeated_parts(run, text)


def _repeated_parts(run: str, text: str) -> Iterator[str]:
    is_thai = "\u0e00" <= run < "\u0e80"
    at = 0
    while at < len(run):
        longest = min(_LONGEST_RUN[is_thai], len(run) - at)
        lengths = range(longest, _SHORTEST_RUN[is_thai] - 1, -1)
        word = next((run[at : at + n] for n in lengths if _is_word(run, at, n, text)), "")
        if word:
            yield word
        at += len(word) or 1


def _is_word(run: str, at: int, length: int, text: str) -> bool:
    word, behind = run[at : at + length], run[at + length : at + length + 1]
    if _THAI_MARKS.match(word) or _THAI_MARKS.match(behind):
        return False
    return _WORD_BREAKS.isdisjoint((word[0], word[-1])) and word in text


def _korean_stems(title: str, text: str) -> Iterator[str]:
    for word in _HANGUL.findall(title):
        stem = _PARTICLE.sub("", word) if len(word) > _SEVERAL else word
        if len(stem) >= _SEVERAL and stem in text:
            yield stem


def _shared_words(title: str, text: str, least: int = 0) -> Iterator[str]:
    """Yield the longer words that title and text share, or all longer ones if only one is given."""
    in_text = set(_WORD.findall(text.casefold()))
    for word in _WORD.findall(title or text):
        has_capitals = bool(_CAPITALS.match(word))
        is_long = len(word) >= (least or _LONG[has_capitals])
        has_sign = _UNSPACED.search(word) or _HANGUL.search(word)
        if is_long and not has_sign and (not in_text or word.casefold() in in_text):
            yield word if not has_capitals or word.isupper() else word.casefold()


def _ranked(names: Iterable[str], title: str, whole: str) -> list[str]:
    """Rank names in the title first, then frequent ones, then longer ones."""
    heading = title.casefold()

    def rank(name: str) -> tuple[bool, int, int]:
        folded = name.casefold()
        return folded in heading, min(whole.count(folded), 5), len(name)

    return sorted(filter(_is_distinctive, dict.fromkeys(names)), key=rank, reverse=True)


def _is_distinctive(name: str) -> bool:
    words = name.casefold().split()
    return not (is_number(name) or _is_commonplace(name) or STOP_WORDS.issuperset(words))


def _distinct(names: Iterable[str]) -> list[str]:
    """Return *names* without those that contain an earlier name or are contained in one."""
    kept: list[str] = []
    for name in names:
        folded = name.casefold()
        if not any(folded in other.casefold() or other.casefold() in folded for other in kept):
            kept.append(name)
    return kept


def _query_for(name: str) -> str:
    bare = name.replace('"', " ").strip()
    bare += "." if _ABBREVIATED.fullmatch(bare) else ""
    typed = bare if _WORD.fullmatch(bare) else f'"{bare}"'
    return typed if len(typed.encode()) <= LONGEST and is_readable(typed) else ""
