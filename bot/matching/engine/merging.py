"""New columns from the old ones and the delta, in slices that take a few milliseconds each.

Rows whose slot is gone are left out; where another literal of a row has become rarer than its
anchor, it is the anchor from now on.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.matching.engine.columns import WIDTHS, Columns, Rows
from bot.matching.engine.delta import Delta
from bot.matching.engine.growing import cleared, room
from bot.matching.engine.hashing import Ints

_SLICE: Final = 4_096  # rows
_NEVER: Final = np.uint32(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Layout:
    """What a merge looks at: `states` uint8[slots], `seen` uint32[literals], both as they are now.

    `kept` (bool[literals]) is written: which literals have a row.
    """

    states: NDArray[np.uint8]
    seen: NDArray[np.uint32]
    kept: NDArray[np.bool_]


def merged(
    columns: Sequence[Columns], delta: Delta, layout: Layout
) -> Generator[None, None, tuple[Columns, ...]]:
    blocks: dict[int, list[Rows]] = {width: [] for width in WIDTHS}
    for rows in _sources(columns, delta):
        for width, part in _by_width(reanchored(_alive(rows, layout), layout.seen)):
            layout.kept[part.anchors] = True
            layout.kept[np.abs(part.others)] = True
            blocks[width].append(part[np.argsort(part.anchors, kind="stable")])
        yield
    found: tuple[Columns, ...] = ()
    for width in WIDTHS:
        found += ((yield from _laid_out(width, blocks.pop(width), len(layout.kept))),)
    return found


def _sources(columns: Sequence[Columns], delta: Delta) -> Iterator[Rows]:
    for each in columns:
        for start in range(0, len(each.slots), _SLICE):
            yield each.rows(start, min(start + _SLICE, len(each.slots)))
    for start in range(1, delta.count + 1, _SLICE):
        yield delta.rows(start, min(start + _SLICE, delta.count + 1))


def _alive(rows: Rows, layout: Layout) -> Rows:
    return rows[np.flatnonzero(layout.states[rows.slots])]


def reanchored(rows: Rows, seen: NDArray[np.uint32]) -> Rows:
    """The same rows (copies), each under its rarest literal that must be there."""
    if not len(rows.others):
        return rows
    counts = np.where(rows.others > 0, seen[np.maximum(rows.others, 0)], _NEVER)
    rarest = np.argmin(counts, axis=0)
    swapped = np.flatnonzero(counts.min(axis=0) < seen[rows.anchors])
    place = rarest[swapped], swapped
    rows.anchors[swapped], rows.others[place] = rows.others[place], rows.anchors[swapped]
    return rows


def _by_width(rows: Rows) -> Iterator[tuple[int, Rows]]:
    used = np.count_nonzero(rows.others, axis=0)
    narrower = -1
    for width in WIDTHS:
        which = np.flatnonzero((used > narrower) & (used <= width))
        if len(which):
            part = rows[which]
            yield width, Rows(part.anchors, part.slots, part.others[:width])
        narrower = width


def _laid_out(width: int, blocks: list[Rows], literals: int) -> Generator[None, None, Columns]:
    """Count each anchor's rows, then put every block's rows in their places."""
    if not blocks:
        return Columns.empty(width)
    starts = room((literals + 1,), np.int32)
    yield from cleared(starts)
    for rows in blocks:
        firsts, counts = _runs(rows.anchors)
        starts[rows.anchors[firsts] + 1] += counts
        yield
    np.cumsum(starts, out=starts)
    yield
    free = starts[:-1].copy()
    slots = room((int(starts[-1]),), np.int32)
    others = room((width, int(starts[-1])), np.int32)
    yield from cleared(slots)
    yield from cleared(others)
    while blocks:
        rows = blocks.pop()
        firsts, counts = _runs(rows.anchors)
        within = np.arange(len(rows.anchors)) - np.repeat(firsts, counts)
        place = free[rows.anchors] + within
        slots[place] = rows.slots
        others[:, place] = rows.others
        free[rows.anchors[firsts]] += counts
        yield
    return Columns(starts, slots, others)


def _runs(values: Ints) -> tuple[NDArray[np.int64], Ints]:
    """Where each run of equal *values* begins, and how long it is."""
    firsts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    return firsts, np.diff(firsts, append=len(values)).astype(np.int32)
