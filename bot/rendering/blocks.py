"""Blocks: what templates give and messages are packed from; a paragraph, an item, a quote."""

from dataclasses import dataclass, replace

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

    def gap_after(self, before: "Block") -> str:
        """Return what stands between *before* and this block."""
        spaced = self.margin or self.opens_section or before.margin
        return "\n\n" if spaced else "\n"


def joined(blocks: list[Block]) -> Block:
    """Return one block that reads as *blocks* one after the other (at least one)."""
    first, *others = blocks
    text, entities, before = first.text, list(first.entities), first
    for block in others:
        text += block.gap_after(before)
        entities += shifted(block.entities, units(text))
        text += block.text
        before = block
    return replace(first, text=text, entities=tuple(entities), margin=before.margin)


def shifted(entities: tuple[Entity, ...], by: int) -> tuple[Entity, ...]:
    return tuple(replace(entity, offset=entity.offset + by) for entity in entities)
