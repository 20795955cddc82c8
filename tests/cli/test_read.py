import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.cli.articles import read

TEXT = "Ferry late\n\n2 mars 2026\n\nThe ferry was late because of the fog. END [Copyright HP]\n\nX"
FEED = (
    "<rss version='2.0'><channel><title>N</title><item><title>Fog</title><link>/fog</link>"
    "<guid>g</guid><pubDate>Mon, 02 Mar 2026 12:00:00 GMT</pubDate></item></channel></rss>"
)


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(read)

    def invoke(*arguments: str, stdin: str | None = None):
        return CliRunner().invoke(app, list(map(str, arguments)), input=stdin)

    return invoke


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "article.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "feed").write_text(FEED, encoding="utf-8")
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n")
    return tmp_path


def test_json_lines_keep_the_order_of_the_paths_with_errors_among_them(run, folder: Path):
    places = [folder / name for name in ("feed", "picture", "nowhere", "article.txt")]

    result = run("--json", "--base-url", "https://ex.org/", *places)

    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 2
    assert [line["path"] for line in lines] == list(map(str, places))
    assert ["error" in line for line in lines] == [False, True, True, False]
    assert lines[0] == {
        "path": str(places[0]),
        "kind": "feed",
        "title": "Fog",
        "url": "https://ex.org/fog",
        "published": "2026-03-02T12:00:00+00:00",
        "language": "",
        "summary": "",
        "text": "",
        "guid": "g",
    }
    assert (lines[3]["kind"], lines[3]["published"]) == ("text", "2026-03-02")
    assert lines[3]["text"] == "The ferry was late because of the fog."


def test_an_article_is_shown_for_a_terminal(run, folder: Path):
    result = run(folder / "article.txt")

    assert result.exit_code == 0
    assert "Ferry late" in result.stdout
    assert "2026-03-02" in result.stdout


def test_a_dash_is_standard_input(run):
    result = run("--json", "-", stdin=TEXT)

    assert json.loads(result.stdout)["title"] == "Ferry late"


def test_a_folder_is_refused_in_a_sentence(run, folder: Path):
    result = run("--json", folder)

    assert result.exit_code == 2
    assert "folder" in json.loads(result.stdout)["error"]


def test_a_private_address_is_refused(run):
    result = run("--json", "http://127.0.0.1/feed")

    assert result.exit_code == 2
    assert "public" in json.loads(result.stdout)["error"]


def test_the_command_needs_neither_the_chat_nor_the_database(folder: Path):
    script = (
        "import sys\nfrom bot.cli.articles import read\n"
        f"read([{str(folder / 'article.txt')!r}], as_json=True)\n"
        "assert not {'aiogram', 'sqlalchemy', 'dateparser', 'trafilatura'} & set(sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)

    assert b"Ferry late" in done.stdout
