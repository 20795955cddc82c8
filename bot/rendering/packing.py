"""Packs blocks into messages that Telegram accepts: 1-4096 UTF-16 units, at most 100 entities.

1. If all blocks fit, they are one message.
2. If not, a message ends between sections, if the next section fits into a message of its own.
3. A longer section is split between blocks. Its first block is never the last of a message.
4. A block that fits into no message is cut at a line, a sentence, a word or a character, in this
   order of preference. It is never cut inside a surrogate pair, and inside an entity or a grapheme
   cluster only if there is no other place.

Each of several messages ends with its number, such as 1/3. The keyboard is below the last one.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise, takewhile

from bot.rendering.messages import MAX_ENTITIES, MAX_UNITS, Entity, Keyboard, Message, units


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, item or quote: text, and entities with offsets from its start.

    `margin`: an empty line separates it from its neighbours. `opens_section`: a message preferably
    ends before it. `joined`: the blocks that it was joined from, between which it may be split.
    """

    text: str
    entities: tuple[Entity, ...] = ()
    margin: bool = False
    opens_section: bool = False
    joined: tuple["Block", ...] = ()
    units: int = field(init=False, compare=False)  # UTF-16 code units of the text

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", units(self.text))

    @property
    def singles(self) -> tuple["Block", ...]:
        """The blocks that it was joined from, or the block itself."""
        return self.joined or (self,)

    def gap_after(self, before: "Block") -> str:
        """Return the white space between *before* and this block."""
        spaced = self.margin or self.opens_section or before.singles[-1].margin
        return "\n\n" if spaced else "\n"

    def opening_section(self) -> "Block":
        first, *others = self.singles
        return join([replace(first, opens_section=True), *others])


def join(blocks: Sequence[Block]) -> Block:
    """Join *blocks* (at least one) into one block."""
    first, *others = blocks
    if not others:
        return first
    pieces, entities, before = [first.text], list(first.entities), first
    end = first.units
    for block in others:
        gap = block.gap_after(before)
        end += len(gap)
        # Positional, because `_replace` is several times slower and a digest has many entities.
        entities += [Entity(entity[0], entity[1] + end, *entity[2:]) for entity in block.entities]
        pieces += (gap, block.text)
        end += block.units
        before = block
    singles = tuple(single for block in blocks for single in block.singles)
    return Block("".join(pieces), tuple(entities), first.margin, first.opens_section, singles)


