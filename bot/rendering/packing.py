"""Packing blocks into messages that Telegram takes: 1-4096 UTF-16 units, at most 100 entities.

1. All in one message if it fits.
2. Else a part ends where a section ends, if the next section fits into a part of its own.
3. Else it ends between blocks; a section's first block is never left alone at the end.
4. A block that fits into no part is cut (`cutting`).
Each of several parts ends with its number, such as 1/3; the keyboard stands under the last.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bot.rendering.blocks import Block, joined, size
from bot.rendering.cutting import pieces
from bot.rendering.messages import MAX_ENTITIES, MAX_UNITS, Keyboard, Message

_ROOM_FOR_NUMBER = len("\n\n1000/1000")
_PART_UNITS = MAX_UNITS - _ROOM_FOR_NUMBER


def pack(blocks: Sequence[Block], keyboard: Keyboard = ()) -> list[Message]:
    """Return the messages that hold *blocks*, none for no text."""
    if not blocks:
        return []
    if _fit(blocks, MAX_UNITS):
        whole = joined(blocks)
        return [Message(whole.text, whole.entities, keyboard)]
    parts = [joined(part) for part in _parts(blocks)]
    if len(parts) == 1:
        return [Message(parts[0].text, parts[0].entities, keyboard)]
    messages = [
        Message(f"{part.text}\n\n{number}/{len(parts)}", part.entities)
        for number, part in enumerate(parts, 1)
    ]
    return [*messages[:-1], replace(messages[-1], keyboard=keyboard)]


def _parts(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    part: list[Block] = []
    for section in _sections(blocks):
        wholes = [section] if _fit(section) else _unparted(section)
        for whole in wholes:
            if part and not _fit([*part, *whole]):
                yield part
                part = []
            part += whole
    yield part


def _sections(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    section: list[Block] = []
    for block in blocks:
        if section and block.opens_section:
            yield section
            section = []
        section.append(block)
    yield section


def _unparted(section: list[Block]) -> list[list[Block]]:
    """Return what of a large *section* must stay together: mostly single blocks."""
    opening, rest = section[:2], section[2:]
    if not _fit(opening):
        opening, rest = [], section
    cut = [[piece] for block in rest for piece in pieces(block, _PART_UNITS)]
    return [opening, *cut] if opening else cut


def _fit(blocks: Sequence[Block], limit: int = _PART_UNITS) -> bool:
    length, entities = size(blocks)
    return length <= limit and entities <= MAX_ENTITIES
