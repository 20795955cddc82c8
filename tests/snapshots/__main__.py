"""`python -m tests.snapshots`: writes every snapshot anew; `git diff` shows what has changed."""

from tests.snapshots.looks import FOLDER, looks

FOLDER.mkdir(exist_ok=True)
known = looks()
for path in FOLDER.iterdir():
    if path.name not in known:
        path.unlink()
for name, text in known.items():
    (FOLDER / name).write_text(text, encoding="utf-8")
