"""Probes: what the doctor asks this machine, Telegram and our pages. They raise nothing."""

from __future__ import annotations

import asyncio
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
from yarl import URL

from bot.app.deployment import PLAYGROUND_TOKEN
from bot.ops.doctor.judgements import BotApiAnswer, DiskSpace, FileMode, PortFacts, ZoneData
from bot.ops.health import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_PATIENCE_SECONDS = 10
# Paraguay has kept its summer time since October 2024 (tzdata 2025a).
_CHANGED, _WHEN, _NOW_IS = "America/Asuncion", datetime(2025, 7, 1), timedelta(hours=-3)  # noqa: DTZ001 - local


async def ask_telegram(api: str, token: str, method: str) -> BotApiAnswer:
    """Call *method* of the Bot API; no reason contains the token."""
    patience = aiohttp.ClientTimeout(total=_PATIENCE_SECONDS)
    began = datetime.now(UTC)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience) as session,
            session.get(f"{api}/bot{token}/{method}", allow_redirects=False) as answer,
        ):
            ahead = _ahead(answer.headers.get("Date"), began)
            document = await _json(answer)
            is_api = isinstance(document, dict) and "ok" in document
            return BotApiAnswer(answer.status, "", _result(document), ahead, is_api)
    except TimeoutError:
        return BotApiAnswer(None, f"nothing came within {_PATIENCE_SECONDS} seconds")
    except aiohttp.ClientConnectorError as error:
        return BotApiAnswer(None, str(error.os_error.strerror or error.os_error))
    except (aiohttp.ClientError, OSError) as error:
        return BotApiAnswer(None, type(error).__name__)


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


async def ask_pages(base: str) -> tuple[int | None, str]:
    """Return what `/readyz` under *base* answers: a status, or None and the reason for that."""
    patience = aiohttp.ClientTimeout(total=_PATIENCE_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience) as session,
            session.get(f"{base}/readyz", allow_redirects=False) as answer,
        ):
            return answer.status, ""
    except TimeoutError:
        return None, f"nothing came within {_PATIENCE_SECONDS} seconds"
    except (aiohttp.ClientError, OSError) as error:
        return None, str(error)


async def probe_port(setting: str, host: str, port: int) -> PortFacts:
    """Listen at *host*:*port* for a moment; if that fails, ask who listens there."""
    try:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
    except OSError as error:
        return PortFacts(setting, host, port, error, is_ours=await _is_ours(host, port))
    server.close()
    await server.wait_closed()
    return PortFacts(setting, host, port)


async def _is_ours(host: str, port: int) -> bool:
    """Return whether a bot answers its probe there, or the playground its getMe."""
    probe = await _document(host, port, "/healthz")
    if isinstance(probe, dict) and probe.get("status") in {"ok", "stuck"}:
        return True
    me = await _document(host, port, f"/bot{PLAYGROUND_TOKEN}/getMe")
    return isinstance(me, dict) and me.get("ok") is True


async def ask_readiness(host: str, port: int) -> list[str]:
    """Return what the bot at *host*:*port* waits for; [] if it is ready, or says nothing."""
    document = await _document(host, port, "/readyz")
    waits = document.get("for") if isinstance(document, dict) else None
    return [str(each) for each in waits] if isinstance(waits, list) else []


async def _document(host: str, port: int, path: str) -> Any:
    patience = aiohttp.ClientTimeout(total=_PATIENCE_SECONDS)
    url = URL.build(scheme="http", host=LOOPBACK.get(host, host), port=port, path=path)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            return await _json(answer)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return None


def probe_disk(what: str, folder: Path) -> DiskSpace:
    """Look at *folder*, or at the nearest one above it that is there."""
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if _is_folder(one))
    counted = os.statvfs(there)
    return DiskSpace(
        what=what,
        folder=str(there),
        free=shutil.disk_usage(there).free,
        files=counted.f_favail if counted.f_files else None,
        is_writable=os.access(there, os.W_OK),
    )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # nobody lets us look
        return False


def probe_files(paths: Iterable[Path], *, secret: bool = True) -> list[FileMode]:
    """Look at those of *paths* that are there; a link is what it leads to."""
    found = []
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        found.append(FileMode(str(path), stat.S_IMODE(mode), stat.S_ISDIR(mode), is_secret=secret))
    return found


def probe_zones() -> ZoneData:
    names = sorted(available_timezones())
    unreadable = [name for name in names if not _is_readable(name)]
    is_fresh = _CHANGED in names and _CHANGED not in unreadable
    is_fresh = is_fresh and _WHEN.replace(tzinfo=ZoneInfo(_CHANGED)).utcoffset() == _NOW_IS
    return ZoneData(_tzdata(), len(names), unreadable, is_fresh)


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
