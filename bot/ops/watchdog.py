"""Telling a service manager how we are: ready, alive, stopping (systemd: sd_notify(3)).

It names a datagram socket to the process that it starts, which takes lines of words. Where there
is none, nothing is told.
"""

from __future__ import annotations

import os
import socket
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.stopping import sleep_until

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

log = structlog.get_logger(__name__)

_ALIVE_TIMES = 3  # in each span that it waits, so that one may be late


@dataclass(frozen=True, slots=True)
class Manager:
    """*every*: how soon it must hear from us before it starts us anew; None if it does not care."""

    address: str
    every: timedelta | None = None

    async def watch(self, stopping: asyncio.Event, doing: str) -> None:
        """Say that we are ready, then that we live, and at once when *stopping* is set.

        Whether Telegram answers is another matter: to be started anew does not mend it.
        """
        self.tell("READY=1", f"STATUS={doing}")
        while self.every and not stopping.is_set():
            self.tell("WATCHDOG=1")
            await sleep_until(stopping, self.every.total_seconds() / _ALIVE_TIMES)
        await stopping.wait()
        self.tell("STOPPING=1", "STATUS=finishing what is in hand")

    def tell(self, *words: str) -> None:
        """Send *words*, one a line; that it cannot be told is no reason to stop."""
        named = self.address  # one that begins with @ is no file
        place = f"\0{named[1:]}" if named.startswith("@") else named
        try:
            with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as line:
                line.settimeout(0)
                line.sendto("\n".join(words).encode(), place)
        except OSError as error:
            log.warning("the service manager was not told", reason=error.strerror)


def service_manager(told: Mapping[str, str] | None = None) -> Manager | None:
    """Return who started us; None where nobody wants to know. What it says is no setting."""
    told = os.environ if told is None else told  # noqa: TID251
    if not (address := told.get("NOTIFY_SOCKET", "")):
        return None
    microseconds, own = told.get("WATCHDOG_USEC", ""), str(os.getpid())
    is_watched = microseconds.isdecimal() and told.get("WATCHDOG_PID", own) == own
    return Manager(address, timedelta(microseconds=int(microseconds)) if is_watched else None)
