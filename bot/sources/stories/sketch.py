"""Same text: passages of four words, hashed, a few of them for each article.

A passage is taken where a long word begins it, or one of every eighth characters where words are
written without spaces: so equal texts give equal passages, whatever was cut off in front. Of two
texts the smaller one must have three tenths of its passages in the other. Short texts have too few
to tell anything; their words are compared, like everybody's.
"""

from typing import Final

LONGEST: Final = 3_000  # characters that are looked at
_SHORT: Final = 80  # characters, which have no ten passages in any writing
_SHORT_WITH_SPACES: Final = 300
_LONG_WORD: Final = 8
_UNSPACED: Final = "⺀"  # where those scripts begin that have words of one character
_WORDS: Final = 4
_MOST: Final = 64
FEWEST: Final = 10
_CONTAINED: Final = 0.3


def sketch(folded: str) -> tuple[int, ...]:
    """Return up to 64 different hashes for a folded text; none if there would be fewer than ten."""
    if len(folded) < (_SHORT_WITH_SPACES if folded.isascii() else _SHORT):
        return ()
    words = folded[:LONGEST].split()
    begins = [
        at
        for at, word in enumerate(words)
        if len(word) >= _LONG_WORD or (word >= _UNSPACED and not ord(word[0]) & 7)
    ]
    passages = dict.fromkeys(" ".join(words[at : at + _WORDS]) for at in begins[:_MOST])
    if len(passages) < FEWEST:
        return ()
    return tuple(map(hash, passages))  # of this process, like all that is remembered


def is_same_text(common: int, one: int, other: int) -> bool:
    """Decide from how many passages two sketches of the sizes *one* and *other* share."""
    return common >= _CONTAINED * min(one, other)
