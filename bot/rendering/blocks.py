"""Blocks: what templates give and messages are packed from; a paragraph, an item, a quote."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from bot.rendering.messages import Entity
from bot.rendering.utf16 import units


@dataclass(frozen=True, slots=True)
class Block:
    """Text with its entities, offsets counted from the block's own start.

    `margin`: an empty line stands between it and its neighbours. `opens_section`: a part of the
    message rather ends before it than further down.
    """

    text: str
    entities: tuple[Entity, ...] = ()
    margin: bool = False
    opens_section: bool = False
    units: int = field(init=False, compare=False)  # UTF-16 code units of the text

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", units(self.text))

    def gap_after(self, before: "Block") -> str:
        """Return what stands between *before* and this block."""
        spaced = self.margin or self.opens_section or before.margin
        return "\n\n" if spaced else "\n"


def joined(blocks: Sequence[Block]) -> Block:
    """Return one block that reads as *blocks* one after the other (at least one)."""
    first, *others = blocks
    pieces, entities, before = [first.text], list(first.entities), first
    end = first.units
    for block in others:
        gap = block.gap_after(before)
        end += len(gap)
        entities += shifted(block.entities, end)
        pieces += (gap, block.text)
        end += block.units
        before = block
    return replace(first, text="".join(pieces), entities=tuple(entities), margin=before.margin)


def size(blocks: Sequence[Block]) -> tuple[int, int]:
    """Return the UTF-16 units and the entities of *blocks* `joined`."""
    gaps = sum(len(block.gap_after(before)) for before, block in pairwise(blocks))
    entities = sum(len(block.entities) for block in blocks)
    return gaps + sum(block.units for block in blocks), entities


def shifted(entities: tuple[Entity, ...], by: int) -> tuple[Entity, ...]:
    # Not by `_replace`, which takes several times as long, for each entity of each digest.
    return tuple([Entity(one[0], one[1] + by, *one[2:]) for one in entities])
