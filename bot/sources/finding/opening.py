"""Reading what a person names: a file, standard input, or an address."""

from __future__ import annotations

import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.sources.formats.documents import LARGEST
from bot.sources.formats.records import Document, Unreadable
from bot.sources.getting.answers import problem_of
from bot.sources.getting.failures import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from bot.sources.getting.visiting import Fetches, Reads

STANDARD_INPUT = "-"
_WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Opening:
    """`fetcher` opens a way out only when an address is named."""

    reader: Reads
    fetcher: Callable[[], AbstractAsyncContextManager[Fetches]]

    async def open(self, place: str, *, base_url: str = "") -> Document:
        """What is at *place*; raises `Unreadable`. *base_url* stands in for a file's address."""
        if place.lower().startswith(_WEB):
            return await self._fetched(place)
        data = _standard_input() if place == STANDARD_INPUT else _file(Path(place))
        return await self.reader.read(data, url=base_url)

    async def _fetched(self, url: str) -> Document:
        try:
            async with self.fetcher() as fetcher:
                answer = await fetcher.fetch(url, inside=True)
        except FetchError as error:
            raise Unreadable(f"It {error}.", "fetch") from error
        if problem := problem_of(answer):
            raise Unreadable(f"It {problem.sentence}.", "fetch")
        return await self.reader.read(answer.body, url=answer.url, content_type=answer.content_type)


def _standard_input() -> bytes:
    return sys.stdin.buffer.read(LARGEST + 1)


def _file(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise Unreadable("This is a folder; name the files in it.", "kind")
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        raise Unreadable("There is no such file.", "missing") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Unreadable(f"The file cannot be read: {reason}.", "missing") from None
