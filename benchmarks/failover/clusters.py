"""PostgreSQL servers of a run's own, on loopback: a primary, and a standby that follows it."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.chaos.wire import Wire, wire
from tests.story.processes import free_port

_FOLDERS = "/usr/lib/postgresql"
_UNPRIVILEGED = "postgres"  # the server does not run as root
_CONFIGURED = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 64MB
max_connections = 100
port = {port}
"""


def binaries() -> Path | None:
    """Return the folder of the newest server that is installed."""
    found = [path.parent for path in Path(_FOLDERS).glob("*/bin/initdb")]
    if not found and (elsewhere := shutil.which("initdb")):
        found = [Path(elsewhere).parent]
    return max(found, default=None, key=lambda path: [int(x) for x in path.parts if x.isdigit()])


@dataclass(frozen=True)
class Cluster:
    folder: Path
    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def make(self) -> None:
        await run("initdb", "-D", self.folder, "-U", _UNPRIVILEGED, "-A", "trust", "-E", "UTF8")
        self.configure()

    async def follow(self, port: int) -> None:
        source = ("-h", "127.0.0.1", "-p", str(port), "-U", _UNPRIVILEGED)
        await run("pg_basebackup", *source, "-D", self.folder, "-R", "-X", "stream", "-c", "fast")
        self.configure()

    def configure(self) -> None:
        with (self.folder / "postgresql.conf").open("a") as file:
            file.write(_CONFIGURED.format(port=self.port))

    async def start_again(self) -> None:
        """Start it after a kill."""
        (self.folder / "postmaster.pid").unlink()
        await self.start()

    async def start(self) -> None:
        log = self.folder.with_suffix(".log")
        await run("pg_ctl", "-D", self.folder, "-w", "-s", "-l", log, "start")

    async def stop(self, how: str = "fast") -> None:
        await run("pg_ctl", "-D", self.folder, "-w", "-s", "-m", how, "stop")

    async def promote(self) -> None:
        """Return once it takes writes."""
        await run("pg_ctl", "-D", self.folder, "-w", "-s", "promote")

    async def wait_for_standby(self) -> None:
        """From now on let no commit be answered before a standby has it."""
        await self.tell("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await self.tell("SELECT pg_reload_conf()")
        shown = "SELECT sync_state FROM pg_stat_replication"
        while "sync" not in await self.tell(shown):  # noqa: ASYNC110 - nobody else tells
            await asyncio.sleep(0.1)

    async def tell(self, statement: str) -> str:
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", _UNPRIVILEGED)
        return await run("psql", *where, "-X", "-A", "-t", "-c", statement, _UNPRIVILEGED)

    def kill(self) -> None:
        """End the server and all its processes at once, as a power cut does."""
        self._all(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it say nothing more: who connects waits, and nobody is told."""
        self._all(signal.SIGSTOP)

    def _all(self, number: signal.Signals) -> None:
        pid = int((self.folder / "postmaster.pid").read_text().split()[0])
        if str(self.folder) not in Path(f"/proc/{pid}/cmdline").read_text():
            return  # it is no more, and another has its number
        os.kill(pid, signal.SIGSTOP)  # so that it starts no more
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(each, number)

    async def remove(self) -> None:
        with suppress(OSError):
            self._all(signal.SIGCONT)  # what is frozen would not hear that it is to stop
        with suppress(AssertionError):
            await self.stop("immediate")


async def run(program: str, *arguments: str | Path) -> str:
    folder = binaries()
    assert folder
    who = ("runuser", "-u", _UNPRIVILEGED, "--") if os.geteuid() == 0 else ()
    command = (*who, str(folder / program), *map(str, arguments))
    # To a file: the server that pg_ctl starts keeps what it inherits open.
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE if program == "psql" else asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd="/",
        env={"PATH": f"{os.defpath}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"},
        start_new_session=True,  # an interrupt of ours is not its
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)} failed"
    return (said or b"").decode()


@asynccontextmanager
async def single() -> AsyncIterator[Cluster]:
    """Yield one server that runs."""
    async with _folder() as folder:
        cluster = Cluster(folder / "single", free_port())
        try:
            await cluster.make()
            await cluster.start()
            yield cluster
        finally:
            await cluster.remove()


@asynccontextmanager
async def pair(*, synchronous: bool = True) -> AsyncIterator[tuple[Cluster, Cluster, Wire]]:
    """Yield a primary and its standby, which both run, and the network between them.

    Without *synchronous* commits do not wait for the standby, and it hears of them that way.
    """
    async with _folder() as folder:
        primary = Cluster(folder / "primary", free_port())
        standby = Cluster(folder / "standby", free_port())
        try:
            await primary.make()
            await primary.start()
            async with wire("127.0.0.1", primary.port) as between:
                await standby.follow(primary.port if synchronous else between.port)
                await standby.start()
                if synchronous:
                    await primary.wait_for_standby()
                yield primary, standby, between
        finally:
            await standby.remove()
            await primary.remove()


@asynccontextmanager
async def _folder() -> AsyncIterator[Path]:
    folder = Path(mkdtemp(prefix="dateline-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(folder, _UNPRIVILEGED)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
