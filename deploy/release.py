"""Checks that a version is ready to be released, and prints its notes. Needs Python and git alone.

`python deploy/release.py check` fails with a sentence unless all is committed, and `CHANGELOG.md`
has a dated section for the version in `pyproject.toml` below an empty *Unreleased*. With a tag,
`check v1.2.0`, the tag must also be that of the version, at this commit and of the day in
`CHANGELOG.md`. `python deploy/release.py notes` prints the section; with an address, its links to
files of the project begin with that.
"""

import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
_SECTION = re.compile(
    r"^## (?P<name>\S+)(?: - (?P<day>\S+))?\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
)


class NotReadyError(Exception):
    """The sentence says what to do before the release."""


def version_in(root: Path) -> str:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def check(root: Path, tag: str = "") -> None:
    """Raise NotReadyError if the clone in *root* is not ready; *tag* may be empty."""
    version = version_in(root)
    if tag and tag != f"v{version}":
        raise NotReadyError(f"The tag is {tag}, but pyproject.toml has version {version}.")
    day, text = _section(root)
    if not text:
        raise NotReadyError(f"The section {version} of CHANGELOG.md is empty.")
    if changed := _git(root, "status", "--porcelain"):
        raise NotReadyError(f"Commit these files, or remove them:\n{changed}")
    tagged = _git(root, "for-each-ref", "--format=%(creatordate:short)", f"refs/tags/v{version}")
    if tag and not tagged:
        raise NotReadyError(f"There is no tag {tag} here: git tag --sign {tag}")
    if tagged:
        _check_tag(root, f"v{version}", day, date.fromisoformat(tagged))


def _check_tag(root: Path, tag: str, day: date, tagged: date) -> None:
    there, here = (_git(root, "rev-parse", f"{name}^{{commit}}") for name in (tag, "HEAD"))
    if there != here:
        raise NotReadyError(
            f"The tag {tag} is at {there[:10]}, and this commit is {here[:10]}. "
            "If that version is out, raise the one in pyproject.toml."
        )
    if tagged != day:
        raise NotReadyError(
            f"The tag {tag} is of {tagged}, but CHANGELOG.md says {day}. "
            "Correct the date, commit it, and make the tag again."
        )


def _git(root: Path, *arguments: str) -> str:
    """Return what git prints; raise NotReadyError if *root* is no clone."""
    line = ["git", "-C", str(root), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise NotReadyError(f"A release is made from a clone: {done.stderr.strip()}")
    return done.stdout.strip()


def notes(root: Path, base: str = "") -> str:
    """Return the section of the version in CHANGELOG.md; raise NotReadyError if it is wrong.

    Its links are relative to the root of the project, which a release page is not: *base* is put
    before each, unless it is empty.
    """
    text = _section(root)[1]
    return re.sub(r"\]\((?!\w+:|#)", f"]({base}/", text) if base else text


def _section(root: Path) -> tuple[date, str]:
    version = version_in(root)
    found = list(_SECTION.finditer((root / "CHANGELOG.md").read_text(encoding="utf-8")))
    if [section["name"] for section in found[:2]] != ["Unreleased", version]:
        raise NotReadyError(f"CHANGELOG.md must begin with Unreleased, and {version} below it.")
    unreleased, released = found[:2]
    if unreleased["text"].strip():
        raise NotReadyError(f"Move the entries of Unreleased in CHANGELOG.md to {version}.")
    try:
        day = date.fromisoformat(released["day"] or "")
    except ValueError:
        sentence = f"Write the heading in CHANGELOG.md as: ## {version} - YYYY-MM-DD"
        raise NotReadyError(sentence) from None
    return day, released["text"].strip()


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["check", *tag] if len(tag) <= 1:
                check(ROOT, *tag)
                print(f"Version {version_in(ROOT)} of {_section(ROOT)[0]} is ready.")
            case ["notes", *base] if len(base) <= 1:
                print(notes(ROOT, *base))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except NotReadyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
