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
    has_spaces = folded.isascii()
    if len(folded) < (_SHORT_WITH_SPACES if has_spaces else _SHORT):
        return ()
    words = tuple(folded[:LONGEST].split())
    begins = [at for at, word in enumerate(words) if len(word) >= _LONG_WORD]
    if not has_spaces:
        begins = [at for at, word in enumerate(words) if _is_begin(word)]
    # Hashes of this process: what is remembered ends with it.
    passages = dict.fromkeys([hash(words[at : at + _WORDS]) for at in begins[:_MOST]])
    return tuple(passages) if len(passages) >= FEWEST else ()


def _is_begin(word: str) -> bool:
    return len(word) >= _LONG_WORD or (word >= _UNSPACED and not ord(word[0]) & 7)


def is_same_text(common: int, one: int, other: int) -> bool:
    """Decide from how many passages two sketches of the sizes *one* and *other* share."""
    return common >= _CONTAINED * min(one, other)
