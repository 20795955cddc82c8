"""Asking this machine and Telegram, for the judgements. Each tells what is, and raises nothing."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

import aiohttp

from bot.ops.doctor.machine import Kept, Room, Zones
from bot.ops.doctor.telegram import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_PATIENCE_SECONDS = 10
# Paraguay has kept its summer time since October 2024 (tzdata 2025a).
_CHANGED, _WHEN, _NOW_IS = "America/Asuncion", datetime(2025, 7, 1), timedelta(hours=-3)  # noqa: DTZ001 - local


async def ask_telegram(api: str, token: str, method: str) -> Answer:
    """Call *method* of the Bot API; the token is in no reason that it tells."""
    patience = aiohttp.ClientTimeout(total=_PATIENCE_SECONDS)
    began = datetime.now(UTC)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience) as session,
            session.get(f"{api}/bot{token}/{method}", allow_redirects=False) as answer,
        ):
            ahead = _ahead(answer.headers.get("Date"), began)
            return Answer(answer.status, "", _result(await _json(answer)), ahead)
    except TimeoutError:
        return Answer(None, f"nothing came within {_PATIENCE_SECONDS} seconds")
    except aiohttp.ClientConnectorError as error:
        return Answer(None, str(error.os_error.strerror or error.os_error))
    except (aiohttp.ClientError, OSError) as error:
        return Answer(None, type(error).__name__)


async def _json(answer: aiohttp.ClientResponse) -> Any:
    try:
        return await answer.json(content_type=None)
    except ValueError:
        return None


def _result(document: Any) -> Mapping[str, Any] | None:
    result = document.get("result") if isinstance(document, dict) else None
    return result if isinstance(result, dict) else None


def _ahead(date: str | None, began: datetime) -> timedelta | None:
    """Return how far our clock is before that of the header, which has whole seconds only."""
    try:
        theirs = parsedate_to_datetime(date or "").astimezone(UTC) + timedelta(seconds=0.5)
    except ValueError:
        return None
    ours = datetime.now(UTC)
    return began + (ours - began) / 2 - theirs


def look_at_room(what: str, folder: Path) -> Room:
    """Look at *folder*, or at the nearest one above it that is there."""
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir())
    counted = os.statvfs(there)
    return Room(
        what=what,
        folder=str(there),
        free=shutil.disk_usage(there).free,
        files=counted.f_favail if counted.f_files else None,
        is_writable=os.access(there, os.W_OK),
    )


def look_at_files(paths: Iterable[Path], *, secret: bool = True) -> list[Kept]:
    """Look at those of *paths* that are there; a link is what it leads to."""
    found = []
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        found.append(Kept(str(path), stat.S_IMODE(mode), stat.S_ISDIR(mode), is_secret=secret))
    return found


def look_at_zones() -> Zones:
    names = sorted(available_timezones())
    unreadable = [name for name in names if not _is_readable(name)]
    is_fresh = _CHANGED in names and _CHANGED not in unreadable
    is_fresh = is_fresh and _WHEN.replace(tzinfo=ZoneInfo(_CHANGED)).utcoffset() == _NOW_IS
    return Zones(_tzdata(), len(names), unreadable, is_fresh)


def _is_readable(name: str) -> bool:
    try:
        ZoneInfo.no_cache(name)
    except (OSError, ValueError):
        return False
    return True


def _tzdata() -> str | None:
    try:
        return version("tzdata")
    except PackageNotFoundError:
        return None


def who_runs(lock: Path) -> list[str]:
    """Return the number of the process that holds *lock*, which is not touched."""
    try:
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return [file.read().strip() or "unknown"]
    except OSError:
        return []
    return []
