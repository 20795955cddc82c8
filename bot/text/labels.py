"""Labels: the author and the categories of an article, folded so that queries can find them.

The labels of an article are one text of tokens: `author:jane author:doe | category:economy`. No
word of a title or text contains a colon, so a token never equals a word.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Final

from bot.text.folding import fold

_BETWEEN: Final = " | "  # so that no run of tokens spans two labels


class LabelField(StrEnum):
    AUTHOR = "author"
    CATEGORY = "category"


def label_tokens(field: LabelField, words: Iterable[str]) -> str:
    """Return `author:jane author:doe` for the folded words of one label."""
    return " ".join([f"{field}:{word}" for word in words])


def folded_labels(author: str, categories: Iterable[str]) -> str:
    """Return the tokens of an article's labels; "" if it has none."""
    labels = [(LabelField.AUTHOR, author)] if author else []
    labels += [(LabelField.CATEGORY, category) for category in categories]
    return _BETWEEN.join(filter(None, [_folded(field, name) for field, name in labels]))


@lru_cache(maxsize=20_000)  # the same few stand in most articles
def _folded(field: LabelField, name: str) -> str:
    # Twice, because an invisible character may make a sign beside it look like part of a name.
    return label_tokens(field, fold(fold(name).plain).words)
