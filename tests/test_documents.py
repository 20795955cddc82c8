"""The documents name what there is, and nothing that is not."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from bot.cli.main import app
from bot.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
def test_the_readme_names_every_setting(name: str):
    assert f"`{name}`" in README


def test_the_readme_names_every_command():
    commands = get_command(app).commands  # type: ignore[attr-defined]

    assert [name for name in commands if f"`dateline {name}" not in README] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document: Path):
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", text) + re.findall(r' src="([^"]+)"', text)

    assert [link for link in links if not (document.parent / link).exists()] == []
