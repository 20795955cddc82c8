"""Terms that are too common to be a query on their own."""

from typing import Final

from bot.languages import all_words
from bot.matching.query.ast import LabelTerm, LanguageTerm, Leaf, Near, SourceTerm, Term
from bot.text.characters import is_unspaced
from bot.text.stopwords import STOP_WORDS

_GRAMMAR: Final = frozenset(all_words("grammar_signs"))


def is_selective(leaf: Leaf) -> bool:
    """Return whether *leaf* distinguishes an article from others."""
    match leaf:
        case Term():
            is_name = any(char.isupper() for char in leaf.spelling[1:])
            is_common = _is_mere_sign(leaf.words) or STOP_WORDS.issuperset(leaf.words)
            return leaf.prefix or is_name or not is_common
        case Near():
            return is_selective(leaf.left) or is_selective(leaf.right)
        case _:
            return isinstance(leaf, SourceTerm | LabelTerm)


def may_stand_alone(leaf: Leaf) -> bool:
    """Return whether *leaf* may be all that a match needs: if it is selective or a letter.

    A letter may be a name (plan A OR plan B), but a query of letters alone is refused elsewhere.
    """
    return (isinstance(leaf, Term) and _is_letter(leaf.words)) or is_selective(leaf)


def is_no_language(leaf: Leaf) -> bool:
    return not isinstance(leaf, LanguageTerm)


def is_any(_: Leaf) -> bool:
    return True


def _is_letter(words: tuple[str, ...]) -> bool:
    return len(words) == len(words[0]) == 1 and not _is_mere_sign(words)


def _is_mere_sign(words: tuple[str, ...]) -> bool:
    """Return whether *words* is one sign that nearly every text has, such as a kana."""
    if len(words) != 1 or not is_unspaced(words[0]):
        return False
    return words[0] in _GRAMMAR or words[0] < "\u3400"
