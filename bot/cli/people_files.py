"""The file of `dateline export`: written whole or not at all, and read line by line."""

from __future__ import annotations

import gzip
import os
import zlib
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from bot.subscribers.people import (
    LONGEST_LINE,
    NotPeopleError,
    Wished,
    end_of,
    read_chat,
    read_first,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MODE = 0o600
_GZIP = b"\x1f\x8b"


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that takes the place of *path* when all went well, gzipped if that ends so."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield from _packed(file, path)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _packed(file: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    if path.suffix != ".gz":
        yield file
        return
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        yield packed  # type: ignore[misc]  # it is one in all but its type


def check(path: Path) -> tuple[int | None, int]:
    """Read the file once; return whose people it holds and how many.

    NotPeopleError if it is none, or not all of one.
    """
    bot: int | None = None
    for number, line in _lines(path):
        if number == 1:
            bot = read_first(line)
        elif (count := end_of(line, number)) is not None:
            if count != number - 2:
                raise NotPeopleError(f"It tells of {count} chats and holds {number - 2}.")
            return bot, count
    raise NotPeopleError("It ends before its last line: it is empty, or only a part of the file.")


def chats_in(path: Path) -> Iterator[tuple[int, Wished | None]]:
    """Yield each chat of a file that was checked, with the number of its line; None: unreadable."""
    for number, line in _lines(path):
        if number == 1:
            continue
        if end_of(line, number) is not None:
            return
        yield number, read_chat(line, number)


def some_of(
    chats: Iterator[tuple[int, Wished | None]], size: int
) -> list[tuple[int, Wished | None]]:
    """Take the next that come to *size* entries; the last of them may come to more."""
    some = []
    while size > 0 and (one := next(chats, None)):
        some.append(one)
        size -= one[1].size if one[1] else 1
    return some


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield lines and their numbers; of one that is too long as much as tells that."""
    try:
        with _opened(path) as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                yield number, line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise NotPeopleError("Its compression is broken: it is only a part of the file.") from error


def _opened(path: Path) -> IO[bytes]:
    """Open it by what it is, however it is called."""
    with path.open("rb") as file:
        is_packed = file.read(2) == _GZIP
    return gzip.open(path) if is_packed else path.open("rb")  # type: ignore[return-value]
