"""What a headline names: people, places and things that can be watched for.

In scripts with capitals a name is a run of words that begin with one inside a sentence. A title may
have capitals everywhere, so its names are those that the text has too; in others they count by
themselves. In katakana a longer run is a name.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bot.matching.stopwords import STOP_WORDS

# As long as fits into a button.
_LONGEST: Final = 40  # bytes
_READ: Final = 4000  # characters of the text
_FEW_CAPITALS: Final = 0.6  # of the longer words
_LONGER: Final = 3
_ENDS: Final = frozenset(".!?:;|\u2013\u2014\u2019\"'")  # behind them a sentence may begin
_EDGES: Final = "\"'.,:;!?()[]{}\u2018\u2019\u201c\u201d\u00ab\u00bb\u2026"
_OWNING: Final = re.compile("['\u2019]s?$")
_KATAKANA: Final = re.compile("[\u30a1-\u30fa\u30fc]{4,}")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
           "october", "november", "december")  # fmt: skip
_SAY_NOTHING: Final = STOP_WORDS.union(_DAYS, _MONTHS)


def names_in(title: str, text: str) -> list[str]:
    """Return what *title* names, the longest first; none within another."""
    words = title.split()
    longer = [word for word in words if len(word) > _LONGER]
    found = list(_KATAKANA.findall(title))
    if sum(word[:1].isupper() for word in longer) <= _FEW_CAPITALS * len(longer):
        found += _runs(words)
    bare = f" {' '.join(map(_bare, words))} ".casefold()
    found += [name for name in _runs(text[:_READ].split()) if f" {name} ".casefold() in bare]
    return _kept(found)


def names_of_text(text: str) -> list[str]:
    """Return the names in *text*, each as often as it stands there."""
    return [
        name for name in _runs(text[:_READ].split()) if len(name) > 1 and not says_nothing(name)
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
        if is_telling and not within and len(name.encode()) <= _LONGEST:
            kept.append(name)
    return kept
