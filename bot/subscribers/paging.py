"""Lists that are shown page by page; pages count from 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ListPage(Generic[Item]):
    """The *items* of page *number*, of a list of *total* with *size* to a page."""

    items: Sequence[Item]
    number: int
    total: int
    size: int

    @property
    def pages(self) -> int:
        return _pages(self.total, self.size)

    @property
    def first(self) -> int:
        """The place of its first item in the whole list, from 1."""
        return self.number * self.size + 1


def page_number(wanted: int, total: int, size: int) -> int:
    """Return *wanted*, or the nearest page that there is: a button may be older than the list."""
    return min(max(wanted, 0), _pages(total, size) - 1)


def page_of(items: Sequence[Item], wanted: int, size: int) -> ListPage[Item]:
    number = page_number(wanted, len(items), size)
    return ListPage(items[number * size : (number + 1) * size], number, len(items), size)


def _pages(total: int, size: int) -> int:
    return max(1, -(-total // size))
