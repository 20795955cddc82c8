import json
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from bot.cli.articles import match
from bot.cli.output import MINUS_IS_NO_OPTION
from bot.matching.query import QueryError, QueryErrorCode
from bot.rendering.environment import make_environment
from bot.sources.drafts import url_hash
from storage.articles import Article
from storage.db.engine import Storage
from tests.cli.conftest import with_storage_at
from tests.matching.stored import stored_article, stored_source

pytestmark = pytest.mark.slow

TEXT = "Envoy flies to Taiwan\n\n2025-11-17\n\nThe consul-general spoke at length on Monday. {}\n"
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title>
<link>https://wire.example/</link><description>News</description>
<item><title>Taiwan talks</title><link>https://wire.example/1</link><guid>1</guid>
<description>An envoy flew in.</description></item>
<item><title>Weather</title><link>https://wire.example/2</link><guid>2</guid>
<description>Rain, says Taiwan.</description></item>
<item><title>Sports</title><link>https://wire.example/3</link><guid>3</guid>
<description>Nothing.</description></item></channel></rss>"""


@pytest.fixture
def article(tmp_path: Path) -> str:
    path = tmp_path / "article.txt"
    path.write_text(TEXT.format("Nothing else was said about it that day, they said."))
    return str(path)


@pytest.fixture
def feed(tmp_path: Path) -> str:
    path = tmp_path / "feed.xml"
    path.write_text(FEED)
    return str(path)


def ask(*arguments: str) -> Result:
    app = typer.Typer()
    app.command(context_settings=MINUS_IS_NO_OPTION)(match)
    return CliRunner().invoke(app, arguments)


def test_a_match_names_the_places_of_its_words(article: str):
    found = ask('Taiwan OR "consul general"', article, "--json")

    assert found.exit_code == 0
    line = json.loads(found.stdout)
    assert (line["path"], line["title"], line["url"]) == (article, "Envoy flies to Taiwan", "")
    assert line["where"] == [
        {"field": "title", "start": 15, "end": 21, "words": ["taiwan"]},
        {"field": "text", "start": 4, "end": 18, "words": ["consul general"]},
    ]


def test_each_entry_of_a_feed_is_an_article(feed: str):
    found = ask("taiwan", feed, "--json")

    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert [(line["title"], line["where"][0]["field"]) for line in lines] == [
        ("Taiwan talks", "title"),
        ("Weather", "text"),
    ]
    assert lines[0]["url"] == "https://wire.example/1"


def test_the_terminal_shows_the_title_and_the_sentence(feed: str):
    found = ask("taiwan", feed)

    assert found.stdout.splitlines() == [
        f"{feed}: Taiwan talks",
        f"{feed}: Weather",
        "  Rain, says Taiwan.",
    ]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param("taiwan", 0, id="a match"),
        pytest.param("nowhere", 1, id="no match"),
        pytest.param("-nowhere taiwan", 0, id="a query that begins with a minus"),
        pytest.param("-taiwan consul", 1, id="such a query that does not match"),
        pytest.param("-j taiwan", 0, id="one that looks like a short option"),
        pytest.param("taiwan OR (", 2, id="a bad query"),
        pytest.param("-taiwan", 2, id="a bad query that begins with a minus"),
    ],
)
def test_the_exit_code_is_the_answer(article: str, query: str, code: int):
    assert ask(query, article).exit_code == code
    assert ask("--json", "--", query, article).exit_code == code


def test_a_bad_query_gets_a_caret(article: str):
    found = ask("Taiwan OR (consul", article)

    assert found.stdout == ""
    assert found.stderr.splitlines() == [
        "Taiwan OR (consul",
        "          ^ This bracket is never closed. Write ) where it ends, or leave it out.",
        "Try: Taiwan OR consul",
    ]


def test_an_explanation_says_how_the_query_is_read_and_what_is_missing(feed: str):
    found = ask('taiwan (envoy OR "prime minister")', feed, "--explain")

    assert found.exit_code == 0
    assert found.stdout.splitlines() == [
        '("prime minister" OR envoy) taiwan',
        "all of these:",
        "  any of these:",
        "    the words “prime minister” in a row",
        "    the word envoy",
        "  the word taiwan",
        f"{feed}: Taiwan talks",
        "  matches: it has envoy, taiwan",
        "  An envoy flew in.",
        f"{feed}: Weather",
        '  no match: it has taiwan, but this part fails: "prime minister"',
        f"{feed}: Sports",
        '  no match: these parts fail: "prime minister", taiwan',
    ]


def test_an_explanation_for_programs_has_what_is_missing(feed: str):
    found = ask("taiwan envoy", feed, "--explain", "--json")

    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert [(line["match"], line["missing"]) for line in lines] == [
        (True, []),
        (False, ["envoy"]),
        (False, ["envoy", "taiwan"]),
    ]


def test_the_source_is_read_from_the_file(feed: str):
    assert ask("taiwan source:wire.example", feed).exit_code == 0
    assert ask("taiwan source:Wire", feed).exit_code == 0
    assert ask("taiwan source:other.example", feed).exit_code == 1


def test_an_unreadable_path_is_reported_and_the_others_are_read(article: str):
    found = ask("taiwan", "/nowhere/at/all", article, "--json")

    assert found.exit_code == 2
    assert found.stderr.startswith("/nowhere/at/all: ")
    assert json.loads(found.stdout)["path"] == article


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(bytes(range(256)) * 9, "binary", id="binary"),
        pytest.param(None, "folder", id="a folder"),
    ],
)
def test_an_unreadable_file_is_reported_on_stderr_only(
    tmp_path: Path, content: bytes | None, reason: str
):
    path = tmp_path / "odd"
    path.mkdir() if content is None else path.write_bytes(content)

    found = ask("taiwan", str(path), "--json")

    assert (found.exit_code, found.stdout) == (2, "")
    assert reason in found.stderr


def test_a_dash_is_standard_input():
    app = typer.Typer()
    app.command(context_settings=MINUS_IS_NO_OPTION)(match)

    found = CliRunner().invoke(app, ["taiwan", "-", "--json"], input=TEXT.format("Rain fell."))

    assert (found.exit_code, json.loads(found.stdout)["path"]) == (0, "-")


@pytest.mark.parametrize("code", list(QueryErrorCode))
def test_every_query_error_has_one_sentence(code: QueryErrorCode):
    template = make_environment().get_template("queries/error.txt")

    sentence = unescape(template.render(error=QueryError(code, "the OR", 4, 2))).strip()

    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_libraries_of_other_packages_are_not_loaded(article: str):
    program = (
        "import sys; from bot.cli.articles import match;"
        "match(sys.argv[1], sys.argv[2:], as_json=True);"
        "print(sorted({'aiogram', 'sqlalchemy', 'sqlmodel', 'pydantic'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, "taiwan", article],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "[]"


# Stored articles

FERRY = "https://wire.example/ferry"


@pytest.fixture
def ask_stored(dateline_on, database_url):
    """Return a runner of the command, for a database with one article, whose id is 1."""

    async def store(storage: Storage) -> int:
        source = await stored_source(storage, "Harbour Times")
        text = "The captain was detained. Rain fell on the port of Ghent."
        stored = await stored_article(storage, "Ferry late", text, source_id=source, language="en")
        async with storage.writing() as tx:
            article = await tx.get_one(Article, stored)
            article.url, article.url_hash = FERRY, url_hash(FERRY)
        return stored

    assert with_storage_at(database_url, store) == 1
    return lambda *arguments: dateline_on(database_url)("match", *arguments)


@pytest.mark.parametrize("named", ["1", FERRY, f"{FERRY}?utm_source=x"])
def test_a_stored_article_tells_by_which_words_it_matches(ask_stored, named):
    found = ask_stored("ferry ghent", "--stored", named)

    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines() == [
        f"{named}: Ferry late",
        "  matches: it has ferry, ghent",
        "  Rain fell on the port of Ghent.",
    ]


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        pytest.param("ferry storm", ["storm"], id="a word"),
        pytest.param("title:ghent ferry", ["title:ghent"], id="a word of the title"),
        pytest.param("ferry source:bbc.co.uk", ["source:bbc.co.uk"], id="a source"),
        pytest.param("ferry lang:nl", ["lang:nl"], id="a language"),
        pytest.param("ferry -captain", ["-captain"], id="an excluded word"),
        pytest.param("ferry lang:en source:wire.example", [], id="nothing"),
        pytest.param('source:"Harbour Times" ferry', [], id="nothing of a source's name"),
        pytest.param("FERRY NEAR/2 late", [], id="nothing of two near words"),
    ],
)
def test_a_stored_article_tells_what_it_lacks(ask_stored, query, missing):
    found = ask_stored(query, "--stored", "1", "--json")

    line = json.loads(found.stdout)
    assert (line["match"], line["missing"]) == (not missing, missing)
    assert (line["path"], line["title"], line["url"]) == ("1", "Ferry late", FERRY)
    assert found.exit_code == (1 if missing else 0)
    assert bool(line["where"]) == (not missing)


@pytest.mark.parametrize(
    "named", ["2", "0", "9" * 40, "https://wire.example/other", "nonsense", ""]
)
def test_an_article_that_is_not_stored_is_named(ask_stored, named):
    found = ask_stored("ferry", "--stored", named, "--stored", "1")

    assert found.exit_code == 2
    assert found.stderr.startswith(f"There is no article {named} in ")
    assert "1: Ferry late" in found.stdout


def test_a_stored_article_is_explained_with_the_query_that_begins_with_a_minus(ask_stored):
    found = ask_stored("-storm ferry", "--stored", "1", "--explain")

    assert found.exit_code == 0
    assert "all of these:" in found.stdout


def test_stored_articles_and_files_are_not_mixed(ask_stored):
    for options in ((), ("file.txt", "--stored", "1")):
        refused = ask_stored("ferry", *options)

        assert refused.exit_code == 2
        assert "Name what to read: files and addresses, or stored articles" in refused.output
