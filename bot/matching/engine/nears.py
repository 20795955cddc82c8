"""Which of many NEARs between two words hold for an article: all of them at once."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from bot.matching.characters import is_hangul
from bot.matching.engine.hashing import BREAK, Hashing, Keys, Kind, Places
from bot.matching.lexing import FARTHEST
from bot.matching.occurrences import forms
from bot.matching.slices import Slices
from bot.matching.tree import Near, Node, Term

_AT_ONCE: Final = 2_048  # words looked at
_NO_WORD: Final = -1
_NEVER: Final = FARTHEST + 2


class Pair(NamedTuple):
    """Two words, in either order, with at most *distance* words between."""

    left: str
    right: str
    distance: int


def plain_pair(node: Node) -> Pair | None:
    """What *node* asks for, if that is a NEAR of two words anywhere and nothing else."""
    if not isinstance(node, Near) or not all(map(_is_word, (node.left, node.right))):
        return None
    return Pair(node.left.words[0], node.right.words[0], node.distance)


def _is_word(term: Term) -> bool:
    is_open = term.prefix or is_hangul(term.words[-1])
    if is_open or term.title or term.spelling:
        return False
    return len(term.words) == 1 and list(forms(term)) == [term.words]


def are_near(asked: Sequence[Pair], hashing: Hashing, words: Keys) -> Slices[list[bool]]:
    """Whether each holds; *words* are the article's in order, a `BREAK` between two readings."""
    keys = hashing.texts([word for pair in asked for word in pair[:2]]).keys
    wanted, numbers = np.unique(keys, return_inverse=True)
    pairs, which = np.unique(_pairs(numbers[::2], numbers[1::2]), return_inverse=True)
    distances = np.array([pair.distance for pair in asked])
    farthest = int(distances.max()) + 1
    nearest = np.full(len(pairs), _NEVER)
    end = np.uint64(hashing.key(Kind.WORDS, BREAK))
    for first in range(0, len(words), _AT_ONCE):
        some = _numbered(words[first : first + _AT_ONCE + farthest], wanted, end)
        for far in range(farthest, 0, -1):
            nearest[_met(some, far, pairs)] = far
        yield
    found: list[bool] = (nearest[which] <= distances + 1).tolist()
    return found


def _numbered(words: Keys, wanted: Keys, end: np.uint64) -> Places:
    """Each word's place in *wanted* or -1, and more of these where a reading ends."""
    at = np.searchsorted(wanted, words)
    numbers = np.where(wanted.take(at, mode="clip") == words, at, _NO_WORD)
    return np.insert(numbers, np.repeat(np.flatnonzero(words == end), FARTHEST), _NO_WORD)


def _met(numbers: Places, far: int, pairs: Places) -> Places:
    """Which of *pairs* stand so *far* from each other."""
    one, other = numbers[:-far], numbers[far:]
    both = np.flatnonzero((one >= 0) & (other >= 0))
    met = _pairs(one[both], other[both])
    at = np.searchsorted(pairs, met)
    found: Places = at[pairs.take(at, mode="clip") == met]
    return found


def _pairs(one: Places, other: Places) -> Places:
    return np.minimum(one, other) << 32 | np.maximum(one, other)
