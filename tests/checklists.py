"""The checklists of CONTRIBUTING.md, by name, for the sentence with which a test fails."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def checklists() -> dict[str, tuple[int, str]]:
    """Return the number of files and the text of each checklist, such as "a setting"."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    part = text.partition("## To add …")[2].partition("\n## ")[0]
    found = re.findall(
        r"^\*\*(.+?)\*\*[^(\n]*\((\d+)\)(.+?)(?=\n\n|\Z)", part, re.MULTILINE | re.DOTALL
    )
    return {name: (int(files), steps) for name, files, steps in found}


def checklist(name: str) -> str:
    """Return what a contributor reads if a test finds that a step was left out."""
    _, steps = checklists()[name]
    return f"CONTRIBUTING.md has a checklist for {name}: {' '.join(steps.split())}"
