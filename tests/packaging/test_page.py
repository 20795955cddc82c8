"""The commands of the page about servers: what they name exists, and they work."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.packaging.try_page import PAGE, SYSTEMD, TREE, commands

FOUND = commands(PAGE.read_text(encoding="utf-8"))


def test_each_part_that_is_typed_has_commands():
    assert [part for part in SYSTEMD if not FOUND.get(("systemd", part))] == []


def test_the_files_that_the_commands_name_are_there():
    text = "".join(FOUND.values())
    named = re.findall(r"(?<![\w/])(deploy/[\w./*@-]+|requirements[\w-]*\.lock)", text)

    assert named
    assert [name for name in named if not list(TREE.glob(name))] == []


def test_the_commands_of_one_server_are_parts_of_a_script():
    for (_, part), script in FOUND.items():
        if "docker" in script or part in SYSTEMD:
            lines = "\n".join(line for line in script.splitlines() if not line.startswith("15 3 "))
            checked = subprocess.run(["sh", "-n", "-c", lines], check=False, capture_output=True)
            assert checked.returncode == 0, (part, checked.stderr)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_bare_system_is_installed_restored_upgraded_and_cleared():
    bare = os.environ.get("DATELINE_DEBIAN_ROOT")
    if not bare or os.geteuid() or not shutil.which("systemd-nspawn"):
        pytest.skip("needs root, systemd-nspawn, and a bare system in DATELINE_DEBIAN_ROOT")
    done = subprocess.run(
        [sys.executable, "-m", "tests.packaging.try_page", bare],
        cwd=TREE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
