"""The logins, headers and proxies of sources show nowhere, whether their sites succeed or fail."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web

from bot.sources.credentials import Credentials
from bot.sources.sealing import Keyring, new_key, parse_keys
from bot.sources.source_access import change_access
from storage.db.engine import Storage
from storage.source_rules import store_access
from storage.sources import add_source
from tests.fake_web import FakeWeb
from tests.ops.collector import collecting
from tests.rows import source_row
from tests.secrecy import ERRORS_KEY, forms_of
from tests.sources.feeds_made import item, rss
from tests.sources.fetch.proxy_servers import FakeProxy, serving_proxy
from tests.story.conftest import settings_for
from tests.story.processes import PATIENCE, Workplace, free_port
from tests.tls import certificate_for, context_of

pytestmark = pytest.mark.slow

LOGIN, TOKEN, COOKIE, HEADER, GATE = (
    *("pass/word-9Q", "token/5W+u", "cookie/8Z+", "header/7Y+", "gate6X/y"),
)
KEY: Final = new_key()
PLANTED: Final = (LOGIN, TOKEN, COOKIE, HEADER, GATE, KEY)
# Half a million parts, which are more than a parser may keep in memory.
GREEDY: Final = "<html><title>x</title>" + "<p>x" * 500_000


@dataclass
class Site:
    """A site that asks each path for something else; once it *fails*, each in its own way.

    `welcomed`: the paths that were asked for with what they demand.
    """

    port: int
    elsewhere: str = ""
    fails: bool = False
    welcomed: set[str] = field(default_factory=set)
    all_welcomed: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        name, value = DEMANDS[request.path]
        if value not in request.headers.get(name, ""):
            return web.Response(status=500)
        if self.fails:
            return self._fail(request.path)
        self.welcomed.add(request.path)
        if self.welcomed == set(DEMANDS):
            self.all_welcomed.set()
        return web.Response(text=rss([item(len(self.welcomed))]), content_type="text/xml")

    def _fail(self, path: str) -> web.Response:
        match path:
            case "/login":
                return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
            case "/token":
                return web.Response(status=403)
            case "/cookie":
                return web.Response(status=302, headers={"Location": self.elsewhere})
            case _:
                return web.Response(text=GREEDY, content_type="text/html")

    @asynccontextmanager
    async def open(self, context: ssl.SSLContext) -> AsyncIterator[None]:
        runner = web.ServerRunner(web.Server(self.answer), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=context).start()
        try:
            yield
        finally:
            await runner.cleanup()


FAILURES: Final = (
    *("login_refused", "forbidden", "not_found"),
    *("proxy_failed", "proxy_login_refused", "a source could not be read"),
)
COMMANDS: Final = (
    ("backup", "d.backup"),
    ("export", "chats.jsonl"),
    ("doctor", "--quick", "--json"),
    ("sources", "list", "--json"),
)
DEMANDS: Final = {
    "/login": ("Authorization", "Basic "),
    "/token": ("Authorization", TOKEN),
    "/cookie": ("Cookie", COOKIE),
    "/header": ("X-Key", HEADER),
    "/proxy": ("Authorization", "Basic "),
    "/socks": ("Cookie", COOKIE),
}


async def plant(database_url: str, site: Site, proxies: Mapping[str, int]) -> None:
    """Store a source for each path of the *site*, and one whose proxy cannot be parsed."""
    storage = Storage.open(database_url)
    keys = parse_keys(KEY)
    keyring = Keyring(lambda: keys)
    accesses = {
        "/login": lambda access: access.with_login("ann", LOGIN),
        "/token": lambda access: access.with_token(TOKEN),
        "/cookie": lambda access: access.with_cookie(f"sid={COOKIE}"),
        "/header": lambda access: access.with_header(f"X-Key: {HEADER}"),
        "/proxy": lambda access: access.with_login("ann", LOGIN).with_proxy(
            f"http://me:{quote(GATE, safe='')}@127.0.0.1:{proxies['http']}"
        ),
        "/socks": lambda access: access.with_cookie(COOKIE).with_proxy(
            f"socks5://me:{quote(GATE, safe='')}@127.0.0.1:{proxies['socks5']}"
        ),
    }
    for path, change in accesses.items():
        source_id = await _add(storage, f"https://localhost:{site.port}{path}")
        assert await change_access(storage, keyring, source_id, change, by=None)
    url = f"https://localhost:{site.port}/broken"
    source_id = await _add(storage, url)
    access = Credentials.of_source(url).with_login("ann", LOGIN)
    packed = access.packed().replace(b'"proxy_url": ""', f'"proxy_url": "http://a:{GATE}"'.encode())
    async with storage.writing() as tx:
        await store_access(tx, source_id, ["login", "proxy"], keyring.seal(packed, source_id))
    await storage.close()


async def _add(storage: Storage, url: str) -> int:
    async with storage.writing() as tx:
        row = source_row(url, public=True, own_network=True, every_seconds=1)
        source_id = await add_source(tx, row)
    assert source_id is not None
    return source_id


@pytest.mark.parametrize("form", ["console", "json"])
async def test_a_bot_shows_no_secret_of_a_source(
    workplace: Workplace, telegram, sqlite_url, tmp_path_factory, form
):
    right, wrong = (certificate_for(tmp_path_factory.mktemp("tls"), "localhost") for _ in range(2))
    site = Site(free_port())
    found: dict[str, bytes] = {}
    gate, socks = (FakeProxy(site.port, login=f"me:{GATE}") for _ in range(2))
    async with (
        FakeWeb() as other,
        serving_proxy(gate, gate.connect),
        serving_proxy(socks, socks.socks),
        collecting() as collector,
    ):
        site.elsewhere = other.url("/")
        await plant(sqlite_url, site, {"http": gate.port, "socks5": socks.port})
        service = collector.base.partition("//")[2]
        settings = settings_for(
            telegram,
            database_url=sqlite_url,
            secrets_key=KEY,
            allowed_networks="127.0.0.0/8,::1/128",
            ssl_cert_file=right[1],
            log_format=form,
            log_level="debug",
            metrics_port=free_port(),
            traces_url=f"http://{service}/v1/traces",
            errors_url=f"http://{ERRORS_KEY}@{service}/1",
        )
        async with workplace.dateline("run", **settings) as command:
            async with site.open(context_of(right)):
                async with asyncio.timeout(PATIENCE):
                    await site.all_welcomed.wait()
                site.fails, socks.login, gate.reply = True, "me:another", 502
                for code in FAILURES:
                    await command.wait_for(code)
                # For its memory, or on a busy machine for its time.
                await command.wait_for("source is unhealthy", "/header")
            await command.wait_for("connection_refused")
            async with site.open(context_of(wrong)):
                await command.wait_for("certificate_self_signed")
            files = filter(Path.is_file, workplace.folder.rglob("*"))
            found |= {f"{file.name} while running": file.read_bytes() for file in files}
            found["processes"] = b"".join(_arguments())
            found["metrics"] = await _read(f"http://127.0.0.1:{settings['metrics_port']}/metrics")
            command.process.terminate()
            assert await command.exit_code() == 0
        found["log"] = command.output.encode()
        checking = ("sources", "check", f"https://localhost:{site.port}/login")
        for arguments in (*COMMANDS, checking):
            async with workplace.dateline(*arguments, **settings) as asked:
                await asked.exit_code()
            found[" ".join(arguments)] = asked.output.encode()
        found |= {f"report {number}": body for number, body in enumerate(collector.bodies)}
        found["another host"] = str(other.asked).encode()
    files = filter(Path.is_file, workplace.folder.rglob("*"))
    found |= {file.name: file.read_bytes() for file in files}

    assert {(name, secret) for secret in PLANTED for name in _places_of(secret, found)} == set()
    assert b"a source could not be read" in b"".join(collector.bodies)
    assert other.asked
    assert {"dateline.sqlite3", "d.backup", "chats.jsonl"} <= found.keys()


def _places_of(secret: str, found: Mapping[str, bytes]) -> Iterator[str]:
    forms = forms_of(secret)
    return (name for name, content in found.items() if any(form in content for form in forms))


def _arguments() -> Iterator[bytes]:
    """Yield the arguments of each process on this machine."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            yield file.read_bytes()


async def _read(url: str) -> bytes:
    async with aiohttp.request("GET", url) as response:
        assert response.status == 200
        return await response.read()


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_secret_is_recognized_inside_of_base64(before):
    encoded = b64encode(f"{before}{LOGIN}, and more".encode())

    assert [*_places_of(LOGIN, {"a header": encoded, "another": b"pass"})] == ["a header"]
