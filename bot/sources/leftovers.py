"""Rows that a living process still leases, though its work on them came to nothing."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def handed_back(ids: set[int]) -> Iterator[frozenset[int]]:
    """Empty *ids* into a set for the block to let go of; they are there again where it fails.

    Loops of one process share *ids*: what one of them lets go of, another may have in hand next.
    """
    taken = frozenset(ids)
    ids.clear()
    try:
        yield taken
    except BaseException:
        ids.update(taken)
        raise
