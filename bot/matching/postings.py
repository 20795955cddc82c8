"""Matches hundreds of thousands of queries, in arrays from literals to the clauses that need them.

Each clause is listed under its rarest required literal, the one that the fewest articles so far
have had. To match an article:

1. hash its words and phrases, and look up the hashes among all literals;
2. take the clauses whose rarest literal the article has;
3. drop those of which it lacks another required literal, or has a forbidden one. Most clauses have
   one literal only and need no such check.

A literal is stored as a 64-bit hash. Python salts the hash in each process, so that nobody can
cause collisions. A million queries take about 60 MB. New queries are merged by sorting arrays, in a
thread, so that the event loop goes on.
"""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.matching.clauses import (
    LONGEST_PHRASE,
    PREFIX,
    TITLE,
    PrefixLengths,
    clauses,
    merged_prefixes,
    note_prefix,
    outside,
    prefixes_of,
)
from bot.matching.evaluate import Field, FoldedArticle
from bot.matching.query import ParsedQuery
from bot.slices import Slices
from bot.text.characters import JOIN, POINT

Hashes: TypeAlias = NDArray[np.uint64]
Ints: TypeAlias = NDArray[np.int64]
Number = TypeVar("Number", np.uint64, np.int64)
Numbers: TypeAlias = NDArray[np.int32] | NDArray[np.int64]

_MASK: Final = (1 << 64) - 1
_STEP: Final = 0x9E3779B97F4A7C15  # odd: a phrase's hash differs by the order of its words
_TITLE: Final = hash(TITLE) & _MASK
_PREFIX: Final = hash(PREFIX) & _MASK
_BREAK: Final = "\n"  # not a word: it keeps a phrase from spanning the words on either side
_CLAUSES: Final = 50_000  # checked in one slice


def hash_of(literal: str) -> int:
    """Return the hash of a literal, which equals that of the same words in an article."""
    if literal.startswith(("source:", "lang:")):
        return hash(literal) & _MASK
    salt = _TITLE if literal.startswith(TITLE) else 0
    salt ^= _PREFIX if literal.endswith(PREFIX) else 0
    hashed = 0
    for word in literal.removeprefix(TITLE).removesuffix(PREFIX).split(" "):
        hashed = (hashed * _STEP + hash(word)) & _MASK
    return hashed ^ salt


@dataclass(slots=True)
class QueryBatch:
    """Compiled queries that wait to be merged, in flat arrays, one clause after another.

    *beginnings*: hashes of the beginnings of phrases with three words or more. Like *prefixes*,
    they limit what must be hashed of an article.
    """

    query_ids: "array[int]" = field(default_factory=lambda: array("q"))  # of each clause
    are_exact: "array[int]" = field(default_factory=lambda: array("b"))
    counts: "array[int]" = field(default_factory=lambda: array("q"))  # literals of each clause
    literals: "array[int]" = field(default_factory=lambda: array("Q"))
    are_forbidden: "array[int]" = field(default_factory=lambda: array("b"))
    inexact: dict[int, str] = field(default_factory=dict)  # canonical texts, by the query's id
    prefixes: PrefixLengths = field(default_factory=dict)
    beginnings: set[int] = field(default_factory=set)
    has_titles: bool = False

    def add(self, query_id: int, query: ParsedQuery) -> None:
        for required, forbidden, is_exact in clauses(query.tree):
            self.query_ids.append(query_id)
            self.are_exact.append(is_exact)
            self.counts.append(len(required) + len(forbidden))
            for literal in (*required, *forbidden):
                self.literals.append(hash_of(literal))
                if not literal.isalnum():
                    self._note(literal)
            self.are_forbidden.extend([False] * len(required) + [True] * len(forbidden))
            if not is_exact:
                self.inexact[query_id] = query.canonical

    def _note(self, literal: str) -> None:
        self.has_titles |= literal.startswith(TITLE)
        words = literal.removeprefix(TITLE).split(" ")
        note_prefix(literal, self.prefixes)
        for length in range(2, len(words)):
            self.beginnings.add(hash_of(" ".join(words[:length])))


class Frequencies:
    """The approximate number of articles with a literal, counted by a part of the literal's hash.

    Two literals may share a cell, which may make matching slower but never wrong.
    """

    _CELLS: Final = 1 << 18

    def __init__(self) -> None:
        self._counts = np.zeros(self._CELLS, dtype=np.uint32)
        self.articles = 0

    def learn(self, literals: Hashes) -> None:
        """Count the literals of one more article."""
        self._counts[literals & np.uint64(self._CELLS - 1)] += 1
        self.articles += 1

    def of(self, literals: Hashes) -> Ints:
        counts: Ints = self._counts[literals & np.uint64(self._CELLS - 1)].astype(np.int64)
        return counts

    def of_one(self, literal: str) -> int:
        return int(self._counts[hash_of(literal) & (self._CELLS - 1)])


