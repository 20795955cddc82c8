"""The conditions that a version must meet before it is released."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.release import NotReadyError, check, notes, version_in
from tests.packaging.conftest import ROOT
from tests.packaging.try_release import Run, facts_of, filled, is_true, jobs

READY = """# Changelog

## Unreleased

## 1.2.0 - 2026-12-03

- News.

## 1.1.0 - 2026-01-01
- Old.
"""


def git(root: Path, *arguments: str, day: str = "2026-12-03") -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    when = {"GIT_COMMITTER_DATE": f"{day}T12:00:00+09:00", "GIT_CONFIG_GLOBAL": os.devnull}
    line = ["git", "-C", str(root), *who, *arguments]
    subprocess.run(line, check=True, capture_output=True, env=os.environ | when)


def tree(folder: Path, changelog: str = READY) -> Path:
    """Return a clone with one commit."""
    (folder / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n', encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--message", "First")
    return folder


def tagged(folder: Path, name: str = "v1.2.0", day: str = "2026-12-03") -> Path:
    root = tree(folder)
    git(root, "tag", "--annotate", "--message", name, name, day=day)
    return root


def test_a_dated_section_below_an_empty_one_is_ready_for_its_tag(tmp_path):
    root = tree(tmp_path)

    check(root)

    assert notes(root) == "- News."


def test_links_of_the_notes_lead_to_the_files_of_the_release(tmp_path):
    line = "- [Queries](docs/queries.md#or), [this](#up), [form](https://example.org/)."
    root = tree(tmp_path, READY.replace("- News.", line))

    assert notes(root) == line
    assert notes(root, "https://forge.example/v1").startswith(
        "- [Queries](https://forge.example/v1/docs/queries.md#or), [this](#up), [form](https://ex"
    )


@pytest.mark.parametrize("tag", ["", "v1.2.0"])
def test_a_tag_of_this_commit_and_day_is_ready(tmp_path, tag):
    check(tagged(tmp_path), tag)


@pytest.mark.parametrize(
    ("changelog", "sentence"),
    [
        pytest.param(READY.replace("1.2.0", "1.3.0"), "1.2.0 below it", id="no section"),
        pytest.param(READY.replace("## Unreleased\n", ""), "begin with Unreleased", id="no place"),
        pytest.param(READY.replace(" - 2026-12-03", ""), "1.2.0 - YYYY-MM-DD", id="no date"),
        pytest.param(READY.replace("12-03", "13-03"), "1.2.0 - YYYY-MM-DD", id="no such day"),
        pytest.param(READY.replace("- News.", ""), "is empty", id="no entries"),
        pytest.param(
            READY.replace("Unreleased\n", "Unreleased\n- More.\n"),
            "Move the entries",
            id="left over",
        ),
    ],
)
def test_a_changelog_that_is_not_ready_says_what_to_do(tmp_path, changelog, sentence):
    with pytest.raises(NotReadyError, match=sentence):
        check(tree(tmp_path, changelog))


def test_another_tag_is_refused(tmp_path):
    with pytest.raises(NotReadyError, match=r"tag is v1\.2, but .* version 1\.2\.0"):
        check(tree(tmp_path), "v1.2")


def test_a_tag_that_is_not_there_is_refused_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(NotReadyError, match=r"no tag v1\.2\.0 here: git tag --sign v1\.2\.0"):
        check(tree(tmp_path), "v1.2.0")


@pytest.mark.parametrize("tag", ["", "v1.2.0"])
def test_a_version_that_is_tagged_elsewhere_is_refused(tmp_path, tag):
    root = tagged(tmp_path)
    git(root, "commit", "--allow-empty", "--message", "Second")

    with pytest.raises(NotReadyError, match=r"tag v1\.2\.0 is at \w{10}.* raise the one"):
        check(root, tag)


def test_a_tag_of_another_day_than_the_changelog_is_refused(tmp_path):
    with pytest.raises(NotReadyError, match=r"is of 2026-12-04, but CHANGELOG\.md says 2026-12-03"):
        check(tagged(tmp_path, day="2026-12-04"), "v1.2.0")


@pytest.mark.parametrize("name", ["pyproject.toml", "new.py"])
def test_a_file_that_is_not_committed_is_named(tmp_path, name):
    root = tree(tmp_path)
    with (root / name).open("a") as file:
        file.write("# changed\n")

    with pytest.raises(NotReadyError, match=rf"(?s)Commit these files.*{name}"):
        check(root)


def test_a_folder_without_git_is_refused(tmp_path, monkeypatch):
    root = tree(tmp_path)
    (root / ".git").rename(root / "gone")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    with pytest.raises(NotReadyError, match="made from a clone"):
        check(root)


def made(target: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--silent", f"PYTHON={sys.executable}", target, *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_changelog_of_this_version_begins_its_release_notes():
    assert f"\n## {version_in(ROOT)} - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "deploy/release.py notes" in made("--dry-run", "release-notes").stdout


def test_the_target_refuses_another_tag():
    done = made("release-check", "TAG=v0.0.1")

    assert done.returncode != 0
    assert "The tag is v0.0.1" in done.stderr


PUBLISHING = [name for name, job in jobs().items() if "if" in job]


@pytest.fixture
def run(tmp_path) -> Run:
    """Return the run of a pushed tag whose wheel and notes are built."""
    for name, file in (("dist", "SHA256SUMS"), ("notes", "notes.md")):
        artifact = tmp_path / "artifacts" / name
        artifact.mkdir(parents=True)
        (artifact / file).touch()
    return Run(tmp_path, tmp_path, facts_of("push", "v1.2.0"))


@pytest.mark.parametrize("name", PUBLISHING)
def test_a_place_without_an_account_is_skipped_with_one_notice(run, name):
    run.execute(name, jobs()[name], {})

    (notice,) = run.notices
    assert re.match(r"(No|Nothing) .+\. .+\.", notice)


@pytest.mark.parametrize("name", PUBLISHING)
def test_nothing_is_published_by_hand(tmp_path, name):
    run = Run(tmp_path, tmp_path, facts_of("workflow_dispatch", "main"))

    run.execute(name, jobs()[name], {})

    assert run.notices == []
    assert list(tmp_path.iterdir()) == []


def test_a_private_repository_is_not_attested(run):
    run.facts["github.event.repository.private"] = True

    run.execute("provenance", jobs()["provenance"], {})

    assert run.notices == ["No attestation is made, because the repository is private."]


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        pytest.param("package", {"vars.PUBLISH_PACKAGE": "yes"}, id="package index"),
        pytest.param("registry", {"vars.PUBLISH_IMAGE": "yes"}, id="image registry"),
    ],
)
def test_a_place_that_is_set_up_is_published_at(name, facts):
    known = facts_of("push", "v1.2.0") | facts
    steps = [step for step in jobs()[name]["steps"] if is_true(step.get("if", "true"), known)]

    assert "::notice::" not in str(steps)
    assert "gh-action-pypi-publish" in str(steps) or "docker push" in str(steps)


@pytest.mark.parametrize(
    ("event", "tag"), [("push", "v1.2.0"), ("workflow_dispatch", "")], ids=["tag", "by hand"]
)
def test_the_tag_is_checked_where_there_is_one(event, tag):
    (step,) = (step for step in jobs()["build"]["steps"] if "TAG" in step.get("env", {}))

    assert filled(step["env"]["TAG"], facts_of(event, tag or "main")) == tag
