"""Writes every snapshot: `python -m tests.snapshots`; `git diff` shows the changes."""

from tests.snapshots.looks import FOLDER, kept, looks

known = looks()
for name in kept() - known.keys():
    (FOLDER / name).unlink()
for name, text in known.items():
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