@dataclass(frozen=True, slots=True)
class Postings:
    """The merged clauses.

    *literals*: sorted hashes; the number of a literal is its place among them. *buckets[b]*: the
    place from which the literals with the first bits b are among the next *nearby*.
    *firsts[2 * n]* to *firsts[2 * n + 1]*: the clauses that have literal n alone; from there to
    *firsts[2 * n + 2]*: the other clauses whose rarest literal is n.
    *starts[c]* to *starts[c + 1]*: the places in *others* of the other literals of clause c.
    *others*: the number of a required literal, or -1 minus the number of a forbidden one.
    *is_there*: which literals the article has that is being matched; False in between.
    """

    literals: Hashes = field(default_factory=lambda: np.full(1, _MASK, dtype=np.uint64))
    buckets: NDArray[np.int32] = field(default_factory=lambda: np.zeros(2, dtype=np.int32))
    nearby: Ints = field(default_factory=lambda: np.zeros((1, 1), dtype=np.int64))
    firsts: NDArray[np.int32] = field(default_factory=lambda: np.zeros(3, dtype=np.int32))
    query_ids: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    are_exact: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    starts: NDArray[np.int32] = field(default_factory=lambda: np.zeros(1, dtype=np.int32))
    others: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    beginnings: Hashes = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    prefixes: PrefixLengths = field(default_factory=dict)
    has_titles: bool = False
    ids: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # of queries, sorted
    is_there: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(1, dtype=np.bool_))

    def __len__(self) -> int:
        """Return the number of clauses."""
        return len(self.query_ids)

    def find(self, hashes: Hashes) -> Ints:
        """Return the numbers of the literals whose hashes are among *hashes*, in any order.

        Hashes spread evenly, so that a bucket has about one literal. A binary search among all
        literals would wait for memory at each step.
        """
        near = self.nearby + self.buckets.take(hashes >> _shift(len(self.buckets)))
        found: Ints = near[self.literals.take(near) == hashes]
        return found

    def matching(self, numbers: Ints) -> Slices[tuple[Ints, Ints]]:
        """Return the ids of the queries that match, and of those that may match.

        *numbers*: the numbers of the literals that the article has, sorted and distinct.
        """
        self.is_there[numbers] = True
        try:
            return (yield from self._matching(numbers))
        finally:
            self.is_there[numbers] = False

    def _matching(self, numbers: Ints) -> Slices[tuple[Ints, Ints]]:
        first = self.firsts.take(2 * numbers)
        middle = self.firsts.take(2 * numbers + 1)
        last = self.firsts.take(2 * numbers + 2)
        found: list[Ints] = []
        counts = (last - first).cumsum()
        at = 0
        while at < len(numbers):
            before = counts[at - 1] if at else 0
            to = max(at + 1, int(counts.searchsorted(before + _CLAUSES)))
            found.append(_ranges(first[at:to], middle[at:to]))
            found.append(self._holding(_ranges(middle[at:to], last[at:to])))
            at = to
            yield
        held = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
        are_exact = self.are_exact.take(held)
        return self.query_ids.take(held[are_exact]), self.query_ids.take(held[~are_exact])

    def _holding(self, asked: Ints) -> Ints:
        """Return the clauses that hold among *asked*, which have several literals each."""
        if not len(asked):
            return asked
        first, last = self.starts.take(asked), self.starts.take(asked + 1)
        others = self.others.take(_ranges(first, last))
        are_forbidden = others < 0
        others[are_forbidden] = -1 - others[are_forbidden]
        are_right = self.is_there.take(others) != are_forbidden
        lengths = last - first
        starts = lengths.cumsum() - lengths
        hold: NDArray[np.bool_] = np.logical_and.reduceat(are_right, starts)
        return asked[hold]


def distinct(values: NDArray[Number]) -> NDArray[Number]:
    """Return the distinct *values*, sorted; `numpy.unique` takes three times as long for a few."""
    values = np.sort(values)
    return values[_are_first(values)]


def _are_first(ordered: NDArray[Number]) -> NDArray[np.bool_]:
    """Return which of the sorted values differ from the one before."""
    are_first = np.ones(len(ordered), dtype=np.bool_)
    are_first[1:] = ordered[1:] != ordered[:-1]
    return are_first


