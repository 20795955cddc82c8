"""Turns a query into clauses. A clause is one way to satisfy it: literals to require and to forbid.

A *literal* is a string that an index can look up: a word (`taiwan`), a phrase (`consul general`) or
a beginning (`taiw*`), any of these in the title only (`title:taiwan`), a source
(`source:bbc.co.uk`), a word of a label (`author:doe`) or a language (`lang:ja`). Folded words
contain none of the signs that distinguish these kinds.

Clauses never miss a match. They may hold for an article that does not match, because they cannot
express NEAR or exact spelling. In this case `is_exact` is False, and the evaluator decides.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, product
from typing import Final, NamedTuple, TypeAlias

from bot.matching.evaluate import FoldedArticle, variants
from bot.matching.query.ast import (
    And,
    LabelTerm,
    LanguageTerm,
    Leaf,
    Near,
    Node,
    Not,
    Or,
    SourceTerm,
    Term,
)
from bot.text.characters import is_hangul

TITLE: Final = "title:"
PREFIX: Final = "*"
LONGEST_PHRASE: Final = 8  # words; only the beginning of a longer phrase is looked up
LONGEST_STEM: Final = 3  # letters by which beginnings are grouped
ANY: Final = ""  # the literal that every article has
_MOST_CLAUSES: Final = 32  # of an AND of ORs; if it has more, only some operands are looked up


# The lengths of the beginnings that queries look for, by their stems, by the lengths of the stems.
PrefixLengths: TypeAlias = dict[int, dict[str, set[int]]]


class Clause(NamedTuple):
    required: tuple[str, ...]
    forbidden: tuple[str, ...]
    is_exact: bool


_ALWAYS: Final = Clause((), (), True)  # noqa: FBT003 - a record
_PERHAPS: Final = Clause((), (), False)  # noqa: FBT003 - a record


def clauses(node: Node) -> list[Clause]:
    """Return the ways to satisfy *node*; each requires at least one literal."""
    return [
        each if each.required else Clause((ANY,), each.forbidden, each.is_exact)
        for each in _clauses(node, wanted=True)
    ]


def _clauses(node: Node, *, wanted: bool) -> list[Clause]:
    if isinstance(node, Not):
        return _clauses(node.operand, wanted=not wanted)
    if isinstance(node, And | Or):
        operands = [_clauses(operand, wanted=wanted) for operand in node.operands]
        is_conjunction = isinstance(node, And) is wanted
        return _conjunction(operands) if is_conjunction else list(chain.from_iterable(operands))
    found = _leaf_clauses(node)
    return found if wanted else [_negated(found)]


def _leaf_clauses(leaf: Leaf) -> list[Clause]:
    match leaf:
        case Term():
            return _term_clauses(leaf)
        case Near():
            return _conjunction([_term_clauses(leaf.left), _term_clauses(leaf.right), [_PERHAPS]])
        case SourceTerm():
            return [Clause((f"source:{leaf.name}",), (), is_exact=True)]
        case LabelTerm():
            words = tuple(leaf.tokens.split())
            return [Clause(words, (), is_exact=len(words) == 1)]
        case LanguageTerm():
            return [Clause((f"lang:{leaf.code}",), (), is_exact=True)]


def _negated(ways: Sequence[Clause]) -> Clause:
    """Return a clause that holds where none of *ways* does, inexact if no clause can say that."""
    if all(way.is_exact and len(way.required) == 1 for way in ways):
        return Clause((), tuple(way.required[0] for way in ways), is_exact=True)
    return _PERHAPS


def _conjunction(operands: Sequence[list[Clause]]) -> list[Clause]:
    found = [_ALWAYS]
    for some in sorted(operands, key=len):
        if len(found) * len(some) > _MOST_CLAUSES:
            return [each._replace(is_exact=False) for each in _operand_to_look_up(found, some)]
        found = [
            Clause(
                one.required + other.required,
                one.forbidden + other.forbidden,
                one.is_exact and other.is_exact,
            )
            for one, other in product(found, some)
        ]
    return found


def _operand_to_look_up(found: list[Clause], some: list[Clause]) -> list[Clause]:
    """Return the operand to look up alone: one in which every clause requires a literal."""
    return found if all(each.required for each in found) else some


def _term_clauses(term: Term) -> list[Clause]:
    return [_variant_clause(form, term) for form in variants(term)]


def _variant_clause(words: tuple[str, ...], term: Term) -> Clause:
    field = TITLE if term.title else ""
    is_open = [is_hangul(word) for word in words]
    is_open[-1] |= term.prefix
    if len(words) == 1:
        return Clause((field + words[0] + PREFIX * is_open[0],), (), not term.spelling)
    if not any(is_open):
        phrase = field + " ".join(words[:LONGEST_PHRASE])
        return Clause((phrase,), (), not term.spelling and len(words) <= LONGEST_PHRASE)
    each = [
        field + word + PREFIX * is_prefix for word, is_prefix in zip(words, is_open, strict=True)
    ]
    return Clause(tuple(each), (), is_exact=False)


def single_words(required: Iterable[str]) -> list[str]:
    """Return the literals of *required*, phrases split into words."""
    found = []
    for literal in required:
        field = TITLE if literal.startswith(TITLE) else ""
        is_whole = literal.startswith(("source:", "lang:"))
        words = [literal] if is_whole else literal.removeprefix(field).split() or [ANY]
        found += [field + word for word in words]
    return found


def note_prefix(literal: str, lengths: PrefixLengths) -> None:
    """Add the literal to *lengths* if it is a beginning."""
    if literal.endswith(PREFIX):
        beginning = literal.removeprefix(TITLE).removesuffix(PREFIX)
        stem = beginning[:LONGEST_STEM]
        lengths.setdefault(len(stem), {}).setdefault(stem, set()).add(len(beginning))


def merged_prefixes(one: PrefixLengths, other: PrefixLengths) -> PrefixLengths:
    merged: PrefixLengths = {}
    for stem_length, by_stem in (*one.items(), *other.items()):
        stems = merged.setdefault(stem_length, {})
        for stem, lengths in by_stem.items():
            stems[stem] = stems.get(stem, set()) | lengths
    return merged


def prefixes_of(words: Iterable[str], lengths: PrefixLengths) -> list[str]:
    """Return the beginnings of *words*, without a star, that have one of the *lengths*."""
    return [
        word[:length]
        for stem_length, by_stem in lengths.items()
        for word in words
        if (stem := word[:stem_length]) in by_stem
        for length in by_stem[stem]
        if length <= len(word)
    ]


def outside(article: FoldedArticle) -> list[str]:
    """Return the literals of an article that do not come from its words."""
    names = [f"source:{name}" for name in article.sources]
    return [*names, *article.labels.split(), f"lang:{article.language}", ANY]
