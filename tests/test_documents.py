"""The documents name what there is, and nothing that is not."""

import re
import tomllib
from collections.abc import Iterator
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest
from typer.main import get_command

from bot.chat.commands import CHAT_COMMANDS
from bot.chat.permissions import Permission
from bot.cli.main import app
from bot.matching.query import QueryError, parse
from bot.matching.query.canonical import shown
from bot.settings import Settings
from tests.checklists import checklist

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
REFERENCE = ROOT / "docs" / "reference"
QUERIES = (REFERENCE / "queries.md", ROOT / "docs" / "how-to" / "japanese-and-english.md")
LARGEST_PICTURE = 150_000
LONGEST_CELL = 300
# What is no query by itself.
IN_COMPANY = {"lang:ja"}
# A topic of the reader's own, as `#chips` means one.
SAVED = {"chips": "semiconductor*"}


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def rows_of(text: str) -> Iterator[list[str]]:
    """Yield the cells of each row of each table, without its head; `\\|` is no border."""
    lines = text.splitlines()
    for line, after in pairwise([*lines, ""]):
        if line.startswith("| ") and not after.startswith("|--"):
            cells = re.split(r"(?<!\\)\|", line.strip("|"))
            yield [cell.strip().replace("\\|", "|") for cell in cells]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def named_by(path: Path, column: int = 0) -> set[str]:
    return {code for row in rows_of(text_of(path)) for code in codes(row[column])}


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
def test_the_reference_names_every_setting_with_its_default(name: str):
    example = re.search(rf"^{name}=(.*)$", text_of(ROOT / ".env.example"), re.MULTILINE)
    rows = [row for row in rows_of(text_of(REFERENCE / "settings.md")) if row[0] == f"`{name}`"]

    assert example, checklist("a setting")
    assert len(rows) == 1, checklist("a setting")
    (row,) = rows
    assert row[2] == (f"`{example[1]}`" if example[1] else "none")


def test_the_reference_names_no_setting_that_is_not_there():
    named = {code for code in named_by(REFERENCE / "settings.md") if code.isupper()}

    assert named == {name.upper() for name in Settings.model_fields}


def test_the_reference_names_every_command_of_the_chat_and_who_may_use_it():
    said: dict[str, Permission] = {}
    for row in rows_of(text_of(REFERENCE / "commands.md")):
        for code in codes(row[0]):
            if code.startswith("/"):
                name = code.removeprefix("/").split()[0]
                said.setdefault(
                    name, Permission[row[2].upper()] if row[2:] else Permission.BOT_ADMINS
                )

    there_are = {row.name: row.permission for row in CHAT_COMMANDS}
    assert said == there_are, checklist("a command of the chat")


def test_the_reference_names_every_command_line_with_its_options():
    rows = [row for row in rows_of(text_of(REFERENCE / "commands.md")) if "dateline" in row[0]]
    named = [(code, row) for row in rows for code in codes(row[0])]

    missing = []
    for words, options in command_lines(get_command(app), "dateline"):
        # A command with many options has several rows.
        found = [row[1] for code, row in named if f"{code} ".startswith(f"{words} ")]
        if not found or any(f"`{option}" not in " ".join(found) for option in options):
            missing.append(words)
    assert missing == [], checklist("a command of the command line")


