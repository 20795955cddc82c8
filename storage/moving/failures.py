"""What the drivers say when a move cannot go on, as one sentence."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

_AGAIN: Final = "Give the same command again, and it goes on where it stopped."


def sentence_of(error: Exception) -> str | None:
    """None for an error that nobody expects."""
    reason = reason_of(error)
    return reason and f"{reason} {_AGAIN}"


def reason_of(error: Exception) -> str | None:
    """The sentence without what to do about a move."""
    from asyncpg import DiskFullError, InterfaceError, PostgresError  # noqa: PLC0415 - SQLite goes without it
    from asyncpg.exceptions import PostgresConnectionError  # noqa: PLC0415 - as above

    said = str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")
    if isinstance(error, DiskFullError) or "disk is full" in said:
        return f"The disk is full: {said}. Make room."
    if isinstance(error, OSError | InterfaceError | PostgresConnectionError | SQLAlchemyError):
        return f"A database cannot be reached or used: {said or type(error).__name__}."
    if isinstance(error, PostgresError | sqlite3.Error):
        return f"A database refuses: {said}."
    return None
