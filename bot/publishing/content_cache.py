"""Caches the newest of what is made from the contents of articles."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

_MOST_CACHED: Final = 4096

Made = TypeVar("Made")


class ContentCache(Generic[Made]):
    """Keeps what was made last, because many chats get the same article.

    A key has the hash of the contents, so that the cache does not keep whole texts in memory.
    """

    def __init__(self) -> None:
        self._cached: OrderedDict[Hashable, Made] = OrderedDict()

    def find(self, key: Hashable, make: Callable[[], Made]) -> tuple[Made, bool]:
        """Return what is made for *key*, and whether it had to be made."""
        if key in self._cached:
            self._cached.move_to_end(key)
            return self._cached[key], False
        made = self._cached[key] = make()
        if len(self._cached) > _MOST_CACHED:
            self._cached.popitem(last=False)
        return made, True
