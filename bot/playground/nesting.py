"""How entities may lie over each other, and what Telegram makes of those that may not.

In this order, as Telegram does it:

1. Links, mentions, custom emoji and monospace exclude each other: the first of two stays.
2. Block quotes exclude each other too; a link that crosses a quote's border is dropped.
3. Bold, italic, underline, strikethrough and spoiler are joined where they meet, then cut at every
   border of the others and wherever one of them begins; inside monospace they are dropped.
"""

from collections.abc import Iterable

from bot.playground.entities import BLOCKQUOTES, MONOSPACE, SPLITTABLE, Mark


def fix_nesting(marks: Iterable[Mark]) -> list[Mark]:
    """The entities as Telegram keeps them, outer before inner."""
    ordered = sorted((mark for mark in marks if mark.length > 0), key=lambda mark: mark.order)
    quotes = _apart([mark for mark in ordered if mark.type in BLOCKQUOTES])
    solid = _apart(
        [mark for mark in ordered if mark.type not in BLOCKQUOTES and mark.type not in SPLITTABLE]
    )
    frame = [mark for mark in solid if not any(_crosses(mark, quote) for quote in quotes)] + quotes
    styles = _cut([mark for mark in ordered if mark.type in SPLITTABLE], frame)
    return sorted(frame + styles, key=lambda mark: mark.order)


def add_found(marks: list[Mark], found: list[Mark]) -> list[Mark]:
    """Add the entities that Telegram found by itself, where none of the bot's own links lies."""
    frame = [mark for mark in marks if mark.type not in SPLITTABLE and mark.type not in BLOCKQUOTES]
    new = [mark for mark in found if not any(_touch(mark, own) for own in frame)]
    return fix_nesting([*marks, *new])


def _apart(ordered: list[Mark]) -> list[Mark]:
    kept: list[Mark] = []
    for mark in ordered:
        if not kept or mark.offset >= kept[-1].end:
            kept.append(mark)
    return kept


def _touch(one: Mark, other: Mark) -> bool:
    return one.offset < other.end and other.offset < one.end


def _crosses(mark: Mark, quote: Mark) -> bool:
    return _touch(mark, quote) and not (quote.offset <= mark.offset and mark.end <= quote.end)


def _cut(styles: list[Mark], frame: list[Mark]) -> list[Mark]:
    joined = [mark for kind in SPLITTABLE for mark in _joined(kind, styles, frame)]
    borders = sorted(
        {mark.offset for mark in joined}
        | {mark.offset for mark in frame}
        | {mark.end for mark in frame}
    )
    walls = [mark for mark in frame if mark.type in MONOSPACE]
    pieces: list[Mark] = []
    for mark in joined:
        edges = [mark.offset, *(b for b in borders if mark.offset < b < mark.end), mark.end]
        pieces += [mark.moved(edges[i], edges[i + 1]) for i in range(len(edges) - 1)]
    return [piece for piece in pieces if not any(_touch(piece, wall) for wall in walls)]


def _joined(kind: str, styles: list[Mark], frame: list[Mark]) -> list[Mark]:
    """Overlapping and adjacent entities of one kind as one; a border keeps neighbours apart."""
    borders = {mark.offset for mark in frame} | {mark.end for mark in frame}
    joined: list[Mark] = []
    for mark in (mark for mark in styles if mark.type == kind):
        last = joined[-1] if joined else None
        meets = last is not None and (
            mark.offset < last.end or (mark.offset == last.end and last.end not in borders)
        )
        if last is not None and meets:
            joined[-1] = last.moved(last.offset, max(last.end, mark.end))
        else:
            joined.append(mark)
    return joined
