"""Checks that a version is ready to be released, and prints its notes. Needs Python alone.

`python deploy/release.py check v1.2.0` fails with a sentence unless the tag is that of the version
in `pyproject.toml`, and `CHANGELOG.md` has a dated section for it below an empty *Unreleased*.
Without a tag, only the changelog is checked. `python deploy/release.py notes` prints the section.
"""

import re
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
    """Raise NotReadyError if the tree in *root* is not ready; *tag* may be empty."""
    version = version_in(root)
    if tag and tag != f"v{version}":
        raise NotReadyError(f"The tag is {tag}, but pyproject.toml has version {version}.")
    if not notes(root):
        raise NotReadyError(f"The section {version} of CHANGELOG.md is empty.")


def notes(root: Path) -> str:
    """Return the section of the version in CHANGELOG.md; raise NotReadyError if it is wrong."""
    version = version_in(root)
    found = list(_SECTION.finditer((root / "CHANGELOG.md").read_text(encoding="utf-8")))
    if [section["name"] for section in found[:2]] != ["Unreleased", version]:
        raise NotReadyError(f"CHANGELOG.md must begin with Unreleased, and {version} below it.")
    unreleased, released = found[:2]
    if unreleased["text"].strip():
        raise NotReadyError(f"Move the entries of Unreleased in CHANGELOG.md to {version}.")
    try:
        date.fromisoformat(released["day"] or "")
    except ValueError:
        sentence = f"Write the heading in CHANGELOG.md as: ## {version} - YYYY-MM-DD"
        raise NotReadyError(sentence) from None
    return released["text"].strip()


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["check", *tag] if len(tag) <= 1:
                check(ROOT, *tag)
                print(f"Version {version_in(ROOT)} is ready.")
            case ["notes"]:
                print(notes(ROOT))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except NotReadyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
