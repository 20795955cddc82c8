"""The wheel and sdist that users install, built from the tree and installed in a new environment.

Dependencies come from the environment that runs the tests. With DATELINE_REQUIRE=1 they are
installed from the lock with hashes, as users do.
"""

import asyncio
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.story.processes import Command

ROOT = Path(__file__).parents[2]
YEAR_1980 = "315532800"  # the earliest time that a wheel can store


def build(tree: Path, into: Path) -> tuple[Path, Path]:
    """Return the wheel and the sdist of *tree*."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(into)],
        cwd=tree,
        env={**os.environ, "SOURCE_DATE_EPOCH": YEAR_1980},
        check=True,
        capture_output=True,
    )
    (wheel,), (sdist,) = into.glob("*.whl"), into.glob("*.tar.gz")
    return wheel, sdist


@dataclass(frozen=True)
class Installed:
    """The program as users install it, and an empty folder to run it in."""

    home: Path
    folder: Path

    def runs(self, program: str, *arguments: str) -> str:
        """Run a program; return its output. Raises CalledProcessError if it fails."""
        done = subprocess.run(
            self._line(program, *arguments),
            cwd=self.folder,
            env=self._environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    @asynccontextmanager
    async def running(self, *arguments: str, **settings: str) -> AsyncIterator[Command]:
        process = await asyncio.create_subprocess_exec(
            *self._line("dateline", *arguments),
            cwd=self.folder,
            env=self._environment() | settings,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        command = Command(process)
        try:
            yield command
        finally:
            if process.returncode is None:
                await command.kill()

    def _line(self, program: str, *arguments: str) -> list[str]:
        return [str(self.home / "bin" / program), *arguments]

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.folder), "LANG": "C.UTF-8"}


@pytest.fixture(autouse=True)
def make_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a `make` that a test starts ignore the one that runs the tests, and its spare jobs."""
    monkeypatch.delenv("MAKEFLAGS", raising=False)


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, dist: tuple[Path, Path]) -> Path:
    home = tmp_path_factory.mktemp("home")
    venv.create(home)
    if os.environ.get("DATELINE_REQUIRE") == "1":
        pip(home, "install", "--no-deps", "--require-hashes", "-r", str(ROOT / "requirements.lock"))
    else:
        place = sysconfig.get_path("purelib", vars={"base": str(home)})
        (Path(place) / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    pip(home, "install", "--no-deps", "--no-index", "--force-reinstall", str(dist[0]))
    pip(home, "check")
    return home


def pip(home: Path, command: str, *arguments: str) -> None:
    where = ("--python", str(home / "bin" / "python"), "--quiet")
    # What runs compiles itself.
    options = ("--no-compile",) if command == "install" else ()
    line = [sys.executable, "-m", "pip", *where, command, *options, *arguments]
    subprocess.run(line, check=True)


@pytest.fixture
def installed(home: Path, tmp_path: Path) -> Installed:
    return Installed(home, tmp_path)