def _buckets(literals: Hashes) -> tuple[NDArray[np.int32], Ints]:
    """Return `Postings.buckets` and `nearby`, the offsets from a bucket's place, in a column."""
    count = 1 << len(literals).bit_length()
    places = literals.searchsorted(np.arange(count, dtype=np.uint64) << _shift(count))
    largest = int(np.diff(places, append=len(literals)).max())
    places = np.minimum(places, len(literals) - largest)
    return places.astype(np.int32), np.arange(largest).reshape(-1, 1)


def _shift(buckets: int) -> np.uint64:
    """Return by how many bits a hash is shifted to its bucket; *buckets*: a power of 2."""
    return np.uint64(65 - buckets.bit_length())


def _ranges(first: Numbers, last: Numbers) -> Ints:
    """Return `first[0] … last[0] - 1, first[1] … last[1] - 1` and so on."""
    counts = (last - first).astype(np.int64)
    ends = counts.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    starts: Ints = np.repeat(first - (ends - counts), counts)
    return starts + np.arange(total, dtype=np.int64)


def with_batch(
    old: Postings, batch: QueryBatch, gone: Collection[int], frequencies: Frequencies
) -> Postings:
    """Return *old* without the queries in *gone* and with those of *batch*.

    The rarest literal of each clause is chosen again. Call this in a thread, because it takes a
    second or two for a million queries.
    """
    counts = np.concatenate((1 + np.diff(old.starts), np.frombuffer(batch.counts, np.int64)))
    hashes, are_forbidden = _flat(old)
    hashes = np.concatenate((hashes, np.frombuffer(batch.literals, np.uint64)))
    are_forbidden = np.concatenate((are_forbidden, np.frombuffer(batch.are_forbidden, np.bool_)))
    query_ids = np.concatenate((old.query_ids, np.frombuffer(batch.query_ids, np.int64)))
    are_exact = np.concatenate((old.are_exact, np.frombuffer(batch.are_exact, np.bool_)))

    are_gone = np.zeros(len(query_ids), dtype=np.bool_)
    if gone:
        are_gone[: len(old)] = _are_among(old.query_ids, np.sort(np.fromiter(gone, np.int64)))
    keep = np.repeat(~are_gone, counts)
    hashes, are_forbidden = hashes[keep], are_forbidden[keep]
    counts, query_ids, are_exact = counts[~are_gone], query_ids[~are_gone], are_exact[~are_gone]
    if not len(query_ids):
        return Postings()

    literals, numbers = _numbered(hashes)
    rarest_literals = _rarest_literals(frequencies.of(hashes), are_forbidden, counts)
    lengths = counts - 1
    places = 2 * numbers[rarest_literals] + (lengths > 0)  # in `Postings.firsts`
    order = places.argsort(kind="stable")
    signed = np.where(are_forbidden, -1 - numbers, numbers).astype(np.int32)
    others = np.delete(signed, rarest_literals)
    ends = lengths.cumsum()
    firsts = places[order].searchsorted(np.arange(2 * len(literals) + 1))
    return Postings(
        literals,
        *_buckets(literals),
        firsts.astype(np.int32),
        query_ids[order],
        are_exact[order],
        np.concatenate(([0], lengths[order].cumsum())).astype(np.int32),
        others[_ranges((ends - lengths)[order], ends[order])],
        np.sort(np.fromiter({*old.beginnings.tolist(), *batch.beginnings}, np.uint64)),
        merged_prefixes(old.prefixes, batch.prefixes),
        old.has_titles or batch.has_titles,
        _numbered(query_ids)[0],
        np.zeros(len(literals), dtype=np.bool_),
    )


def _numbered(values: NDArray[Number]) -> tuple[NDArray[Number], Ints]:
    """Return the distinct *values*, sorted, and the place of each of *values* among them.

    `numpy.unique` returns the same, but holds the interpreter's lock while it sorts.
    """
    order = values.argsort(kind="stable")
    ordered = values[order]
    is_first = _are_first(ordered)
    numbers = np.empty(len(values), dtype=np.int64)
    numbers[order] = is_first.cumsum() - 1
    return ordered[is_first], numbers


def _are_among(values: Ints, known: Ints) -> NDArray[np.bool_]:
    """Return which of *values* are in *known*, which is sorted."""
    are: NDArray[np.bool_] = known.take(known.searchsorted(values), mode="clip") == values
    return are


