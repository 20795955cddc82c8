"""Probes of this machine, Telegram and our pages. None of them raises an error."""

from __future__ import annotations

import asyncio
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
from bot.ops.doctor.machine import DiskSpace, FileMode, ZoneData
from bot.ops.doctor.process import PortFacts
from bot.ops.doctor.telegram import BotApiAnswer
from bot.ops.health import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_PATIENCE_SECONDS = 10
# Paraguay has kept its summer time since October 2024 (tzdata 2025a).
_CHANGED_ZONE = "America/Asuncion"
_CHANGED_AT, _NEW_OFFSET = datetime(2025, 7, 1), timedelta(hours=-3)  # noqa: DTZ001 - local


async def ask_telegram(api: str, token: str, method: str) -> BotApiAnswer:
    """Call *method* of the Bot API; the reason of a failure never contains the token."""
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
    """Return how far our clock is ahead of the header *date*, which has whole seconds only."""
    try:
        theirs = parsedate_to_datetime(date or "").astimezone(UTC) + timedelta(seconds=0.5)
    except ValueError:
        return None
    ours = datetime.now(UTC)
    return began + (ours - began) / 2 - theirs


async def ask_pages(base: str) -> tuple[int | None, str]:
    """Return the status of `/readyz` under *base*, or None and the reason why nothing answered."""
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
    """Listen at *host*:*port* for a moment; if that fails, find out whether a bot listens there."""
    try:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
    except OSError as error:
        return PortFacts(setting, host, port, error, is_ours=await _is_ours(host, port))
    server.close()
    await server.wait_closed()
    return PortFacts(setting, host, port)


async def _is_ours(host: str, port: int) -> bool:
    """Return whether the probe of a bot or the getMe of the playground answers there."""
    probe = await _document(host, port, "/healthz")
    if isinstance(probe, dict) and probe.get("status") in {"ok", "stuck"}:
        return True
    me = await _document(host, port, f"/bot{PLAYGROUND_TOKEN}/getMe")
    return isinstance(me, dict) and me.get("ok") is True


async def ask_readiness(host: str, port: int) -> list[str]:
    """Return what the bot at *host*:*port* waits for; [] if it is ready or does not answer."""
    document = await _document(host, port, "/readyz")
    waits = document.get("for") if isinstance(document, dict) else None
    return [str(wait) for wait in waits] if isinstance(waits, list) else []


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


def probe_disk(purpose: str, folder: Path) -> DiskSpace:
    """Probe *folder*, or the nearest folder above it that exists."""
    path = folder.absolute()
    existing = next(parent for parent in (path, *path.parents) if _is_folder(parent))
    counts = os.statvfs(existing)
    return DiskSpace(
        purpose=purpose,
        folder=str(existing),
        free=shutil.disk_usage(existing).free,
        files=counts.f_favail if counts.f_files else None,
        is_writable=os.access(existing, os.W_OK),
    )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a folder above may be closed to us
        return False


def probe_files(paths: Iterable[Path], *, secret: bool = True) -> list[FileMode]:
    """Return the modes of those of *paths* that exist, following links."""
    modes = []
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        modes.append(FileMode(str(path), stat.S_IMODE(mode), stat.S_ISDIR(mode), is_secret=secret))
    return modes


def probe_zones() -> ZoneData:
    names = sorted(available_timezones())
    unreadable = [name for name in names if not _is_readable(name)]
    is_known = _CHANGED_ZONE in names and _CHANGED_ZONE not in unreadable
    is_fresh = is_known and _local_change().utcoffset() == _NEW_OFFSET
    return ZoneData(_tzdata(), len(names), unreadable, is_fresh)


def _local_change() -> datetime:
    return _CHANGED_AT.replace(tzinfo=ZoneInfo(_CHANGED_ZONE))


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
