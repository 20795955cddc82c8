"""The keys of an article: its words, phrases and beginnings that some query may look for."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from bot.matching.engine.conjunctions import LONGEST_PHRASE, LONGEST_PREFIX
from bot.matching.engine.growing import Growing
from bot.matching.engine.hashing import BREAK, Block, Hashing, Keys, Kind, Places, Words
from bot.matching.evaluation import FoldedArticle

_GATE_BITS: Final = 21
_PAIR: Final = 2  # words, the shortest phrase
_PREFIXES: Final = (Kind.PREFIX, Kind.TITLE_PREFIX)
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


def article_keys(
    gates: Gates, hashing: Hashing, article: FoldedArticle
) -> Iterator[tuple[Keys, Keys]]:
    """Block by block the hashes of its words, and the keys to look for."""
    title, text = article.title.readings, article.text.readings
    more = [np.array(_outside(gates, hashing, article), dtype=np.uint64)]
    if gates.kinds[Kind.TITLE_WORDS] or gates.kinds[Kind.TITLE_PREFIX]:
        kinds = Kind.TITLE_WORDS, Kind.TITLE_PREFIX
        for _, found in _keys(gates, hashing, BREAK.join(title), kinds):
            more += found
    words = np.zeros(0, dtype=np.uint64)
    whole = BREAK.join((*title, *text))
    for words, found in _keys(gates, hashing, whole, (Kind.WORDS, Kind.PREFIX)):
        yield words, np.concatenate((*found, *more))
        more = []
    if more:
        yield words, np.concatenate(more)


def _outside(gates: Gates, hashing: Hashing, article: FoldedArticle) -> list[int]:
    """The keys of what does not stand in the words."""
    asked = [(Kind.ALWAYS, "")]
    asked += [(Kind.SOURCE, name) for name in article.sources]
    asked += [(Kind.LANGUAGE, article.language)]
    return [hashing.key(kind, text) for kind, text in asked if gates.kinds[kind]]


def _keys(
    gates: Gates, hashing: Hashing, reading: str, kinds: tuple[Kind, Kind]
) -> Iterator[tuple[Keys, list[Keys]]]:
    salt, prefix_salt = (np.uint64(hashing.salts[kind]) for kind in kinds)
    before: Keys | None = None  # the last words of the block before: a phrase may begin there
    for block in hashing.blocks(reading):
        words = hashing.words(block)
        run = words if before is None else np.concatenate((before, words))
        found = [keys ^ salt for keys in (words, *_phrases(gates, hashing, run))]
        if gates.kinds[kinds[1]]:
            found += [keys ^ prefix_salt for keys in _prefixes(gates, hashing, block)]
        yield words, found
        before = run[1 - LONGEST_PHRASE :]


def _phrases(gates: Gates, hashing: Hashing, words: Keys) -> Iterator[Keys]:
    """Hashes of the runs of 2 to 8 words that may be phrases, a length at a time."""
    two = words[:-1] * hashing.step + words[1:]
    lengths = gates.phrases.array.take(_gate(two))
    at = lengths.nonzero()[0]
    lengths, run = lengths.take(at), two.take(at)
    for length in range(_PAIR, LONGEST_PHRASE + 1):
        if length > _PAIR:
            inside = (lengths >= 1 << (length - 2)) & (at + length <= len(words))
            at, lengths, run = at[inside], lengths[inside], run[inside]
            run = run * hashing.step + words[at + length - 1]
        if not len(at):
            return
        yield run[(lengths & (1 << (length - 2))) != 0]


def _prefixes(gates: Gates, hashing: Hashing, block: Block) -> Iterator[Keys]:
    first = block.data[block.starts].astype(np.int64) << 8
    lengths = gates.prefixes.array[first | block.data[block.starts + 1]]
    longest: Places = block.ends - block.starts
    wanted = int(np.bitwise_or.reduce(lengths))
    for length in range(1, LONGEST_PREFIX + 1):
        if wanted >> length & 1:
            which: Places = np.flatnonzero(
                (lengths >> np.uint64(length) & np.uint64(1)).astype(np.bool_) & (longest >= length)
            )
            yield hashing.beginnings(block, which, length)
