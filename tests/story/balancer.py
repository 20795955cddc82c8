"""A round-robin balancer without health checks."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class Balancer:
    """A balancer; *served* counts the responses 200 of each port."""

    ports: Iterator[int]
    session: aiohttp.ClientSession
    url: str = ""
    served: dict[int, int] = field(default_factory=dict)

    async def forward(self, request: web.Request) -> web.Response:
        port, body = next(self.ports), await request.read()
        headers = {k: v for k, v in request.headers.items() if k.lower() != "host"}
        url = f"http://127.0.0.1:{port}{request.path_qs}"
        try:
            async with self.session.request(
                request.method, url, data=body, headers=headers
            ) as response:
                if response.status == web.HTTPOk.status_code:
                    self.served[port] = self.served.get(port, 0) + 1
                kept = {k: v for k, v in response.headers.items() if k == "Retry-After"}
                return web.Response(
                    status=response.status, body=await response.read(), headers=kept
                )
        except (aiohttp.ClientError, OSError):
            return web.Response(status=502)


@asynccontextmanager
async def balancer(*ports: int) -> AsyncIterator[Balancer]:
    async with aiohttp.ClientSession() as session:
        balancing = Balancer(cycle(ports), session)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", balancing.forward)
        async with TestServer(app) as server:
            balancing.url = str(server.make_url("")).rstrip("/")
            yield balancing
