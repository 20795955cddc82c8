"""The Internet on this machine: names as a test tells them, and sockets that are led here.

The policy judges the addresses that the names lead to; nothing ever leaves the machine.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp.abc import AbstractResolver, ResolveResult

if TYPE_CHECKING:
    from bot.sources.fetch.connection import CheckedSockets

SOMEWHERE = "93.184.216.34"  # a public address; nobody connects to it


class Names(AbstractResolver):
    """Tells the addresses of names; of several answers each once, the last for ever.

    What is not in *known* is at one public address. Numbers are read as the system reads them.
    """

    def __init__(self, **known: str | list[str | tuple[str, ...]]) -> None:
        self.asked: list[str] = []
        self._known = {
            name.replace("_", "."): [answers] if isinstance(answers, str) else list(answers)
            for name, answers in known.items()
        }

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family
        self.asked.append(host)
        answers = self._known.get(host) or [_as_the_system_reads(host) or SOMEWHERE]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in ((answer,) if isinstance(answer, str) else answer)
        ]

    async def close(self) -> None:
        pass


def _as_the_system_reads(host: str) -> str | None:
    """Resolvers take `0x7f.1` for 127.0.0.1, and everything under `localhost` for this machine."""
    if host.rstrip(".").rpartition(".")[2] == "localhost":
        return "127.0.0.1"
    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


class LedHere(socket.socket):
    """A socket that connects to a server here, wherever it is sent."""

    port = 0

    def connect(self, _address: Any, /) -> None:
        super().connect(("127.0.0.1", self.port))


@dataclass(frozen=True, slots=True)
class SocketsLedHere:
    """The policy's own sockets, led astray after its judgement; *opened*: where they should go."""

    judging: CheckedSockets
    port: int
    opened: list[str] = field(default_factory=list)

    def __call__(self, found: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        self.judging(found).close()
        self.opened.append(found[4][0])
        led = LedHere(socket.AF_INET, socket.SOCK_STREAM)
        led.port = self.port
        return led
