"""Cutting one block that is too large: at a line, else a sentence, a word, a character.

Never inside a surrogate pair or a grapheme cluster; inside an entity only if nothing else is left.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from bot.rendering.blocks import Block
from bot.rendering.messages import MAX_ENTITIES, Entity
from bot.rendering.utf16 import units

_LINE = re.compile(r"\n+")
# Latin and CJK full stops; the latter (。 and the full-width ! and ?) need no space after them.
_SENTENCE = re.compile("(?<=[.!?\u2026])[\"'\u201d\u2019\u00bb)\\]]*\\s+|(?<=[\u3002\uff01\uff1f])")
_WORD = re.compile(r"\s+")

# A quote or a code block may go on in the next part; a link or bold words rather not.
_SPLITTABLE = frozenset({"blockquote", "expandable_blockquote", "pre"})

_JOINER = "\u200d"
_REGIONAL = range(0x1F1E6, 0x1F200)
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def pieces(block: Block, limit: int) -> Iterator[Block]:
    """Yield *block* in pieces of at most *limit* UTF-16 units and 100 entities each."""
    while not fits(block, limit):
        at = _place(block, limit)
        head, block = _parted(block, at)
        if head.text:
            yield head
    if block.text:
        yield block


def fits(block: Block, limit: int) -> bool:
    return block.units <= limit and len(block.entities) <= MAX_ENTITIES


def _place(block: Block, limit: int) -> int:
    """Return the index into the text where to cut; above 0, and below the whole."""
    most = _most(block, limit)
    offsets = _offsets(block.text)
    last = max(index for index, offset in enumerate(offsets) if offset <= most)
    inner = [entity for entity in block.entities if entity.type not in _SPLITTABLE]
    for unbroken in (inner, []):
        for ends in (_LINE, _SENTENCE, _WORD):
            places = [
                found.end()
                for found in ends.finditer(block.text, 0, last + 1)
                if last // 2 < found.end() <= last and not _inside(offsets[found.end()], unbroken)
            ]
            if places:
                return places[-1]
    return _between_characters(block.text, last)


def _most(block: Block, limit: int) -> int:
    """Return the transactions that may stand before the cut; at least one character's."""
    if len(block.entities) > MAX_ENTITIES:
        limit = min(limit, block.entities[MAX_ENTITIES].offset)
    return max(limit, 2)


def _inside(offset: int, entities: Iterable[Entity]) -> bool:
    return any(entity.offset < offset < entity.end for entity in entities)


def _between_characters(text: str, last: int) -> int:
    """Return the last place up to *last* that splits no cluster; a cluster too long is split."""
    return next((at for at in range(last, 0, -1) if not _sticks(text, at)), last)


def _sticks(text: str, at: int) -> bool:
    """Say whether the characters around *at* are one on the screen (UAX 29, what is common)."""
    if at >= len(text):
        return False
    before, after = text[at - 1], text[at]
    if unicodedata.category(after) in {"Mn", "Mc", "Me"} or _JOINER in {before, after}:
        return True
    if ord(after) in _SKIN_TONES or (before, after) == ("\r", "\n"):
        return True
    return _hangul(before, after) or (
        ord(after) in _REGIONAL and _run(text, at, lambda c: ord(c) in _REGIONAL) % 2 == 1
    )


def _hangul(before: str, after: str) -> bool:
    return "\u1100" <= before <= "\ud7a3" and "\u1160" <= after <= "\u11ff"


def _run(text: str, end: int, wanted: Callable[[str], bool]) -> int:
    """Return how many characters right before *end* are *wanted*."""
    start = end
    while start and wanted(text[start - 1]):
        start -= 1
    return end - start


def _offsets(text: str) -> list[int]:
    """Return the UTF-16 offset of each index into *text*, its end included."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + units(character))
    return offsets


def _parted(block: Block, at: int) -> tuple[Block, Block]:
    head, tail = block.text[:at].rstrip(), block.text[at:].lstrip()
    start = block.units - units(tail)
    before = _clipped(block.entities, 0, units(head))
    after = _clipped(block.entities, start, block.units)
    return (
        replace(block, text=head, entities=before),
        Block(tail, after, margin=block.margin),
    )


def _clipped(entities: tuple[Entity, ...], start: int, end: int) -> tuple[Entity, ...]:
    """Return what of *entities* lies within *start* and *end*, counted from *start*."""
    inside = (
        (entity, max(entity.offset, start), min(entity.end, end))
        for entity in entities
        if entity.offset < end and entity.end > start
    )
    return tuple(
        entity._replace(offset=first - start, length=last - first) for entity, first, last in inside
    )
