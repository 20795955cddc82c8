"""PgBouncer in front of a PostgreSQL server, in transaction pooling mode."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.conftest import missing
from tests.story.processes import free_port

CONNECTIONS = 3  # to the server, for all clients


def pooler() -> str:
    """Return the path of the program."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return found or missing("no pgbouncer is installed")


@asynccontextmanager
async def pooled(url: str) -> AsyncIterator[str]:
    """Yield the address of the same database behind a pooler."""
    program, own, port = pooler(), make_url(url), free_port()
    with tempfile.TemporaryDirectory() as folder:
        file = _configured(Path(folder), url, port)
        as_nobody = ("-u", "nobody") if os.geteuid() == 0 else ()
        process = await asyncio.create_subprocess_exec(
            program, *as_nobody, str(file), stderr=asyncio.subprocess.PIPE
        )
        try:
            await _is_up(process)
            yield own.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        finally:
            process.kill()
            await process.communicate()


def _configured(folder: Path, url: str, port: int) -> Path:
    """Write the configuration, readable for the user to which the pooler switches from root."""
    folder.chmod(0o755)
    file = folder / "pgbouncer.ini"
    file.write_text(_configuration(url, port))
    file.chmod(0o644)
    return file


def _configuration(url: str, port: int) -> str:
    own = make_url(url)
    password = f" password='{own.password}'" if own.password else ""
    return f"""
[databases]
{own.database} = host={own.host} port={own.port or 5432} user={own.username}{password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {CONNECTIONS}
max_prepared_statements = 0
"""


async def _is_up(process: asyncio.subprocess.Process) -> None:
    assert process.stderr
    lines = []
    async for line in process.stderr:
        lines.append(line.decode())
        if b"process up" in line:
            return
    raise AssertionError("".join(lines))
