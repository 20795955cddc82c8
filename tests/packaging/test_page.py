"""The commands of the page about servers: what they name exists, and they work."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.packaging.try_containers import KINDS, NEEDED, TYPED
from tests.packaging.try_page import PAGE, SYSTEMD, TREE, commands

FOUND = commands(PAGE.read_text(encoding="utf-8"))


def test_each_part_that_is_typed_has_commands():
    typed = [("systemd", part) for part in SYSTEMD]
    typed += [(kind.section, part) for kind in KINDS for part in TYPED]

    assert [part for part in typed if not FOUND.get(part)] == []


def test_containers_have_no_part_that_is_not_typed():
    sections = {kind.section for kind in KINDS}
    parts = {(section, part) for section, part in FOUND if section in sections}

    assert parts == {(section, part) for section in sections for part in TYPED}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.profile)
def test_the_commands_name_services_of_their_profile(kind):
    services = yaml.safe_load((TREE / "compose.yaml").read_text(encoding="utf-8"))["services"]
    script = "".join(FOUND[kind.section, part] for part in TYPED)
    named = re.findall(r"--profile (\w+) (?:exec(?: -T)?|run --rm|logs|build) (\w+)", script)

    assert {profile for profile, _ in named} == {kind.profile}
    assert all(kind.profile in services[service]["profiles"] for _, service in named)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.profile)
def test_an_upgrade_replaces_the_containers_of_the_old_version(kind):
    """podman-compose starts them again, because only the image has changed."""
    (up,) = re.findall(r"up --detach.*", FOUND[kind.section, "Upgrade"])

    assert up == "up --detach --force-recreate"


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
    must_be_there("systemd-nspawn")
    type_page("tests.packaging.try_page")


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_containers_are_started_restored_upgraded_and_removed():
    must_be_there(*NEEDED)
    type_page("tests.packaging.try_containers")


def must_be_there(*programs: str) -> None:
    bare, missing = os.environ.get("DATELINE_DEBIAN_ROOT"), not all(map(shutil.which, programs))
    if not bare or os.geteuid() or missing:
        pytest.skip(f"needs root, {', '.join(programs)}, and DATELINE_DEBIAN_ROOT")


def type_page(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, os.environ["DATELINE_DEBIAN_ROOT"]],
        cwd=TREE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
