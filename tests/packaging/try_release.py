"""Runs the steps of release.yml as GitHub's runner does: `python -m tests.packaging.try_release`.

No account is there, so that every place to publish at must be skipped with a notice. A clone of the
last commit is built twice, for a pushed tag and started by hand, and both must give the same bytes.
It takes six minutes, Python 3.13 and a package index; images also a Docker daemon and its registry.
"""

# ruff: noqa: T201 - it prints what it did

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deploy.release import notes, version_in

ROOT = Path(__file__).parents[2]
SERVER = "https://forge.example"
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
# What a runner would not have.
_OURS = re.compile(r"DATELINE_|GH_|GITHUB_|ACTIONS_|VIRTUAL_ENV|PYTHON|MAKE|MFLAGS")

Facts = dict[str, str | bool]
Job = dict[str, Any]
Step = dict[str, Any]


@dataclass
class Run:
    """One run of the workflow: what it knows, and what its jobs left."""

    folder: Path
    clone: Path
    facts: Facts
    notices: list[str] = field(default_factory=list)

    def execute(self, name: str, job: Job, matrix: dict[str, str]) -> None:
        """Run the steps of a job in an empty folder; raise SystemExit if one fails."""
        label = " ".join([name, *matrix.values()])
        if not is_true(job.get("if", "true"), self.facts):
            print(f"== {label}: skipped")
            return
        home = self.folder / label.replace(" ", "-")
        home.mkdir()
        known = self.facts | {f"matrix.{key}": value for key, value in matrix.items()}
        for number, step in enumerate(job["steps"]):
            print(f"== {label}: {step.get('name') or step.get('uses') or step['run'].strip()}")
            if not is_true(step.get("if", "true"), known):
                print("skipped")
            elif "uses" in step:
                self._use(step, home)
            else:
                known |= self._shell(step, home, known, number)

    def _use(self, step: Step, home: Path) -> None:
        action, given = step["uses"].partition("@")[0], step.get("with", {})
        artifacts = self.folder / "artifacts"
        match action:
            case "actions/checkout":
                _git(
                    "clone",
                    "--quiet",
                    "--branch",
                    str(self.facts["github.ref_name"]),
                    self.clone,
                    home,
                )
            case "actions/setup-python":
                place = self.folder / "bin"
                place.mkdir(exist_ok=True)
                (place / "python3").unlink(missing_ok=True)
                (place / "python3").symlink_to(_python(given["python-version"]))
            case "actions/upload-artifact":
                source, target = home / given["path"], artifacts / given["name"]
                target.mkdir(parents=True)
                files = list(source.rglob("*")) if source.is_dir() else [source]
                for path in files:
                    shutil.copy(path, target)
            case "actions/download-artifact":
                source, target = artifacts / given["name"], home / given.get("path", ".")
                shutil.copytree(source, target, dirs_exist_ok=True)
            case _:
                raise SystemExit(f"{action} needs an account, and was not skipped.")

    def _shell(self, step: Step, home: Path, known: Facts, number: int) -> Facts:
        """Run a script as `shell: bash`; return its outputs."""
        output = self.folder / f"output-{home.name}-{number}"
        output.touch()
        given = {key: filled(str(value), known) for key, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", filled(step["run"], known)],
            cwd=home,
            env=self._environment() | given | {"GITHUB_OUTPUT": str(output)},
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
        print(done.stdout, end="")
        if done.returncode:
            raise SystemExit(f"The step failed with {done.returncode}.")
        self.notices += re.findall(r"^::notice::(.+)$", done.stdout, re.MULTILINE)
        pairs = (line.partition("=") for line in output.read_text().splitlines())
        return {f"steps.{step['id']}.outputs.{key}": value for key, _, value in pairs}

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not _OURS.match(key)}
        path = [
            part for part in os.environ["PATH"].split(":") if Path(part) != Path(sys.prefix, "bin")
        ]
        told = {
            key.replace(".", "_").upper(): str(value)
            for key, value in self.facts.items()
            if key.startswith("github.") and key.count(".") == 1 and key != "github.token"
        }
        more = {"CI": "true", "PATH": ":".join([str(self.folder / "bin"), *path])}
        return kept | told | more | {"GITHUB_STEP_SUMMARY": os.devnull, "GITHUB_ENV": os.devnull}


def value_of(expression: str, facts: Facts) -> str | bool:
    """Return the value of an expression of a workflow; what is not known is an empty string."""
    text = expression.replace("&&", " and ").replace("||", " or ")
    text = re.sub(r"!(?!=)", " not ", text)
    text = re.sub(r"\b(true|false)\b", lambda found: found[0].title(), text)
    text = re.sub(
        r"\b(?:github|vars|matrix|steps)(?:\.[\w-]+)+",
        lambda found: repr(facts.get(found[0], "")),
        text,
    )
    found: str | bool = eval(text.strip(), {"__builtins__": {}})  # noqa: S307 - our own workflow
    return found


def is_true(condition: str | bool, facts: Facts) -> bool:
    text = str(condition).lower() if isinstance(condition, bool) else condition
    return bool(value_of(re.sub(r"^\$\{\{(.*)\}\}$", r"\1", text), facts))


def filled(text: str, facts: Facts) -> str:
    """Return *text* with the values of its `${{ … }}`."""

    def said(found: re.Match[str]) -> str:
        value = value_of(found[1], facts)
        return str(value).lower() if isinstance(value, bool) else value

    return re.sub(r"\$\{\{(.*?)\}\}", said, text)


