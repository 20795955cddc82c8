"""Queries that the index finds too often: which of them hold indeed."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import compress, islice
from typing import Final

import numpy as np

from bot.matching.engine.hashing import Hashing, Keys
from bot.matching.engine.nears import Pair, are_near, plain_pair
from bot.matching.evaluation import FoldedArticle, holds
from bot.matching.query import parse
from bot.matching.slices import Slices
from bot.matching.tree import Node
from bot.matching.windows import learned

_AT_ONCE: Final = 1_024  # pairs
# The usual NEAR, read at a fiftieth of what parsing takes: thousands may come up at once.
_NEAR: Final = re.compile("(?P<left>[a-z0-9]+) NEAR/(?P<distance>[0-9]+) (?P<right>[a-z0-9]+)")


def holding(
    asked: Iterable[tuple[int, str]],
    hashing: Hashing,
    words: Sequence[Keys],
    article: FoldedArticle,
) -> Slices[list[int]]:
    """Which of *asked* hold: numbers, each with a canonical text; *words* as for `are_near`."""
    trees: dict[int, Node] = {}
    pairs: dict[int, Pair] = {}
    for number, canonical in asked:
        query = _read(canonical)
        if isinstance(query, Pair):
            pairs[number] = query
        else:
            trees[number] = query
        yield
    yield from learned(article, trees.values())
    found: list[int] = []
    for number, tree in trees.items():
        if holds(tree, article.has):
            found.append(number)
        yield
    near = iter(pairs.items())
    while some := dict(islice(near, _AT_ONCE)):
        are = yield from are_near(list(some.values()), hashing, np.concatenate(words))
        found += compress(some, are)
    return found


@lru_cache(maxsize=1 << 16)
def _read(canonical: str) -> Node | Pair:
    if near := _NEAR.fullmatch(canonical):
        return Pair(near["left"], near["right"], int(near["distance"]))
    tree = parse(canonical).tree
    return plain_pair(tree) or tree
