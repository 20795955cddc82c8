"""The keys of articles: their words, phrases and beginnings that some query may look for."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np

from bot.matching.engine.bits import Marked, joined, shares
from bot.matching.engine.conjunctions import LONGEST_PHRASE, LONGEST_PREFIX
from bot.matching.engine.growing import Growing
from bot.matching.engine.hashing import (
    BREAK,
    END,
    Block,
    Hashing,
    Keys,
    Kind,
    Places,
    Words,
)
from bot.matching.evaluation import FoldedArticle

MarkedKeys: TypeAlias = Marked[np.uint64]
_NOTHING: Final = MarkedKeys(np.zeros(0, dtype=np.uint64))

_GATE_BITS: Final = 21
_LAST: Final = slice(1 - LONGEST_PHRASE, None)
_PAIR: Final = 2  # words, the shortest phrase
_PREFIXES: Final = (Kind.PREFIX, Kind.TITLE_PREFIX)
_OUTSIDE: Final = (Kind.SOURCE, Kind.LANGUAGE, Kind.ALWAYS)
_PHRASES: Final = (Kind.WORDS, Kind.TITLE_WORDS)


class Gates:
    """What lengths of phrases and beginnings are looked for at all; bits are only ever added.

    `phrases` is uint8[2^21] by the hash of a phrase's first two words: bit n - 2 for n words.
    `prefixes` is uint64[2^16] by a beginning's first two bytes: bit n for n bytes.
    """

    def __init__(self, hashing: Hashing) -> None:
        self._hashing = hashing
        self.phrases = Growing(np.zeros(1 << _GATE_BITS, dtype=np.uint8))
        self.prefixes = Growing(np.zeros(1 << 16, dtype=np.uint64))
        self.kinds = [False] * len(Kind)

    def open(self, kind: Kind, texts: Iterable[str], words: Words) -> None:
        """Let these literals through."""
        self.kinds[kind] = True
        if kind in _PREFIXES:
            for text in texts:
                data = text.encode()
                self.prefixes.cells[data[0] << 8 | data[1]] |= 1 << len(data)
        elif kind in _PHRASES:
            for length in range(_PAIR, int(words.counts.max()) + 1):
                starts = words.starts[words.counts == length]
                self.phrases.array[_gate(self._pairs(words, starts))] |= 1 << (length - 2)

    def _pairs(self, words: Words, starts: Places) -> Keys:
        return words.hashes[starts] * self._hashing.step + words.hashes[starts + 1]


def _gate(pairs: Keys) -> Places:
    return (pairs >> np.uint64(64 - _GATE_BITS)).view(np.int64)


def sought(
    gates: Gates, hashing: Hashing, articles: Sequence[FoldedArticle]
) -> Iterator[tuple[MarkedKeys, MarkedKeys]]:
    """Block by block the hashes of their words, in order, and the keys to look for."""
    more = list(_outside(gates, hashing, articles))
    if gates.kinds[Kind.TITLE_WORDS] or gates.kinds[Kind.TITLE_PREFIX]:
        kinds = Kind.TITLE_WORDS, Kind.TITLE_PREFIX
        titles = [article.title.readings for article in articles]
        for _, found in _keys(gates, hashing, titles, kinds):
            more += found
    readings = [(*article.title.readings, *article.text.readings) for article in articles]
    words = None
    for words, found in _keys(gates, hashing, readings, (Kind.WORDS, Kind.PREFIX)):
        yield words, joined([*found, *more])
        more = []
    if words is None:
        yield _NOTHING, joined([_NOTHING, *more])


def _outside(
    gates: Gates, hashing: Hashing, articles: Sequence[FoldedArticle]
) -> Iterator[MarkedKeys]:
    """The keys of what does not stand in the words."""
    if not any(map(gates.kinds.__getitem__, _OUTSIDE)):
        return
    keys: list[int] = []
    bits: list[int] = []
    for article, share in zip(articles, shares(len(articles)), strict=True):
        asked = [(Kind.ALWAYS, ""), (Kind.LANGUAGE, article.language)]
        asked += [(Kind.SOURCE, name) for name in article.sources]
        keys += [hashing.name(kind, text) for kind, text in asked if gates.kinds[kind]]
        bits += [share] * (len(keys) - len(bits))
    whose = np.array(bits, dtype=np.uint32) if len(articles) > 1 else None
    yield Marked(np.array(keys, dtype=np.uint64), whose)


def _keys(
    gates: Gates,
    hashing: Hashing,
    readings: Sequence[tuple[str, ...]],
    kinds: tuple[Kind, Kind],
) -> Iterator[tuple[MarkedKeys, list[MarkedKeys]]]:
    """*readings* are those of each article."""
    salt, prefix_salt = (np.uint64(hashing.salts[kind]) for kind in kinds)
    run: MarkedKeys | None = None
    for block, words in _words(hashing, readings):
        # A phrase may begin with the last words of the block before.
        run = words if run is None else joined([run.cut(_LAST), words])
        plain = (words, *_phrases(gates, hashing, run))
        found = [Marked(keys ^ salt, bits) for keys, bits in plain]
        if gates.kinds[kinds[1]]:
            beginnings = _prefixes(gates, hashing, block, words)
            found += [Marked(keys ^ prefix_salt, bits) for keys, bits in beginnings]
        yield words, found


def _words(
    hashing: Hashing, readings: Sequence[tuple[str, ...]]
) -> Iterator[tuple[Block, MarkedKeys]]:
    whole = END.join(BREAK.join(filter(None, each)) or " " for each in readings)
    if len(readings) == 1:
        for block in hashing.blocks(whole):
            yield block, Marked(hashing.words(block))
        return
    left = np.array(shares(len(readings)), dtype=np.uint32)  # of those whose words are to come
    for block in hashing.blocks(whole):
        hashes = hashing.words(block)
        passed = (hashes == hashing.end).cumsum()
        yield block, Marked(hashes, left.take(passed))
        left = left[passed[-1] :]


def _phrases(gates: Gates, hashing: Hashing, words: MarkedKeys) -> Iterator[MarkedKeys]:
    """Hashes of the runs of 2 to 8 words that may be phrases, a length at a time."""
    hashes = words.values
    two = hashes[:-1] * hashing.step + hashes[1:]
    lengths = gates.phrases.array.take(_gate(two))
    at = lengths.nonzero()[0]
    lengths, run = lengths.take(at), two.take(at)
    for length in range(_PAIR, LONGEST_PHRASE + 1):
        if length > _PAIR:
            inside = (lengths >= 1 << (length - 2)) & (at + length <= len(hashes))
            at, lengths, run = at[inside], lengths[inside], run[inside]
            run = run * hashing.step + hashes[at + length - 1]
        if not len(at):
            return
        asked = (lengths & (1 << (length - 2))).nonzero()[0]
        yield Marked(run.take(asked), words.bits_at(at.take(asked)))


def _prefixes(
    gates: Gates, hashing: Hashing, block: Block, words: MarkedKeys
) -> Iterator[MarkedKeys]:
    first = block.data[block.starts].astype(np.int64) << 8
    lengths = gates.prefixes.array[first | block.data[block.starts + 1]]
    longest: Places = block.ends - block.starts
    wanted = int(np.bitwise_or.reduce(lengths))
    for length in range(1, LONGEST_PREFIX + 1):
        if wanted >> length & 1:
            which: Places = np.flatnonzero(
                (lengths >> np.uint64(length) & np.uint64(1)).astype(np.bool_) & (longest >= length)
            )
            yield Marked(hashing.beginnings(block, which, length), words.bits_at(which))