def jobs() -> dict[str, Job]:
    told: dict[str, Job] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    return told


def facts_of(event: str, ref_name: str) -> Facts:
    """Return what a runner knows when *event* starts the workflow in a repository of nobody's."""
    kind = "tag" if event == "push" else "branch"
    return {
        "github.actor": "ada",
        "github.event_name": event,
        "github.event.repository.private": False,
        "github.ref": f"refs/{'tags' if kind == 'tag' else 'heads'}/{ref_name}",
        "github.ref_name": ref_name,
        "github.ref_type": kind,
        "github.repository": "ada/Dateline",
        "github.server_url": SERVER,
        "github.token": "",
    }


def _git(*arguments: str | Path) -> None:
    name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "tag.gpgSign=false"]
    quiet = ["-c", "advice.detachedHead=false"]
    subprocess.run(["git", *name, *quiet, *map(str, arguments)], check=True)


def _python(version: str) -> str:
    """Return the path of an interpreter itself: what stands on the PATH may be a script."""
    for place in (None, "/usr/bin"):
        if found := shutil.which(f"python{version}", path=place):
            line = [found, "-c", "import sys; print(sys.executable)"]
            asked = subprocess.run(line, check=False, capture_output=True, text=True)
            if asked.returncode == 0:
                return asked.stdout.strip()
    raise SystemExit(f"The workflow needs Python {version}.")


def _has_docker() -> bool:
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def _runs(told: dict[str, Job]) -> Iterator[tuple[str, Job, dict[str, str]]]:
    """Yield the jobs that this machine can run, once for each row of their matrix."""
    for name, job in told.items():
        if "uses" in job:
            print(f"not run, because it is another workflow: {name}")
            continue
        for matrix in job.get("strategy", {}).get("matrix", {}).get("include", [{}]):
            if "arm" in matrix.get("runner", "") and os.uname().machine != "aarch64":
                print(f"not run, because it needs another processor: {name} {matrix['platform']}")
            elif "test-image" in json.dumps(job) and not _has_docker():
                print(f"not run, because it needs a Docker daemon: {name}")
            else:
                yield name, job, matrix


def faults_in(dist: Path, told: str, ref: str) -> Iterator[str]:
    """Yield what is wrong with the files of a release, and with its notes."""
    version = version_in(ROOT)
    wanted = {
        f"dateline-{version}{end}" for end in ("-py3-none-any.whl", ".tar.gz", ".lock", ".cdx.json")
    }
    if {path.name for path in dist.iterdir()} != wanted | {"SHA256SUMS"}:
        yield f"other files than expected: {sorted(path.name for path in dist.iterdir())}"
    summed = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=dist, check=False
    )
    if summed.returncode:
        yield "the checksums are wrong"
    parts = json.loads((dist / f"dateline-{version}.cdx.json").read_text(encoding="utf-8"))
    named = {
        (part["name"].lower().replace("_", "-"), part["version"]) for part in parts["components"]
    }
    lock = (dist / f"dateline-{version}.lock").read_text(encoding="utf-8")
    always = set(re.findall(r"^([\w.-]+)==([\w.]+) \\$", lock, re.MULTILINE))
    if missing := always - named:
        yield f"the SBOM lacks {sorted(missing)}"
    if told.strip() != notes(ROOT, f"{SERVER}/ada/Dateline/blob/{ref}"):
        yield "the notes are not the section of the changelog"


def main() -> None:
    sys.stdout = io.TextIOWrapper(
        sys.stdout.buffer, line_buffering=True
    )  # in the order of the steps
    told, tag = jobs(), f"v{version_in(ROOT)}"
    (day,) = re.findall(
        rf"^## {tag[1:]} - (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    sums = []
    with tempfile.TemporaryDirectory() as place:
        clone = Path(place) / "clone"
        _git("clone", "--quiet", "--no-hardlinks", ROOT, clone)
        _git("-C", clone, "checkout", "--quiet", "-B", "main")
        os.environ["GIT_COMMITTER_DATE"] = f"{day}T12:00:00Z"  # the tag's
        _git("-C", clone, "tag", "--force", "--annotate", "--message", tag, tag)
        for event, ref in (("push", tag), ("workflow_dispatch", "main")):
            print(f"\n==== {event} of {ref}")
            run = Run(Path(place) / event, clone, facts_of(event, ref))
            run.folder.mkdir()
            for name, job, matrix in _runs(told):
                run.execute(name, job, matrix)
            artifacts = run.folder / "artifacts"
            if wrong := list(
                faults_in(artifacts / "dist", (artifacts / "notes/notes.md").read_text(), ref)
            ):
                raise SystemExit(", ".join(wrong))
            sums.append((artifacts / "dist" / "SHA256SUMS").read_text())
            publishing = sum(is_true(job["if"], run.facts) for job in told.values() if "if" in job)
            if len(run.notices) != publishing:
                raise SystemExit(
                    f"{publishing} places to publish at, but {len(run.notices)} notices"
                )
    if sums[0] != sums[1]:
        raise SystemExit(f"Two builds differ:\n{sums[0]}{sums[1]}")
    print(f"\nEach step worked or was skipped. Both builds are the same:\n{sums[0]}", end="")


if __name__ == "__main__":
    main()
