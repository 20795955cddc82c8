"""`/metrics`, in the text that Prometheus reads; at a port of its own, never among the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from bot.ops.health import make_web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prometheus_client import CollectorRegistry

    from bot.ops.health import Health


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """*look* brings what must be asked for up to date."""

    registry: CollectorRegistry
    look: Callable[[], Awaitable[None]]

    async def answer(self, request: web.Request) -> web.Response:
        await self.look()
        encode, kind = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self.registry), headers={"Content-Type": kind})


def make_metrics_web(page: MetricsPage, health: Health) -> web.Application:
    """Return the metrics, with the probes beside them."""
    return make_web([web.get("/metrics", page.answer)], health=health)
