"""The units of systemd, and the jobs of the workflows: held to what is there."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from bot.app.stops import CONFIG
from bot.cli.main import app
from tests.packaging.variables import is_known

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
# The others only start the command, which runs as dateline.service does.
OF_THE_BOT = [SYSTEMD / "dateline.service", SYSTEMD / "dateline@.service"]
MOST_EXPOSED = 20  # tenths, as systemd counts; 100 is a service that may do anything
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROGRAM, COMMAND = "/opt/dateline/bin/dateline", "/usr/local/bin/dateline"
MADE = {  # the targets of the Makefile that a workflow must run
    "ci.yml": {"check", "test-all", "test-wheel", "test-image", "audit"},
    "release.yml": {"release-check", "release-notes", "checksums", "test-image"},
}


def lines_of(unit: Path, name: str) -> list[str]:
    text = unit.read_text(encoding="utf-8")
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def runnable(unit: Path, folder: Path) -> Path:
    """Return a copy that starts something which this machine has; an instance of a template."""
    copy = folder / unit.name.replace("@.", "@chat.")
    text = unit.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true")
    copy.write_text(text.replace(COMMAND, "/bin/true"))
    return copy


def systemd(*arguments: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_sets_what_is_a_setting_and_starts_what_is_a_command(unit):
    variables = [
        pair.partition("=")[0] for line in lines_of(unit, "Environment") for pair in line.split()
    ]
    (command,) = lines_of(unit, "ExecStart")
    started = re.match(rf"(?:{PROGRAM}|{COMMAND}) ([\w-]+)", command)

    assert [name for name in variables if not is_known(name)] == []
    assert started
    assert started[1] in getattr(get_command(app), "commands")  # noqa: B009 - typer's type does not tell


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_that_restarts_gives_up_where_a_restart_cannot_help(unit):
    restarts = lines_of(unit, "Restart") == ["on-failure"]

    assert restarts or lines_of(unit, "Type") == ["oneshot"]
    assert lines_of(unit, "RestartPreventExitStatus") == [str(CONFIG)] * restarts


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_it(unit, tmp_path):
    timer = [str(one) for one in [unit.with_suffix(".timer")] if one.exists()]
    done = systemd("verify", "--man=no", str(runnable(unit, tmp_path)), *timer)

    assert (done.returncode, done.stderr) == (0, "")


def test_both_units_of_the_bot_are_shut_in_alike():
    texts = [unit.read_text(encoding="utf-8") for unit in OF_THE_BOT]
    one, several = (text.partition("# What it never needs")[2] for text in texts)

    assert one
    assert one == several


@pytest.mark.parametrize("unit", OF_THE_BOT, ids=lambda unit: unit.name)
def test_systemd_finds_it_shut_in(unit, tmp_path):
    copy = runnable(unit, tmp_path)
    done = systemd("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(copy))

    assert done.returncode == 0, done.stdout


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request) -> Path:
    path: Path = request.param
    return path


def read(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return told


def test_actions_of_others_are_named_by_their_commit(workflow):
    text = workflow.read_text(encoding="utf-8")
    used = re.findall(r"uses: (?!\./)(.*)", text)

    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one) for one in used)


# What each publishing job may do; all others only read.
PERMISSIONS = {
    "provenance": {"attestations": "write", "id-token": "write"},
    "package": {"id-token": "write"},
    "registry": {"attestations": "write", "id-token": "write", "packages": "write"},
    "page": {"contents": "write"},
}


def test_each_job_has_the_least_permissions_and_a_limit_of_time(workflow):
    told = read(workflow)

    assert told["permissions"] == {}
    for name, job in told["jobs"].items():
        assert job["permissions"] == PERMISSIONS.get(name, {"contents": "read"}), name
        assert "uses" in job or job["timeout-minutes"] <= 60, name
    assert "secrets." not in workflow.read_text(encoding="utf-8")


def test_the_jobs_run_what_one_runs_at_home(workflow):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    steps = [step for job in read(workflow)["jobs"].values() for step in job.get("steps", ())]
    lines = "\n".join(step.get("run", "") for step in steps)
    made = set(re.findall(r"^make (?:--silent )?([a-z-]+)", lines, re.MULTILINE))

    assert MADE[workflow.name] <= made <= targets


def test_a_release_is_published_from_a_tag_only():
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]

    assert set(PERMISSIONS) < set(jobs)
    for name in PERMISSIONS:
        assert jobs[name]["if"] == "github.ref_type == 'tag'", name
        assert "build" in jobs[name]["needs"] or "package" in jobs[name]["needs"], name


def test_nothing_is_published_from_a_commit_that_fails_the_tests():
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]

    def waits_for(name: str) -> set[str]:
        needed = jobs[name].get("needs", [])
        return set(needed).union(*map(waits_for, needed))

    assert jobs["tests"]["uses"] == "./.github/workflows/ci.yml"
    ci = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "\n  workflow_call:" in ci
    assert all("tests" in waits_for(name) for name in PERMISSIONS)


def test_every_target_is_said_to_be_no_file():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    assert set(phony.split()) == set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
