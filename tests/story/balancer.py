"""A balancer that hands requests to one process after the other, and knows nothing of them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class Balancer:
    """*served*: how many requests each port has answered with 200."""

    ports: Iterator[int]
    session: aiohttp.ClientSession
    url: str = ""
    served: dict[int, int] = field(default_factory=dict)

    async def pass_on(self, request: web.Request) -> web.Response:
        port, body = next(self.ports), await request.read()
        headers = {k: v for k, v in request.headers.items() if k.lower() != "host"}
        there = f"http://127.0.0.1:{port}{request.path_qs}"
        try:
            async with self.session.request(
                request.method, there, data=body, headers=headers
            ) as answer:
                if answer.status == web.HTTPOk.status_code:
                    self.served[port] = self.served.get(port, 0) + 1
                kept = {k: v for k, v in answer.headers.items() if k == "Retry-After"}
                return web.Response(status=answer.status, body=await answer.read(), headers=kept)
        except (aiohttp.ClientError, OSError):
            return web.Response(status=502)


@asynccontextmanager
async def balancer(*ports: int) -> AsyncIterator[Balancer]:
    async with aiohttp.ClientSession() as session:
        opened = Balancer(cycle(ports), session)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", opened.pass_on)
        async with TestServer(app) as server:
            opened.url = str(server.make_url("")).rstrip("/")
            yield opened
