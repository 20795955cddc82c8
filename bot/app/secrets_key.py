"""The keys for the secrets of sources: SECRETS_KEY, or a file beside an SQLite database.

The file is made when the first secret is stored. It is no part of a backup of the database, so
that a stolen backup opens nothing.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.app.stops import StopError
from bot.sources.sealing import Keyring, new_key, parse_keys
from storage.schema import database_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.settings import Settings

_LARGEST_FILE: Final = 10_000  # bytes


def keyring_of(settings: Settings, url: str) -> Keyring:
    """Return the keys for the database at *url*; without SECRETS_KEY, PostgreSQL has none."""
    if settings.secrets_key:
        keys = parse_keys(settings.secrets_key.get_secret_value())
        return Keyring(lambda: keys)
    path = key_file(url)
    return Keyring(partial(_read, path), partial(_make, path)) if path else Keyring(tuple)


def key_file(url: str) -> Path | None:
    """Return the file for the keys of an SQLite database; None for PostgreSQL."""
    file = database_file(url)
    if file is None:
        return None
    real = file.resolve()
    return real.with_name(f"{real.name}.secrets-key")


def _read(path: Path) -> Sequence[bytes]:
    """Return the keys in the file; none if it is missing. Raises StopError if it is unreadable."""
    try:
        with path.open("rb") as file:
            return parse_keys(file.read(_LARGEST_FILE).decode("ascii"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StopError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise StopError(f"{path} does not hold keys, one a line, in base64.") from error


def _make(path: Path) -> Sequence[bytes]:
    """Write the first key and return it; if another process was faster, return its key."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(f"{new_key()}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)  # which replaces no file, unlike a rename
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise StopError(f"{path} cannot be written: {error.strerror}.") from error
    return _read(path)
