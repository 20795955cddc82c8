"""Evaluates a query on an article exactly, without an index.

Each reading of a field (title or text) is searched for each variant of a term. In a long text, the
terms of many queries are evaluated in a single walk, window by window (`learned`).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate, chain, pairwise
from typing import Final, TypeAlias

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
    leaves,
    terms,
)
from bot.matching.query.fields import language_code, source_keys
from bot.slices import Slices, finished
from bot.text.characters import han_variants, is_hangul, is_unspaced
from bot.text.folding import PIECE, FoldedForms, fold, joined_pieces, pieces
from bot.text.spelling import spelled
from bot.text.tracing import Place, Trace, trace

# A term as it is searched in a reading, in which every word has a space before and after it.
Needle: TypeAlias = str | re.Pattern[str]
# The first and the last word of a hit, counted from 0.
Run: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Field:
    """A title or text, original and folded. It is traced only if a place or spelling is needed.

    `parts`: the pieces in which a long text was folded.
    """

    original: str
    folded: FoldedForms
    parts: tuple["Field", ...] = ()

    @classmethod
    def in_slices(cls, text: str) -> Slices["Field"]:
        if len(text) <= PIECE:
            return cls(text, fold(text))
        parts = []
        for piece in pieces(text):
            parts.append(cls(piece, fold(piece)))
            yield
        whole = cls(text, joined_pieces([part.folded for part in parts]), tuple(parts))
        yield
        return whole

    @classmethod
    def of(cls, parts: Sequence["Field"]) -> "Field":
        """Join neighbouring parts."""
        text = "".join(part.original for part in parts)
        return cls(text, joined_pieces([part.folded for part in parts]), tuple(parts))

    @cached_property
    def traced(self) -> Trace:
        return trace(self.original)

    @cached_property
    def spelled(self) -> str:
        return spelled(self.original)

    def has(self, leaf: Term | Near) -> bool:
        if isinstance(leaf, Near):
            return any(
                next(pairs(leaf, reading, self), None) for reading in range(len(self.readings))
            )
        if leaf.spelling:
            return any(
                next(runs(leaf, reading, self), None) for reading in range(len(self.readings))
            )
        sought = needles(leaf)
        for reading in self.folded.readings:  # no generator: this runs for each query that may hit
            for needle in sought:
                if _is_found(needle, reading):
                    return True
        return False

    @property
    def readings(self) -> tuple[str, ...]:
        return self.folded.readings

    @cached_property
    def starts(self) -> tuple[list[int], ...]:
        """The offsets of the spaces before the words of each reading."""
        return tuple(
            list(accumulate([len(word) + 1 for word in reading.split()], initial=0))
            for reading in self.readings
        )

    @cached_property
    def first_words(self) -> tuple[list[int], ...]:
        """For each reading, the number of the first word of each part, then the count of words."""
        return tuple(
            list(accumulate((_words_in(part, reading) for part in self.parts), initial=0))
            for reading in range(len(self.readings))
        )

    @cached_property
    def offsets(self) -> list[int]:
        """The offset of each part in the original, then the length of the original."""
        return list(accumulate((len(part.original) for part in self.parts), initial=0))

    def runs(self, term: Term, reading: int) -> list[Run]:
        """Return each hit once, in order."""
        known = self._runs.get((term, reading))
        if known is None:
            known = self._runs[term, reading] = sorted(runs(term, reading, self))
        return known

    @cached_property
    def _runs(self) -> dict[tuple[Term, int], list[Run]]:
        return {}


def _words_in(part: Field, reading: int) -> int:
    return max(0, part.readings[: reading + 1][-1].count(" ") - 1)


def runs(term: Term, reading: int, field: Field) -> Iterator[Run]:
    """Yield each hit once, unordered."""
    if term.spelling and term.spelling not in field.spelled:
        return
    starts = field.starts[reading]
    for start, end in _hits(term, field.readings[reading]):
        run = bisect_right(starts, start) - 1, bisect_left(starts, end) - 1
        if not term.spelling or _is_spelt(term, reading, run, field):
            yield run


def pairs(near: Near, reading: int, field: Field) -> Iterator[tuple[Run, Run]]:
    """Yield each pair of hits of the two terms that are near enough."""
    left, right = field.runs(near.left, reading), field.runs(near.right, reading)
    yield from _pairs_in_order(left, right, near.distance)
    if near.left != near.right:
        yield from ((other, one) for one, other in _pairs_in_order(right, left, near.distance))


def _pairs_in_order(
    left: Sequence[Run], right: Sequence[Run], distance: int
) -> Iterator[tuple[Run, Run]]:
    for run in left:
        at = bisect_left(right, (run[1] + 1, 0))
        while at < len(right) and right[at][0] <= run[1] + 1 + distance:
            yield run, right[at]
            at += 1


def _is_spelt(term: Term, reading: int, run: Run, field: Field) -> bool:
    start, end = place(field, reading, run)
    return spelled(field.original[start:end]) == term.spelling


def place(field: Field, reading: int, run: Run) -> Place:
    """Return where the words of *run* stand in the original."""
    return _place_of_word(field, reading, run[0])[0], _place_of_word(field, reading, run[1])[1]


def _place_of_word(field: Field, reading: int, number: int) -> Place:
    if not field.parts:
        return field.traced.readings[reading][1][number]
    firsts, offsets = field.first_words[reading], field.offsets
    at = bisect_right(firsts, number) - 1
    part = field.parts[at]
    start, end = _place_of_word(part, min(reading, len(part.readings) - 1), number - firsts[at])
    return offsets[at] + start, offsets[at] + end


def variants(term: Term) -> Iterator[tuple[str, ...]]:
    """Yield the term's words unchanged, then with each pair of neighbours joined.

    So `e-mail` finds "email", and `1,000` finds "1000". For the reverse, `email` finds "e-mail" in
    the joined reading of the text. Han characters that some writing merges have variants too.
    """
    for words in han_variants(term.words):
        yield words
        for at, pair in enumerate(pairwise(words)):
            if can_be_joined(*pair):
                yield (*words[:at], "".join(pair), *words[at + 2 :])


def can_be_joined(left: str, right: str) -> bool:
    return not any(is_unspaced(word) or "." in word or "&" in word for word in (left, right))


@lru_cache(maxsize=1 << 16)
def needles(term: Term) -> tuple[Needle, ...]:
    return tuple(_needle(form, prefix=term.prefix) for form in variants(term))


def _needle(form: tuple[str, ...], *, prefix: bool) -> Needle:
    *inner, last = form
    end = "" if prefix or is_hangul(last) else " "
    if not any(map(is_hangul, inner)):
        return f" {' '.join(form)}{end}"
    opened = [re.escape(word) + "[^ ]*" * is_hangul(word) for word in inner]
    return re.compile(f" {' '.join(opened)} {re.escape(last)}{end}")


def _is_found(needle: Needle, reading: str) -> bool:
    return needle in reading if isinstance(needle, str) else needle.search(reading) is not None


def _hits(term: Term, reading: str) -> Iterator[Place]:
    """Yield hits, from the space before to the end of the last letter; hits may overlap."""
    for needle in needles(term):
        at = 0
        while found := _next_hit(needle, reading, at):
            start, end = found
            yield start, end - 1 if reading[end - 1] == " " else end
            at = start + 1


def _next_hit(needle: Needle, reading: str, at: int) -> Place | None:
    if isinstance(needle, str):
        start = reading.find(needle, at)
        return None if start < 0 else (start, start + len(needle))
    found = needle.search(reading, at)
    return None if found is None else found.span()


@dataclass(frozen=True, slots=True)
class FoldedArticle:
    """A title and a text, folded. They are separate fields, so that no phrase spans both."""

    title_field: Field
    text_field: Field
    sources: frozenset[str] = frozenset()  # every key of `source_keys`
    language: str = ""
    labels: str = ""  # tokens; see `bot.text.folding`
    known: dict[Leaf, bool] = field(default_factory=dict, compare=False)  # see `learned`

    @property
    def title(self) -> FoldedForms:
        return self.title_field.folded

    @property
    def text(self) -> FoldedForms:
        return self.text_field.folded

    def has(self, leaf: Leaf) -> bool:
        if self.known and leaf in self.known:
            return self.known[leaf]
        match leaf:
            case SourceTerm():
                return leaf.name in self.sources
            case LabelTerm():
                return f" {leaf.tokens} " in f" {self.labels} "
            case LanguageTerm():
                return leaf.code == self.language
            case _:
                in_title = self.title_field.has(leaf)
                return in_title or (not leaf.title and self.text_field.has(leaf))


def fold_article(
    title: str,
    text: str,
    *,
    sources: Iterable[str] = (),
    language: str | None = None,
    labels: str = "",
) -> FoldedArticle:
    """Fold an article; *sources* are the hosts and names of its publishers, *labels* tokens."""
    return finished(article_folded(title, text, sources=sources, language=language, labels=labels))


def article_folded(
    title: str,
    text: str,
    *,
    sources: Iterable[str] = (),
    language: str | None = None,
    labels: str = "",
) -> Slices[FoldedArticle]:
    title_field = yield from Field.in_slices(title)
    text_field = yield from Field.in_slices(text)
    keys, code = source_keys(sources), language_code(language)
    return FoldedArticle(title_field, text_field, keys, code, labels)


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a query matched: its terms that the article has, and whether the title has one."""

    words: tuple[str, ...]
    in_title: bool


