"""Reads the document that a command names: a file, standard input or an address."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.sources.feeds.model import Document, Unreadable
from bot.sources.fetch.problems import FetchError, Problem
from bot.sources.fetch.response import problem_of
from bot.sources.limits import LARGEST_DOCUMENT
from bot.sources.urls import is_web

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from bot.sources.fetch.source import Fetches, ReadsDocuments

STANDARD_INPUT = "-"


class NotFetched(Unreadable):
    """No document could be fetched from an address; *problem* says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code.value, "fetch")
        self.problem = problem


async def read_place(
    reader: ReadsDocuments,
    make_fetcher: Callable[[], AbstractAsyncContextManager[Fetches]],
    place: str,
    *,
    base_url: str = "",
) -> Document:
    """Return the document at *place*; raise Unreadable.

    *base_url*: the address that a file or standard input came from. *make_fetcher* is called only
    if *place* is an address.
    """
    if is_web(place):
        return await _fetched(reader, make_fetcher, place)
    data = (
        sys.stdin.buffer.read(LARGEST_DOCUMENT + 1)
        if place == STANDARD_INPUT
        else _file(Path(place))
    )
    return await reader.read(data, url=base_url, public=True)


async def _fetched(
    reader: ReadsDocuments,
    make_fetcher: Callable[[], AbstractAsyncContextManager[Fetches]],
    url: str,
) -> Document:
    try:
        async with make_fetcher() as fetcher:
            response = await fetcher.fetch(url, inside=True, public=True)
    except FetchError as error:
        raise NotFetched(error.problem) from error
    if problem := problem_of(response):
        raise NotFetched(problem)
    return await reader.read(
        response.body, url=response.url, public=True, content_type=response.content_type
    )


def _file(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise Unreadable("This is a folder; name the files in it.", "kind")
        with path.open("rb") as file:
            return file.read(LARGEST_DOCUMENT + 1)
    except FileNotFoundError:
        raise Unreadable("There is no such file.", "missing") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Unreadable(f"The file cannot be read: {reason}.", "missing") from None
