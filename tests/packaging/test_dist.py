"""What is in the wheel and the sdist."""

import re
import subprocess
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, build

pytestmark = pytest.mark.slow

PACKAGES = ("bot", "storage", "templates")


def files_of(folder: Path) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".po", ".pyc"}
    }


def test_the_wheel_holds_all_that_the_packages_hold_and_no_more(dist):
    with zipfile.ZipFile(dist[0]) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert held == set().union(*(files_of(ROOT / package) for package in PACKAGES))
    assert {f"{package}/py.typed" for package in PACKAGES} <= held


def test_the_wheel_says_what_it_is(dist):
    with zipfile.ZipFile(dist[0]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
        told = message_from_bytes(wheel.read(name))
        (entry,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
        commands = wheel.read(entry).decode()

    assert told["Name"] == "dateline"
    assert told["License-Expression"] == "MIT"
    assert told["Requires-Python"] == ">=3.11"
    assert told["Description-Content-Type"] == "text/markdown"
    assert "dateline = bot.cli.main:main" in commands


def test_the_sdist_makes_the_same_wheel_to_the_byte(dist, tmp_path):
    wheel, sdist = dist
    with tarfile.open(sdist) as packed:
        packed.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()

    again, _ = build(tree, tmp_path / "dist")

    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_make_wheel_leaves_one_version_where_another_was_built(tmp_path):
    """The pages install `dist/dateline-*.whl`, and pip refuses two versions of one package."""
    builder = tmp_path / "python"
    builder.write_text("#!/bin/sh\ntouch dist/dateline-0.1.1-py3-none-any.whl\n", encoding="utf-8")
    builder.chmod(0o755)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "dateline-0.1.0-py3-none-any.whl").touch()

    line = ["make", "-f", str(ROOT / "Makefile"), "-o", ".venv/dev", f"BIN={tmp_path}", "wheel"]
    subprocess.run(line, cwd=tmp_path, check=True, capture_output=True)

    left = [path.name for path in (tmp_path / "dist").iterdir()]
    assert left == ["dateline-0.1.1-py3-none-any.whl"]


def test_the_sdist_has_what_one_needs_to_go_on_from_it(dist):
    with tarfile.open(dist[1]) as packed:
        held = {name.partition("/")[2] for name in packed.getnames()}

    locks = {"requirements.lock", "requirements-build.lock", "requirements-dev.lock"}
    wanted = locks | {"Makefile", "hatch_build.py", ".env.example", "LICENSE"}
    assert wanted | {"docs/README.md", "tests/conftest.py", "CONTRIBUTING.md"} <= held


def test_no_lock_says_where_packages_come_from():
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search(r"^--(?!hash)", text, re.MULTILINE)


def test_a_lock_is_installed_without_a_look_at_newer_releases():
    """pip 23.2 takes the newest of a package of which another asks for an extra, and stops."""
    places = [ROOT / "Makefile", ROOT / "Dockerfile", *(ROOT / "docs").rglob("*.md")]
    commands = [
        line
        for place in places
        for line in place.read_text(encoding="utf-8").splitlines()
        if re.search(r"install .*--require-hashes|^PIP :=", line)
    ]

    assert len(commands) >= 8
    assert [line for line in commands if "--no-deps" not in line] == []


def pinned(lock: str) -> set[str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return set(re.findall(r"^([\w.-]+==[\w.]+)", text, re.MULTILINE))


def test_packages_that_only_build_or_test_are_in_no_installation():
    run, build, dev = map(
        pinned, ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")
    )

    assert run <= dev
    assert build <= dev
    assert {pin.partition("==")[0] for pin in run & build} == {"babel", "typing-extensions"}
    assert not any(pin.startswith(("aiosmtpd", "hatchling", "pytest")) for pin in run)