def reasons(node: Node, article: FoldedArticle) -> Reasons | None:
    """Return why the query matches *article*; None if it does not."""
    if isinstance(node, Term):  # most queries; a hit in the title decides
        in_title = article.title_field.has(node)
        is_found = in_title or article.has(node)
        return Reasons((node.shown,), in_title) if is_found else None
    found = set(leaves_that_hold(node, article.has))
    if not found:
        return None
    worded = [leaf for leaf in found if isinstance(leaf, Term | Near)]
    words = {shown for leaf in worded or found for shown in _shown_words(leaf)}
    return Reasons(tuple(sorted(words)), any(map(article.title_field.has, worded)))


def _shown_words(leaf: Leaf) -> tuple[str, ...]:
    if isinstance(leaf, Near):
        return leaf.left.shown, leaf.right.shown
    return (leaf.shown,)


def holds(node: Node, has: Callable[[Leaf], bool]) -> bool:
    match node:
        case Not():
            return not holds(node.operand, has)
        case And():
            return all(holds(operand, has) for operand in node.operands)
        case Or():
            return any(holds(operand, has) for operand in node.operands)
        case leaf:
            return has(leaf)


def leaves_that_hold(node: Node, has: Callable[[Leaf], bool]) -> Sequence[Leaf]:
    """Return the leaves that make *node* hold, without those under a NOT or in a failing branch."""
    return _leaves_that_hold(node, has) or ()