def command_lines(command: object, words: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command that does something, with its options."""
    inner = getattr(command, "commands", {})
    options = [
        name
        for option in getattr(command, "params", ())
        for name in option.opts
        if name.startswith("--") and name not in {"--help", "--install-completion"}
    ]
    if not inner or getattr(command, "invoke_without_command", False):
        yield words, options
    for name, one in inner.items():
        yield from command_lines(one, f"{words} {name}")


def links_of(text: str) -> list[str]:
    """Return the links and pictures that stand outside of code."""
    prose = re.sub(r"`[^`]*`", "", text)
    return re.findall(r"\]\((?!https?://)([^)]+)\)", prose) + re.findall(r' src="([^"]+)"', prose)


def anchors_of(text: str) -> set[str]:
    """Return the anchors that a page of GitHub gives its headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_table_can_be_read(document: Path):
    cells = [cell for row in rows_of(text_of(document)) for cell in row]

    assert [cell for cell in cells if len(cell) > LONGEST_CELL] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path):
    broken = []
    for link in links_of(text_of(document)):
        place, _, anchor = link.partition("#")
        target = document.parent / place if place else document
        if not target.exists() or (anchor and anchor not in anchors_of(text_of(target))):
            broken.append(link)

    assert broken == []


def test_the_table_of_contents_names_every_document():
    contents = ROOT / "docs" / "README.md"
    named = {(contents.parent / link).resolve() for link in links_of(text_of(contents))}

    documents = {path for path in DOCUMENTS if path.is_relative_to(contents.parent)}
    decisions = {path for path in documents if path.parent.name == "adr"}
    assert documents - decisions - {contents} <= named, checklist("a page of the documentation")


def test_every_picture_is_small_and_shown_somewhere():
    shown = {
        (document.parent / link).resolve()
        for document in DOCUMENTS
        for link in links_of(text_of(document))
    }
    pictures = sorted((ROOT / "docs" / "images").iterdir())

    assert [path.name for path in pictures if path.stat().st_size > LARGEST_PICTURE] == []
    assert [path.name for path in pictures if path.resolve() not in shown] == []


def examples() -> Iterator[tuple[str, bool]]:
    """Yield each example of a query, and whether the text says that it is refused."""
    for path in QUERIES:
        for section in re.split(r"^## ", text_of(path), flags=re.MULTILINE):
            tables = "\n".join(line for line in section.splitlines() if line.startswith("|"))
            if "| write |" in tables:
                is_refused = section.startswith("What is refused")
                for row in rows_of(tables):
                    yield from ((unescape(code), is_refused) for code in codes(row[0]))
            blocks = re.findall(r"^    (?!dateline)(.+)$", section, flags=re.MULTILINE)
            yield from ((block, False) for block in blocks)


@pytest.mark.parametrize(("typed", "is_refused"), [*examples()])
def test_each_example_of_a_query_is_taken_as_the_text_says(typed: str, is_refused: bool):
    if is_refused:
        with pytest.raises(QueryError):
            parse(typed, SAVED)
    else:
        assert shown(parse(f"news {typed}" if typed in IN_COMPANY else typed, SAVED))


def typed_in(text: str) -> list[str]:
    """Return the command lines of ours that a document shows."""
    shown = codes(text) + re.findall(r"^    (?:\S+/)?(dateline .+)$", text, flags=re.MULTILINE)
    return [line for line in shown if line.startswith("dateline ")]


def is_a_command(line: str) -> bool:
    """Follow the words of *line* from command to command; its options must be the last one's."""
    command: object = get_command(app)
    for before, word in pairwise(line.split()):
        inner = getattr(command, "commands", {})
        if word.startswith("--"):
            options = {name for one in getattr(command, "params", ()) for name in one.opts}
            if word.strip(",") not in options:
                return False
        elif word in inner:
            command = inner[word]
        elif inner and word.isalpha() and not before.startswith("--"):
            return False
    return True


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_line_that_is_shown_can_be_typed(document: Path):
    shown = typed_in(text_of(document))

    assert [line for line in shown if not is_a_command(line)] == []


def test_each_package_that_is_asked_for_is_accounted_for_and_no_other():
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    asked = [re.match(r"[\w.-]+", one) for one in project["dependencies"]]
    rows = [row for row in rows_of(text_of(ROOT / "docs/explanation/dependencies.md")) if row]

    assert [row[0] for row in rows] == [f"`{name[0]}`" for name in asked if name]
    assert all(len(row) == 5 and all(row) for row in rows)
