"""The attacks of one account, with its links, feeds, topics, lists and pushes."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

from benchmarks.neighbours.scene import Scene, zip_bomb
from bot.subscribers.limits import Limits
from bot.subscribers.subscriptions import subscribe
from storage.enums import Mode
from storage.websub import add_pushes
from tests.sources.feeds_made import LONG, item, rss

Attack = Callable[[Scene], Coroutine[Any, Any, None]]

WEEK: Final = str(7 * 24 * 3600)
MANY: Final = Limits(topics=1000, feeds=1000, alerts=0)
HUB_SECRET: Final = "known to the hub alone"
PUSHES, PUSHED_BYTES = 250, 10_000_000


async def pause_host(scene: Scene) -> None:
    """Follow feeds on the publisher's host, directly and by a redirect, that respond with 429."""
    scene.web.serve("http://times.example/busy", status=429, retry_after=WEEK)
    away = "http://mallory.example/away.xml"
    scene.web.serve(away, status=302, location="http://times.example/busy")
    scene.playground.send(scene.mallory, "http://times.example/busy")
    await scene.follow_feeds(scene.mallory, ["http://times.example/busy", away])


async def slow_hosts(scene: Scene) -> None:
    """Follow 48 feeds on four hosts that never respond."""
    hosts = [f"slow{n}.example" for n in range(4)]
    scene.web.slow.update(hosts)
    feeds = [f"http://{host}/{n}.xml" for host in hosts for n in range(12)]
    await scene.follow_feeds(scene.mallory, feeds)


async def feeds_at_publisher(scene: Scene) -> None:
    """Follow 50 feeds on the publisher's host, half of them by a redirect."""
    for n in range(25):
        scene.web.serve(f"http://times.example/own/{n}.xml", rss([]), content_type="text/xml")
        target = f"http://times.example/own/{n}.xml"
        scene.web.serve(f"http://m{n}.example/f.xml", status=302, location=target)
    own = [f"http://times.example/own/{n}.xml" for n in range(25)]
    await scene.follow_feeds(scene.mallory, own + [f"http://m{n}.example/f.xml" for n in range(25)])


async def heavy_documents(scene: Scene) -> None:
    """Follow 24 feeds of some kilobytes that unpack to nine megabytes each."""
    packed = zip_bomb(9)
    urls = [f"http://bomb{n}.example/f.xml" for n in range(24)]
    for url in urls:
        scene.web.serve(url, packed, content_type="text/xml", content_encoding="gzip")
    await scene.follow_feeds(scene.mallory, urls)


async def slow_pages(scene: Scene) -> None:
    """Follow 25 feeds with 1,250 short articles, whose pages are on slow hosts."""
    urls = []
    for n in range(25):
        scene.web.slow.add(f"pages{n}.example")
        entries = [
            item(k, datetime.now(UTC), link=f"http://pages{n}.example/{k}", text="Harbour news.")
            for k in range(50)
        ]
        urls.append(f"http://short{n}.example/f.xml")
        scene.web.serve(urls[-1], rss(entries), content_type="text/xml")
    await scene.follow_feeds(scene.mallory, urls)


async def many_matches(scene: Scene) -> None:
    """Follow ten feeds of 2,000 entries, all of which match 100 topics."""
    chat_id = await scene.chat_of(scene.mallory)
    words = LONG.split()
    for n in range(99):
        query = f'"{words[0]} {words[1]} {n % 20}" OR sample OR x{n}'
        await subscribe(scene.storage, chat_id, query, Mode.BOTH, limits=MANY)
    urls = [f"http://many{n}.example/f.xml" for n in range(10)]
    for n, url in enumerate(urls):
        entries = [
            item(k, datetime.now(UTC), link=f"http://many{n}.example/{k}") for k in range(2000)
        ]
        scene.web.serve(url, rss(entries), content_type="text/xml")
    await scene.follow_feeds(scene.mallory, urls)


async def pushes(scene: Scene) -> None:
    """Let a hub push 250 bodies of 10 MB at once."""
    (source_id,) = await scene.follow_feeds(scene.mallory, ["http://hub.example/f.xml"])
    async with scene.storage.writing() as tx:
        row = {
            "source_id": source_id,
            "hub": "http://hub.example/",
            "topic": "http://hub.example/f.xml",
            "token": "pushed",
            "secret": HUB_SECRET,
            "due_at": tx.now + timedelta(days=1),
            "ends_at": tx.now + timedelta(days=1),
            "failures": 0,
        }
        await add_pushes(tx, [row])
    part = b"x" * 100_000
    signer = hmac.new(HUB_SECRET.encode(), digestmod=hashlib.sha256)
    for _ in range(PUSHED_BYTES // len(part)):
        signer.update(part)

    async def body() -> AsyncIterator[bytes]:
        for _ in range(PUSHED_BYTES // len(part)):
            yield part

    async def push(session: aiohttp.ClientSession) -> None:
        headers = {"X-Hub-Signature": f"sha256={signer.hexdigest()}"}
        url = f"http://127.0.0.1:{scene.web_port}/hub/pushed"
        with suppress(aiohttp.ClientError, OSError):
            async with session.post(url, data=body(), headers=headers):
                pass

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(PUSHES):
            group.create_task(push(session))


async def messages(scene: Scene) -> None:
    """Send a thousand messages a second, until cancelled."""
    sent, started = 0, asyncio.get_running_loop().time()
    while True:
        while sent < (asyncio.get_running_loop().time() - started) * 1000:
            scene.playground.send(scene.mallory, f"Taiwan OR word{sent}")
            sent += 1
        await asyncio.sleep(0.01)


async def broken_export(scene: Scene) -> None:
    """Upload a file in the form of an export with 300,000 errors."""
    data = b'{"version": 1, "topics": [' + b",".join([b"0"] * 300_000) + b"]}"
    for _ in range(3):
        scene.playground.upload(scene.mallory, "dateline.json", data, mime="application/json")


ATTACKS: Final[dict[str, Attack]] = {
    "a host asks for a pause": pause_host,
    "slow hosts": slow_hosts,
    "feeds at the publisher": feeds_at_publisher,
    "heavy documents": heavy_documents,
    "slow pages": slow_pages,
    "many matches": many_matches,
    "pushes": pushes,
    "messages": messages,
    "a broken export": broken_export,
}
