"""Recognizes the same text by fingerprints of a few passages of four words for each article.

A passage begins at a long word or, in scripts without spaces, at one of a fixed eighth of all
characters. So equal texts have equal passages, whatever was cut off before them. Two texts are the
same if the one with fewer passages shares three tenths of them. Short texts have too few passages;
only their words are compared.
"""

from collections import Counter
from typing import Final, Generic, TypeVar

LONGEST: Final = 3_000  # characters that are compared
_SHORT: Final = 80  # characters, in which no script has ten passages
_SHORT_WITH_SPACES: Final = 300
_LONG_WORD: Final = 8
_UNSPACED: Final = "⺀"  # the first character of the scripts with words of one character
_WORDS: Final = 4
_MOST: Final = 64
FEWEST: Final = 10
_CONTAINED: Final = 0.3
# A passage in more texts than this is a notice that appears under all of them.
_COMMON: Final = 24

Owner = TypeVar("Owner")


def fingerprint(folded: str) -> tuple[int, ...]:
    """Return up to 64 different hashes for a folded text; none if there would be fewer than ten."""
    has_spaces = folded.isascii()
    if len(folded) < (_SHORT_WITH_SPACES if has_spaces else _SHORT):
        return ()
    words = tuple(folded[:LONGEST].split())
    if has_spaces:
        begins = [at for at, word in enumerate(words) if len(word) >= _LONG_WORD]
    else:
        begins = [
            at
            for at, word in enumerate(words)
            if len(word) >= _LONG_WORD or (word >= _UNSPACED and not ord(word[0]) & 7)
        ]
    # The hashes are valid in this process only, like everything that is remembered.
    passages = dict.fromkeys([hash(words[at : at + _WORDS]) for at in begins[:_MOST]])
    return tuple(passages) if len(passages) >= FEWEST else ()


def is_same_text(common: int, one: int, other: int) -> bool:
    """Return whether fingerprints of the sizes *one* and *other* share enough passages."""
    return common >= _CONTAINED * min(one, other)


class _Text(Generic[Owner]):
    __slots__ = ("owner", "size")

    def __init__(self, owner: Owner, size: int) -> None:
        self.owner = owner
        self.size = size


class NearDuplicates(Generic[Owner]):
    """Finds the owners of texts by the passages in their fingerprints."""

    def __init__(self) -> None:
        # Nearly every passage is in one text only. With a list for each, the garbage collector
        # would spend most of its time on these lists.
        self._by_passage: dict[int, _Text[Owner] | list[_Text[Owner]]] = {}

    def __len__(self) -> int:
        return len(self._by_passage)

    def owners_of(self, passages: tuple[int, ...]) -> list[Owner]:
        """Return the owners of the same text, the most similar first."""
        known = self._by_passage
        if known.keys().isdisjoint(passages):
            return []
        counted: Counter[_Text[Owner]] = Counter()
        for passage in passages:
            texts = known.get(passage)
            if isinstance(texts, _Text):
                counted[texts] += 1
            elif texts and len(texts) <= _COMMON:
                counted.update(texts)
        return [
            text.owner
            for text, common in counted.most_common()
            if is_same_text(common, len(passages), text.size)
        ]

    def add(self, owner: Owner, passages: tuple[int, ...]) -> None:
        if not passages:
            return
        text = _Text(owner, len(passages))
        known = self._by_passage
        if known.keys().isdisjoint(passages):
            known.update(dict.fromkeys(passages, text))
            return
        for passage in passages:
            texts = known.setdefault(passage, text)
            if texts is text:
                continue
            if isinstance(texts, _Text):
                known[passage] = [texts, text]
            elif len(texts) <= _COMMON:
                texts.append(text)

    def remove(self, owner: Owner, passages: tuple[int, ...]) -> None:
        """Forget the texts of *owner* that have any of the passages."""
        known = self._by_passage
        for passage in passages:
            texts = known.get(passage)
            if isinstance(texts, list):
                texts[:] = [text for text in texts if text.owner is not owner]
                if not texts:
                    del known[passage]
            elif texts and texts.owner is owner:
                del known[passage]