def _flat(postings: Postings) -> tuple[Hashes, NDArray[np.bool_]]:
    """Return the literals of all clauses, the rarest of each first, and which are forbidden."""
    places = np.repeat(np.arange(len(postings.firsts) - 1), np.diff(postings.firsts))
    rarest_literals = places // 2
    signed = np.insert(postings.others, postings.starts[:-1], rarest_literals)
    are_forbidden = signed < 0
    return postings.literals[np.where(are_forbidden, -1 - signed, signed)], are_forbidden


def _rarest_literals(seen: Ints, are_forbidden: NDArray[np.bool_], counts: Ints) -> Ints:
    """Return, for each clause, the place of its rarest required literal among all literals."""
    starts = counts.cumsum() - counts
    places = np.arange(len(seen)) - np.repeat(starts, counts)
    rank = np.where(are_forbidden, np.int64(1 << 60), (seen << 24) + places)
    rarest: Ints = np.minimum.reduceat(rank, starts) & ((1 << 24) - 1)
    return starts + rarest


def literal_hashes(article: FoldedArticle, postings: Postings) -> Iterator[Hashes]:
    """Yield, block by block, the hashes of all literals that *article* has and a query may need.

    Hashes may repeat.
    """
    yield np.array([hash_of(each) for each in outside(article)], dtype=np.uint64)
    title, text = article.title_field, article.text_field
    if text.parts:
        yield from _of_words(_parted(title, text), postings)
    else:
        yield from _of_words([[*_words(title), *_words(text)]], postings)
    if postings.has_titles:
        for hashes in _of_words([_words(title)], postings):
            yield hashes ^ np.uint64(_TITLE)


def _words(text: Field) -> list[str]:
    """Return the words of a short text, then those that only its joined reading has."""
    words = text.folded.plain.split()
    if text.folded.joined:
        words += _around_joins(text.folded.marked.split())
    words.append(_BREAK)
    return words


def _parted(title: Field, text: Field) -> Iterator[list[str]]:
    """Yield the words of the title, then of each whole reading of a long text, part by part."""
    yield _words(title)
    for reading in range(len(text.readings)):
        for part in text.parts:
            yield part.readings[: reading + 1][-1].split()
        yield [_BREAK]


def _around_joins(marked: Sequence[str]) -> list[str]:
    """Return the joined reading of each marked word, with as many neighbours as a phrase may have.

    Breaks stand for the words that are left out.
    """
    around = [_BREAK]
    done = 0
    for place, word in enumerate(marked):
        if JOIN not in word and POINT not in word:
            continue
        first = max(done, place - LONGEST_PHRASE + 1)
        if first > done:
            around.append(_BREAK)
        done = max(done, min(len(marked), place + LONGEST_PHRASE))
        around += [each.replace(JOIN, "").replace(POINT, "") for each in marked[first:done]]
    return around


def _of_words(blocks: Iterable[Sequence[str]], postings: Postings) -> Iterator[Hashes]:
    """Yield the hashes of the words, phrases and beginnings of each of the *blocks* of a text."""
    step = np.uint64(_STEP)
    run = np.zeros(0, dtype=np.uint64)
    for words in blocks:
        hashes = np.fromiter(map(hash, words), np.int64, len(words)).view(np.uint64)
        # A phrase may begin with the last words of the block before.
        run = np.concatenate((run[1 - LONGEST_PHRASE :], hashes))
        found = [hashes]
        if len(run) > 1:
            phrases = run[:-1] * step + run[1:]
            found.append(phrases)
            found += _longer(run, phrases, postings.beginnings)
        if postings.prefixes:
            found.append(_prefixes(words, postings.prefixes))
        yield np.concatenate(found)


def _longer(run: Hashes, phrases: Hashes, beginnings: Hashes) -> Iterator[Hashes]:
    """Yield the hashes of phrases of three words, of four and so on, if a query may have them.

    *phrases*: the hashes of the phrases of two words, at each place of *run*.
    """
    places = np.arange(len(phrases))
    for length in range(3, LONGEST_PHRASE + 1):
        if not len(beginnings):
            return
        at = beginnings.searchsorted(phrases)
        begin = beginnings.take(at, mode="clip") == phrases
        begin &= places + length <= len(run)
        places, phrases = places[begin], phrases[begin]
        if not len(places):
            return
        phrases = phrases * np.uint64(_STEP) + run[places + length - 1]
        yield phrases


def _prefixes(words: Iterable[str], lengths: PrefixLengths) -> Hashes:
    found = [hash(each) for each in prefixes_of(set(words), lengths)]
    return np.array(found, dtype=np.int64).view(np.uint64) ^ np.uint64(_PREFIX)
