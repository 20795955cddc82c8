"""This process and those it has started, as Linux tells of them; elsewhere nothing is told."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def are_told_of() -> bool:
    return (_PROC / "self" / "statm").exists()


def memory_bytes() -> int:
    """Return the resident memory of all of them together."""
    pages = sum(_pages_of(pid) for pid in (os.getpid(), *descendants()))
    return pages * os.sysconf("SC_PAGE_SIZE")


def descendants() -> list[int]:
    """Return the ids of those that this process has started, and of those that they have."""
    found: list[int] = []
    left = _children_of(os.getpid())
    while left:
        pid = left.pop()
        found.append(pid)
        left += _children_of(pid)
    return found


def _pages_of(pid: int) -> int:
    with suppress(OSError):  # it has just ended
        return int((_PROC / str(pid) / "statm").read_text().split()[1])
    return 0


def _children_of(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):  # it has just ended
        for task in (_PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                children += map(int, (task / "children").read_text().split())
    return children
