"""A podman for one run: its storage, networks and configuration are in one folder.

`docker` on its path is podman, and `docker compose` is podman-compose.
"""

import asyncio
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.packaging.try_page import TRUSTED

# A machine may forbid to raise these, and podman raises both.
LIMITS = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
CONFIGURATION = """
[containers]
default_ulimits = [{limits}]
[engine]
events_logger = "file"
tmp_dir = "{folder}/tmp"
[network]
network_config_dir = "{folder}/networks"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/images"
runroot = "{folder}/run"
"""
DOCKER = """#!/bin/sh
if [ "$1" = compose ]; then shift; exec podman-compose "$@"; fi
exec podman "$@"
"""
# All containers must see the same mounts. podman cannot run beside both versions of control groups.
NAMESPACE = """
if mountpoint --quiet /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
exec "$@"
"""
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# pip and apt trust what this machine trusts.
PYTHON = f"""
FROM localhost/debian
ENV PATH={SYSTEM_PATH} PIP_CERT={TRUSTED}
COPY trusted {TRUSTED.parent}
RUN ln -s python3 /usr/bin/python
"""
POSTGRESQL = f"""
FROM localhost/debian
RUN apt-get update --quiet --quiet \\
    && DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes \\
        --no-install-recommends postgresql-17
COPY entrypoint /usr/local/bin/
ENV PATH=/usr/lib/postgresql/17/bin:{SYSTEM_PATH} LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["entrypoint"]
CMD ["postgres", "-c", "listen_addresses=*"]
"""
# As that of the official image: root reads the secret and makes the folder, postgres does the rest.
ENTRYPOINT = """#!/bin/sh
set -eu
if [ "$(id -u)" = 0 ]; then
  POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
  export POSTGRES_PASSWORD
  install -d -m 0700 -o postgres -g postgres "$PGDATA" /run/postgresql
  find "$PGDATA" ! -user postgres -exec chown postgres {} +
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf %s "$POSTGRES_PASSWORD" > /tmp/password
  initdb --username "$POSTGRES_USER" --pwfile /tmp/password \\
    --auth-local trust --auth-host scram-sha-256
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl --wait --options "-c listen_addresses=''" start
  createdb --username "$POSTGRES_USER" --maintenance-db postgres "$POSTGRES_DB"
  pg_ctl --wait stop
fi
exec "$@"
"""
IMAGES = {"python": PYTHON, "postgres": POSTGRESQL}
IP_FREEBIND = 15  # the option of Linux to listen at an address that is not there yet
BETWEEN_CHECKS = 2.0  # seconds
CHECK = "podman ps --quiet | xargs --max-args 1 podman healthcheck run > /dev/null 2>&1"


def in_a_namespace(*arguments: str) -> int:
    """Run this program again, with an empty folder and *arguments*, in a namespace of mounts.

    The folder is deleted out here, where nothing is mounted in it.
    """
    program = [sys.executable, "-m", "tests.packaging.try_containers", "--inside"]
    with tempfile.TemporaryDirectory() as folder:
        line = ["unshare", "--mount", "sh", "-ec", NAMESPACE, "namespace", *program, folder]
        return subprocess.run([*line, *arguments], check=False).returncode


def configure(folder: Path) -> dict[str, str]:
    """Write the configuration; return the environment that podman takes it from."""
    limits = (f'"{name}={{}}:{{}}"'.format(*resource.getrlimit(n)) for name, n in LIMITS.items())
    configuration, storage = folder / "containers.conf", folder / "storage.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, limits=", ".join(limits)))
    storage.write_text(STORAGE.format(folder=folder))
    docker = folder / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{docker.parent}:{os.environ['PATH']}",
        "CONTAINERS_CONF_OVERRIDE": str(configuration),
        "CONTAINERS_STORAGE_CONF": str(storage),
        "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        **({} if has_systemd() else {"DISABLE_HC_SYSTEMD": "true"}),
    }


def has_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def podman(environment: Mapping[str, str], *arguments: str | Path) -> str:
    """Return what podman prints. Raises CalledProcessError."""
    line = ["podman", *map(str, arguments)]
    done = subprocess.run(line, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def make_images(environment: Mapping[str, str], root: Path, folder: Path) -> dict[str, str]:
    """Make both images that others publish, from a bare system; return their names here."""
    trusted = folder / "trusted"
    trusted.mkdir(parents=True)
    if TRUSTED.exists():
        shutil.copy(TRUSTED, trusted)
    entrypoint = folder / "entrypoint"
    entrypoint.write_text(ENTRYPOINT)
    entrypoint.chmod(0o755)
    archive = folder / "debian.tar"
    subprocess.run(["tar", "-C", str(root), "-cf", str(archive), "."], check=True)
    podman(environment, "import", "--quiet", archive, "localhost/debian")
    archive.unlink()
    for name, instructions in IMAGES.items():
        (folder / name).write_text(instructions)
        podman(
            environment, "build", "--quiet", "-t", f"localhost/{name}", "-f", folder / name, folder
        )
    return {name: f"localhost/{name}" for name in IMAGES}


@contextmanager
def health_checks(environment: Mapping[str, str]) -> Iterator[None]:
    """Check the health of all containers now and then, unless the timers of systemd do so."""
    ended = threading.Event()

    def check() -> None:
        while not has_systemd() and not ended.wait(BETWEEN_CHECKS):
            subprocess.run(["sh", "-c", CHECK], env=environment, check=False)

    checker = threading.Thread(target=check)
    checker.start()
    try:
        yield
    finally:
        ended.set()
        checker.join()


@contextmanager
def cleared(environment: Mapping[str, str]) -> Iterator[None]:
    """Remove at the end what is outside the folder: processes and networks."""
    try:
        yield
    finally:
        podman(environment, "rm", "--all", "--force", "--time", "0")
        podman(environment, "network", "prune", "--force")


@contextmanager
def forwarded(host: str, port: int) -> Iterator[None]:
    """Let containers reach the playground, which answers only requests that name this machine.

    *host* is the gateway of a network that is not there yet.
    """

    async def forward(request: web.Request) -> web.Response:
        url, body = f"http://127.0.0.1:{port}{request.path_qs}", await request.read()
        headers = {"Content-Type": request.headers.get("Content-Type", "")}
        async with aiohttp.request(request.method, url, data=body, headers=headers) as answer:
            text = await answer.read()
            return web.Response(body=text, status=answer.status, content_type=answer.content_type)

    async def serve() -> None:
        application = web.Application(client_max_size=64 * 1024**2)
        application.router.add_route("*", "/{path:.*}", forward)
        # A poll must end with the container that made it, or it would take the next updates.
        runner = web.AppRunner(application, handler_cancellation=True)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        await asyncio.to_thread(ended.wait)
        await runner.cleanup()

    ended = threading.Event()
    with socket.socket() as listener:
        listener.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        listener.bind((host, port))
        server = threading.Thread(target=asyncio.run, args=[serve()])
        server.start()
        try:
            yield
        finally:
            ended.set()
            server.join()
