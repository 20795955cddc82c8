"""Lists that are shown page by page; pages count from 0.

The list may have changed since a button was sent. For a page that no longer exists, the nearest one
is shown.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Other = TypeVar("Other")
Loaded_co = TypeVar("Loaded_co", covariant=True)

PER_PAGE = 8  # a page with its buttons fits the screen of a phone


class LoadsRows(Protocol[Loaded_co]):
    """Loads part of a list, such as a function of `storage` with its transaction bound."""

    def __call__(self, *, offset: int, limit: int) -> Awaitable[Sequence[Loaded_co]]: ...


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

    def showing(self, items: Sequence[Other]) -> "ListPage[Other]":
        """Return this page with *items* instead of its own."""
        return ListPage(items, self.number, self.total, self.size)


async def load_page(
    load: LoadsRows[Item], wanted: int, total: int, size: int = PER_PAGE
) -> ListPage[Item]:
    """Return page *wanted* of a stored list with *total* rows."""
    number = _nearest(wanted, total, size)
    return ListPage(await load(offset=number * size, limit=size), number, total, size)


def page_of(items: Sequence[Item], wanted: int, size: int = PER_PAGE) -> ListPage[Item]:
    """Return page *wanted* of a list that is all in memory."""
    number = _nearest(wanted, len(items), size)
    return ListPage(items[number * size : (number + 1) * size], number, len(items), size)


def _nearest(wanted: int, total: int, size: int) -> int:
    return min(max(wanted, 0), _pages(total, size) - 1)


def _pages(total: int, size: int) -> int:
    return max(1, -(-total // size))