def join_sections(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Join the blocks of each section, so that pages that share them need not join them again."""
    return tuple(join(section) for section in _sections(blocks)) if blocks else ()


def size(blocks: Sequence[Block]) -> tuple[int, int]:
    """Return the number of UTF-16 units and of entities of the joined *blocks*."""
    gaps = sum(len(block.gap_after(before)) for before, block in pairwise(blocks))
    entities = sum(len(block.entities) for block in blocks)
    return gaps + sum(block.units for block in blocks), entities


_LINE = re.compile(r"\n+")
# Latin and CJK full stops; the latter (。 and the full-width ! and ?) need no space after them.
_SENTENCE = re.compile("(?<=[.!?\u2026])[\"'\u201d\u2019\u00bb)\\]]*\\s+|(?<=[\u3002\uff01\uff1f])")
_WORD = re.compile(r"\s+")

# Quotes and code blocks may continue in the next part; links and bold words should not.
_SPLITTABLE = frozenset({"blockquote", "expandable_blockquote", "pre"})

_JOINER = "\u200d"
_REGIONAL = frozenset(map(chr, range(0x1F1E6, 0x1F200)))  # letters; two of them make a flag
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def pieces(block: Block, limit: int) -> Iterator[Block]:
    """Yield *block* in pieces of at most *limit* UTF-16 units and 100 entities each."""
    while block.units > limit or len(block.entities) > MAX_ENTITIES:
        head, block = _split(block, _cut_index(block, limit))
        if head.text:
            yield head
    if block.text:
        yield block


def _cut_index(block: Block, limit: int) -> int:
    """Return the index at which to cut the text, above 0 and below its length."""
    if len(block.entities) > MAX_ENTITIES:
        limit = min(limit, block.entities[MAX_ENTITIES].offset)
    offsets = list(accumulate(map(units, block.text), initial=0))
    last = bisect_right(offsets, max(limit, 2)) - 1  # at least one character is before the cut
    inner = [entity for entity in block.entities if entity.type not in _SPLITTABLE]
    for unbroken in (inner, []):
        for ends in (_LINE, _SENTENCE, _WORD):
            places = [match.end() for match in ends.finditer(block.text, 0, last + 1)]
            for place in reversed(places):
                at = offsets[place]
                if last // 2 < place <= last and not any(
                    entity.offset < at < entity.end for entity in unbroken
                ):
                    return place
    # A grapheme cluster that is too long for a message is split.
    return next((at for at in range(last, 0, -1) if not _sticks(block.text, at)), last)


def _sticks(text: str, at: int) -> bool:
    """Return whether the characters around *at* form one cluster (UAX 29, the common cases)."""
    if at >= len(text):
        return False
    before, after = text[at - 1], text[at]
    return (
        unicodedata.category(after) in {"Mn", "Mc", "Me"}
        or _JOINER in {before, after}
        or ord(after) in _SKIN_TONES
        or (before, after) == ("\r", "\n")
        or ("\u1100" <= before <= "\ud7a3" and "\u1160" <= after <= "\u11ff")
        or (after in _REGIONAL and _letters_before(text, at) % 2 == 1)
    )


def _letters_before(text: str, at: int) -> int:
    return sum(1 for _ in takewhile(_REGIONAL.__contains__, reversed(text[:at])))


def _split(block: Block, at: int) -> tuple[Block, Block]:
    head, tail = block.text[:at].rstrip(), block.text[at:].lstrip()
    start = block.units - units(tail)
    before = replace(block, text=head, entities=_clipped(block.entities, 0, units(head)))
    return before, Block(tail, _clipped(block.entities, start, block.units), margin=block.margin)


def _clipped(entities: tuple[Entity, ...], start: int, end: int) -> tuple[Entity, ...]:
    """Return the parts of *entities* between *start* and *end*, with offsets from *start*."""
    inside = (
        (entity, max(entity.offset, start), min(entity.end, end))
        for entity in entities
        if entity.offset < end and entity.end > start
    )
    return tuple(
        entity._replace(offset=first - start, length=last - first) for entity, first, last in inside
    )


_NUMBERED_UNITS = MAX_UNITS - len("\n\n1000/1000")


def pack(blocks: Sequence[Block], keyboard: Keyboard = ()) -> list[Message]:
    """Return the messages that hold *blocks*, with *keyboard* below the last."""
    if not blocks:
        return []
    if _fits(*size(blocks), limit=MAX_UNITS):
        parts = [join(blocks)]
    else:
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
    for group in _groups(blocks):
        more, more_entities = group.units, len(group.entities)
        gap = len(group.gap_after(part[-1])) if part else 0
        length, entities = length + gap + more, entities + more_entities
        if part and (length > _NUMBERED_UNITS or entities > MAX_ENTITIES):
            yield part
            part, length, entities = [], more, more_entities
        part.append(group)
    yield part


def _groups(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks that a message must not be split in: sections, or parts of a large one."""
    for section in map(join, _sections(blocks)):
        if _fits(section.units, len(section.entities)):
            yield section
        else:
            yield from map(join, _indivisible(section.singles))


def _sections(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    section: list[Block] = []
    for block in blocks:
        if section and block.opens_section:
            yield section
            section = []
        section.append(block)
    yield section


def _indivisible(section: Sequence[Block]) -> list[Sequence[Block]]:
    """Return the groups of a large *section* that stay together, most of them single blocks."""
    together = 2 if _fits(*size(section[:2])) else 0
    rest = section[together:]
    cut: list[Sequence[Block]] = [
        [piece] for block in rest for piece in pieces(block, _NUMBERED_UNITS)
    ]
    return [section[:together], *cut] if together else cut


def _fits(length: int, entities: int, limit: int = _NUMBERED_UNITS) -> bool:
    return length <= limit and entities <= MAX_ENTITIES
