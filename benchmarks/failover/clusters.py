"""PostgreSQL servers on loopback: a primary, and a standby that follows it."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.chaos.network import Network, network_to
from tests.story.processes import free_port

_FOLDERS = "/usr/lib/postgresql"
_UNPRIVILEGED = "postgres"  # the server does not run as root
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 64MB
max_connections = 100
port = {port}
"""


def binaries() -> Path | None:
    """Return the folder of the newest installed server."""
    folders = [path.parent for path in Path(_FOLDERS).glob("*/bin/initdb")]
    if not folders and (program := shutil.which("initdb")):
        folders = [Path(program).parent]
    return max(folders, default=None, key=lambda path: [int(x) for x in path.parts if x.isdigit()])


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
            file.write(_CONFIGURATION.format(port=self.port))

    async def start_after_kill(self) -> None:
        (self.folder / "postmaster.pid").unlink()
        await self.start()

    async def start(self) -> None:
        log = self.folder.with_suffix(".log")
        await run("pg_ctl", "-D", self.folder, "-w", "-s", "-l", log, "start")

    async def stop(self, how: str = "fast") -> None:
        await run("pg_ctl", "-D", self.folder, "-w", "-s", "-m", how, "stop")

    async def promote(self) -> None:
        """Promote the standby, and return once it accepts writes."""
        await run("pg_ctl", "-D", self.folder, "-w", "-s", "promote")

    async def wait_for_standby(self) -> None:
        """Make each commit wait for a standby."""
        await self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await self.execute("SELECT pg_reload_conf()")
        shown = "SELECT sync_state FROM pg_stat_replication"
        while "sync" not in await self.execute(shown):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.1)

    async def execute(self, statement: str) -> str:
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", _UNPRIVILEGED)
        return await run("psql", *where, "-X", "-A", "-t", "-c", statement, _UNPRIVILEGED)

    def kill(self) -> None:
        """Kill the server and all its processes at once, as a power cut does."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Halt the server and all its processes, so that clients wait without an error."""
        self._signal(signal.SIGSTOP)

    def _signal(self, number: signal.Signals) -> None:
        pid = int((self.folder / "postmaster.pid").read_text().split()[0])
        if str(self.folder) not in Path(f"/proc/{pid}/cmdline").read_text():
            return  # another process has its number now
        os.kill(pid, signal.SIGSTOP)  # so that it starts no children
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for process in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(process, number)

    async def remove(self) -> None:
        with suppress(OSError):
            self._signal(signal.SIGCONT)  # a halted server could not be stopped
        with suppress(AssertionError):
            await self.stop("immediate")


async def run(program: str, *arguments: str | Path) -> str:
    folder = binaries()
    assert folder
    prefix = ("runuser", "-u", _UNPRIVILEGED, "--") if os.geteuid() == 0 else ()
    command = (*prefix, str(folder / program), *map(str, arguments))
    # Without pipes, because the server that pg_ctl starts would keep them open.
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE if program == "psql" else asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd="/",
        env={"PATH": f"{os.defpath}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"},
        start_new_session=True,  # so that an interrupt does not reach it
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)} failed"
    return (output or b"").decode()


@asynccontextmanager
async def single_cluster() -> AsyncIterator[Cluster]:
    """Yield a running server."""
    async with _folder() as folder:
        cluster = Cluster(folder / "single", free_port())
        try:
            await cluster.make()
            await cluster.start()
            yield cluster
        finally:
            await cluster.remove()


@asynccontextmanager
async def cluster_pair(
    *, synchronous: bool = True
) -> AsyncIterator[tuple[Cluster, Cluster, Network]]:
    """Yield a running primary, its standby, and the network between them.

    Commits wait for the standby only if *synchronous*; else it follows through the network.
    """
    async with _folder() as folder:
        primary = Cluster(folder / "primary", free_port())
        standby = Cluster(folder / "standby", free_port())
        try:
            await primary.make()
            await primary.start()
            async with network_to("127.0.0.1", primary.port) as network:
                await standby.follow(primary.port if synchronous else network.port)
                await standby.start()
                if synchronous:
                    await primary.wait_for_standby()
                yield primary, standby, network
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
