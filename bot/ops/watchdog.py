"""Notifications to a service manager: ready, alive, stopping (systemd: sd_notify(3)).

The manager names a datagram socket to the process that it starts. Without one nothing is sent.
"""

from __future__ import annotations

import os
import socket
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.tasks import sleep_until

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

log = structlog.get_logger(__name__)

_ALIVE_TIMES = 3  # in each period of the watchdog, so that one may be late


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """A manager that restarts the process after *watchdog* without a sign of life (None: never)."""

    address: str
    watchdog: timedelta | None = None

    async def run(self, stopping: asyncio.Event, status: str) -> None:
        """Send "ready", then "alive" in a loop, and "stopping" when *stopping* is set.

        The process stays alive during an outage of Telegram, because a restart would not help.
        """
        self.notify("READY=1", f"STATUS={status}")
        while self.watchdog and not stopping.is_set():
            self.notify("WATCHDOG=1")
            await sleep_until(stopping, self.watchdog.total_seconds() / _ALIVE_TIMES)
        await stopping.wait()
        self.notify("STOPPING=1", "STATUS=finishing the work in hand")

    def notify(self, *lines: str) -> None:
        """Send *lines*; a failure is no reason to stop."""
        address = self.address
        if address.startswith("@"):  # an abstract socket, without a file
            address = f"\0{address[1:]}"
        try:
            with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as connection:
                connection.settimeout(0)
                connection.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            log.warning("the service manager could not be notified", reason=error.strerror)


def service_manager(variables: Mapping[str, str] | None = None) -> ServiceManager | None:
    """Return the manager that started this process, if any. Its variables are not settings."""
    variables = os.environ if variables is None else variables  # noqa: TID251
    if not (address := variables.get("NOTIFY_SOCKET", "")):
        return None
    microseconds, own = variables.get("WATCHDOG_USEC", ""), str(os.getpid())
    if not microseconds.isdecimal() or variables.get("WATCHDOG_PID", own) != own:
        return ServiceManager(address)
    return ServiceManager(address, timedelta(microseconds=int(microseconds)))
