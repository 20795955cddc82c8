"""Packing blocks into messages that Telegram takes: 1-4096 UTF-16 units, at most 100 entities.

1. All blocks go into one message if they fit.
2. Else a message ends where a section ends, if the next section fits into a message of its own.
3. Else it ends between blocks; a section's first block is never left alone at the end.
4. A block that fits into no message is cut: at a line, else a sentence, a word, a character; never
   inside a surrogate pair or a grapheme cluster; inside an entity only if nothing else is left.
Each of several messages ends with its number, such as 1/3; the keyboard stands under the last.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from bot.rendering.messages import MAX_ENTITIES, MAX_UNITS, Entity, Keyboard, Message, units


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, an item or a quote: text with entities, their offsets counted from its start.

    `margin`: an empty line stands between it and its neighbours. `opens_section`: a message
    preferably ends before it.
    """

    text: str
    entities: tuple[Entity, ...] = ()
    margin: bool = False
    opens_section: bool = False
    units: int = field(init=False, compare=False)  # UTF-16 code units of the text

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", units(self.text))

    def gap_after(self, before: "Block") -> str:
        """Return the white space between *before* and this block."""
        spaced = self.margin or self.opens_section or before.margin
        return "\n\n" if spaced else "\n"


def join(blocks: Sequence[Block]) -> Block:
    """Return one block that reads as *blocks* (at least one), one after the other."""
    first, *others = blocks
    pieces, entities, before = [first.text], list(first.entities), first
    end = first.units
    for block in others:
        gap = block.gap_after(before)
        end += len(gap)
        entities += _shifted(block.entities, end)
        pieces += (gap, block.text)
        end += block.units
        before = block
    return replace(first, text="".join(pieces), entities=tuple(entities), margin=before.margin)


def size(blocks: Sequence[Block]) -> tuple[int, int]:
    """Return the UTF-16 units and the entities of *blocks* `joined`."""
    gaps = sum(len(block.gap_after(before)) for before, block in pairwise(blocks))
    entities = sum(len(block.entities) for block in blocks)
    return gaps + sum(block.units for block in blocks), entities


def _shifted(entities: tuple[Entity, ...], by: int) -> tuple[Entity, ...]:
    # `_replace` takes several times as long, for each entity of each digest.
    return tuple([Entity(one[0], one[1] + by, *one[2:]) for one in entities])


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
        at = _cut_index(block, limit)
        head, block = _split(block, at)
        if head.text:
            yield head
    if block.text:
        yield block


def fits(block: Block, limit: int) -> bool:
    return block.units <= limit and len(block.entities) <= MAX_ENTITIES


def _cut_index(block: Block, limit: int) -> int:
    """Return the index to cut the text at: above 0 and below its length."""
    most = _most_units(block, limit)
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


def _most_units(block: Block, limit: int) -> int:
    """Return the UTF-16 units that may stand before the cut; at least those of one character."""
    if len(block.entities) > MAX_ENTITIES:
        limit = min(limit, block.entities[MAX_ENTITIES].offset)
    return max(limit, 2)


def _inside(offset: int, entities: Iterable[Entity]) -> bool:
    return any(entity.offset < offset < entity.end for entity in entities)


def _between_characters(text: str, last: int) -> int:
    """Return the last index up to *last* that splits no cluster; a cluster too long is split."""
    return next((at for at in range(last, 0, -1) if not _sticks(text, at)), last)


def _sticks(text: str, at: int) -> bool:
    """Return whether the characters around *at* form one cluster (UAX 29, the common cases)."""
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
    """Return how many characters in a row right before *end* are *wanted*."""
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


def _split(block: Block, at: int) -> tuple[Block, Block]:
    head, tail = block.text[:at].rstrip(), block.text[at:].lstrip()
    start = block.units - units(tail)
    before = _clipped(block.entities, 0, units(head))
    after = _clipped(block.entities, start, block.units)
    return (
        replace(block, text=head, entities=before),
        Block(tail, after, margin=block.margin),
    )


def _clipped(entities: tuple[Entity, ...], start: int, end: int) -> tuple[Entity, ...]:
    """Return the parts of *entities* between *start* and *end*, offsets counted from *start*."""
    inside = (
        (entity, max(entity.offset, start), min(entity.end, end))
        for entity in entities
        if entity.offset < end and entity.end > start
    )
    return tuple(
        entity._replace(offset=first - start, length=last - first) for entity, first, last in inside
    )


_ROOM_FOR_NUMBER = len("\n\n1000/1000")
_NUMBERED_UNITS = MAX_UNITS - _ROOM_FOR_NUMBER


def pack(blocks: Sequence[Block], keyboard: Keyboard = ()) -> list[Message]:
    """Return the messages that hold *blocks*, none for no text."""
    if not blocks:
        return []
    if _fit_together(blocks, MAX_UNITS):
        whole = join(blocks)
        return [Message(whole.text, whole.entities, keyboard)]
    parts = [join(part) for part in _message_parts(blocks)]
    if len(parts) == 1:
        return [Message(parts[0].text, parts[0].entities, keyboard)]
    messages = [
        Message(f"{part.text}\n\n{number}/{len(parts)}", part.entities)
        for number, part in enumerate(parts, 1)
    ]
    return [*messages[:-1], replace(messages[-1], keyboard=keyboard)]


def _message_parts(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    part: list[Block] = []
    length = entities = 0
    for section in _sections(blocks):
        groups = [section] if _fit_together(section) else _indivisible(section)
        for group in groups:
            more, more_entities = size(group)
            gap = len(group[0].gap_after(part[-1])) if part else 0
            length, entities = length + gap + more, entities + more_entities
            if part and (length > _NUMBERED_UNITS or entities > MAX_ENTITIES):
                yield part
                part, length, entities = [], more, more_entities
            part += group
    yield part


def _sections(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    section: list[Block] = []
    for block in blocks:
        if section and block.opens_section:
            yield section
            section = []
        section.append(block)
    yield section


def _indivisible(section: list[Block]) -> list[list[Block]]:
    """Return the groups of a large *section* that stay together: mostly single blocks."""
    opening, rest = section[:2], section[2:]
    if not _fit_together(opening):
        opening, rest = [], section
    cut = [[piece] for block in rest for piece in pieces(block, _NUMBERED_UNITS)]
    return [opening, *cut] if opening else cut


def _fit_together(blocks: Sequence[Block], limit: int = _NUMBERED_UNITS) -> bool:
    length, entities = size(blocks)
    return length <= limit and entities <= MAX_ENTITIES