def _leaves_that_hold(node: Node, has: Callable[[Leaf], bool]) -> list[Leaf] | None:
    """Return None if *node* does not hold. No leaf is evaluated twice."""
    match node:
        case Not():
            return None if holds(node.operand, has) else []
        case And():
            found: list[Leaf] = []
            for operand in node.operands:
                if (leaves := _leaves_that_hold(operand, has)) is None:
                    return None
                found += leaves
            return found
        case Or():
            branches = [_leaves_that_hold(operand, has) for operand in node.operands]
            held = [leaves for leaves in branches if leaves is not None]
            return list(chain.from_iterable(held)) if held else None
        case leaf:
            return [leaf] if has(leaf) else None


WIDEST: Final = 1_100  # words; no term and no NEAR spans more


def learned(article: FoldedArticle, nodes: Iterable[Node]) -> Slices[None]:
    """Find out which leaves of *nodes* a long *article* has, and record them in `known`."""
    if not article.text_field.parts:
        return
    sought: dict[str, set[Term | Near]] = {}
    for node in nodes:
        for leaf in leaves(node):
            if isinstance(leaf, Term | Near) and not leaf.title and leaf not in article.known:
                article.known[leaf] = article.title_field.has(leaf)
                for word in _first_words(leaf):
                    sought.setdefault(word, set()).add(leaf)
        yield
    for window in windows(article.text_field.parts):
        yield from _evaluate_window(window, sought, article.known)


def _evaluate_window(
    window: Field, sought: dict[str, set[Term | Near]], known: dict[Leaf, bool]
) -> Slices[None]:
    words = {"", *(word for reading in window.readings for word in reading.split())}
    yield
    for word in words & sought.keys():
        for leaf in [leaf for leaf in sought[word] if not known[leaf]]:
            yield from _trace_parts(window, leaf)
            if window.has(leaf):
                known[leaf] = True
                sought[word].discard(leaf)
            yield


def _trace_parts(window: Field, leaf: Term | Near) -> Slices[None]:
    """Trace the parts in slices before `has` does, if the window may have the exact spelling."""
    for term in terms(leaf):
        if term.spelling and term.spelling in window.spelled:
            for part in window.parts:
                _ = part.traced
                yield


def windows(parts: Sequence[Field]) -> Iterator[Field]:
    """Yield each pair of neighbouring stretches as one field, without the caches of the parts."""
    stretches = _stretches(parts)
    one = next(stretches)
    other = None
    for other in stretches:
        yield Field.of([*one, *other])
        one = other
    if other is None:
        yield Field.of(one)


def _stretches(parts: Sequence[Field]) -> Iterator[list[Field]]:
    """Group neighbouring parts that have at least `WIDEST` words; the last group may have fewer."""
    stretch: list[Field] = []
    words = 0
    for part in parts:
        stretch.append(Field(part.original, part.folded))
        words += part.readings[-1].count(" ") - 1
        if words >= WIDEST:
            yield stretch
            stretch, words = [], 0
    if stretch:
        yield stretch


def _first_words(leaf: Term | Near) -> set[str]:
    """Return a word that each variant of *leaf* needs; "" if that may be any word."""
    if isinstance(leaf, Near):
        return _first_words(leaf.left)
    firsts = {form[0] for form in variants(leaf)}
    shortest = min(map(len, variants(leaf)))
    is_open = any(map(is_hangul, firsts)) or (leaf.prefix and shortest == 1)
    return {""} if is_open else firsts
