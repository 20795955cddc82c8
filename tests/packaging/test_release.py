"""What must be true of a version before it is released."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.release import NotReadyError, check, notes, version_in
from tests.packaging.conftest import ROOT

READY = """# Changelog

## Unreleased

## 1.2.0 - 2026-12-03

- News.

## 1.1.0 - 2026-01-01
- Old.
"""


def tree(folder: Path, changelog: str = READY) -> Path:
    (folder / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n', encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    return folder


@pytest.mark.parametrize("tag", ["", "v1.2.0"])
def test_a_dated_section_below_an_empty_one_is_ready(tmp_path, tag):
    root = tree(tmp_path)

    check(root, tag)

    assert notes(root) == "- News."


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
