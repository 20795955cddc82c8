"""A query as conjunctions of literals, any of which makes it match.

Where a literal can only be looked for roughly, or the conjunctions would be too many, they say
too often yes, never too often no: such a query is not *exact*, and its tree has the last word.
"""

from functools import reduce
from operator import attrgetter
from typing import Final, NamedTuple, TypeAlias

from bot.matching.characters import is_hangul
from bot.matching.engine.hashing import Kind
from bot.matching.occurrences import forms
from bot.matching.tree import And, Language, Near, Node, Not, Or, Source, Term

LONGEST_PHRASE: Final = 8  # words; of a longer one the beginning is looked for
LONGEST_PREFIX: Final = 63  # bytes; the same
_WORDS: Final = Kind.WORDS  # a name is found faster than a member
_TITLE_WORDS: Final = Kind.TITLE_WORDS
MOST: Final = 16  # conjunctions that an AND of ORs may be multiplied out to
MOST_LITERALS: Final = 8  # of a conjunction


class Literal(NamedTuple):
    """A key to look for; with `wanted` False it must be missing."""

    kind: Kind
    text: str
    wanted: bool = True


_IS_WANTED: Final = attrgetter("wanted")
Conjunction: TypeAlias = tuple[Literal, ...]


class Conjunctions(NamedTuple):
    any_of: tuple[Conjunction, ...]
    exact: bool = True

    @property
    def is_selective(self) -> bool:
        """Whether each of them needs something to be there."""
        return all(any(map(_IS_WANTED, each)) for each in self.any_of)


ANYTHING: Final = Conjunctions(((),), exact=False)


def conjunctions(node: Node, *, wanted: bool = True) -> Conjunctions:
    """Those of *node*, or with *wanted* False of its contrary."""
    match node:
        case Term():
            return _of_term(node, wanted=wanted)
        case Not():
            return conjunctions(node.operand, wanted=not wanted)
        case And() | Or():
            parts = [conjunctions(operand, wanted=wanted) for operand in node.operands]
            return _all(parts) if isinstance(node, And) is wanted else _any(parts)
        case Near():
            both = _all([conjunctions(node.left), conjunctions(node.right)])
            return Conjunctions(both.any_of, exact=False) if wanted else ANYTHING
        case Source():
            return Conjunctions(((Literal(Kind.SOURCE, node.name, wanted),),))
        case Language():
            return Conjunctions(((Literal(Kind.LANGUAGE, node.code, wanted),),))


def in_every_article() -> Literal:
    """What a conjunction of nothing but missing literals needs."""
    return Literal(Kind.ALWAYS, "")


def _of_term(term: Term, *, wanted: bool) -> Conjunctions:
    if _is_plain(term):  # most of them: the shortest way
        kind = _TITLE_WORDS if term.title else _WORDS
        if len(term.words) == 1:
            return Conjunctions(((Literal(kind, term.words[0], wanted),),))
        literals = [Literal(kind, " ".join(form), wanted) for form in forms(term)]
        return Conjunctions(tuple(zip(literals, strict=True)) if wanted else (tuple(literals),))
    found = [_literal(form, term) for form in forms(term)]
    exact = all(is_exact for _, is_exact in found) and not term.spelling
    if wanted:
        return Conjunctions(tuple((literal,) for literal, _ in found), exact)
    missing = [Literal(each.kind, each.text, wanted=False) for each, _ in found]
    if not exact:
        return ANYTHING
    return Conjunctions((tuple(missing),), exact)


def _literal(form: tuple[str, ...], term: Term) -> tuple[Literal, bool]:
    """What to look for so as to find *form*, and whether that says it all."""
    prefixes = [at for at, word in enumerate(form) if not word.isascii() and is_hangul(word)]
    if term.prefix:
        prefixes.append(len(form) - 1)
    if prefixes and prefixes[0] == 0:
        word = form[0].encode()[:LONGEST_PREFIX].decode(errors="ignore")
        kind = Kind.TITLE_PREFIX if term.title else Kind.PREFIX
        return Literal(kind, word), word == form[0] and len(form) == 1
    whole = form[: prefixes[0]] if prefixes else form
    kind = _TITLE_WORDS if term.title else _WORDS
    return Literal(kind, " ".join(whole[:LONGEST_PHRASE])), len(whole[:LONGEST_PHRASE]) == len(form)


def _is_plain(term: Term) -> bool:
    """Whether each of its forms is a literal that says it all; False too if that is not obvious."""
    if term.prefix or term.spelling or len(term.words) > LONGEST_PHRASE:
        return False
    return all(map(str.isascii, term.words)) or not any(map(is_hangul, term.words))


def _any(parts: list[Conjunctions]) -> Conjunctions:
    found = dict.fromkeys(each for part in parts for each in part.any_of)
    return Conjunctions(tuple(found), all(part.exact for part in parts))


def _all(parts: list[Conjunctions]) -> Conjunctions:
    """Multiply out, one that is sure to need something first, then the smallest ones."""
    first = next((part for part in parts if part.is_selective), parts[0])
    rest = [part for part in parts if part is not first]
    return reduce(_both, sorted(rest, key=_size) if len(rest) > 1 else rest, first)


def _size(part: Conjunctions) -> int:
    return len(part.any_of)


def _both(left: Conjunctions, right: Conjunctions) -> Conjunctions:
    if len(right.any_of) > 1 and len(left.any_of) * len(right.any_of) > MOST:
        return Conjunctions(left.any_of, exact=False)
    found = [tuple(dict.fromkeys(one + other)) for one in left.any_of for other in right.any_of]
    exact = left.exact and right.exact
    if max(map(len, found)) > MOST_LITERALS:
        return Conjunctions(tuple(map(_shortened, found)), exact=False)
    return Conjunctions(tuple(found), exact)


def _shortened(literals: Conjunction) -> Conjunction:
    """What must be there says more than what must not."""
    if len(literals) <= MOST_LITERALS:
        return literals
    return tuple(sorted(literals, key=lambda each: not each.wanted)[:MOST_LITERALS])
