"""`dateline sources set`, `show` and `reseal`; and no secret in any file, output or log."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from bot.sources.credentials import AccessKind
from bot.sources.sealing import new_key
from storage.db.engine import Storage
from storage.schema import migrate
from storage.source_rules import SourceAccess
from storage.sources import add_source
from tests.cli.conftest import with_storage_at
from tests.rows import source_row
from tests.secrecy import forms_of
from tests.sources.polled import rows_of

FEED = "https://paper.example/feed.xml"
PASSWORD, COOKIE, HEADER, GATE = "pass/word-9Q", "sid=cookie/8Z+", "header/7Y+", "gate-6X+"
PLANTED = (PASSWORD, COOKIE, HEADER, GATE)


async def add_paper(storage: Storage) -> None:
    async with storage.writing() as tx:
        await add_source(tx, source_row(FEED, public=True, title="Paper"))


@pytest.fixture
def sources(dateline, sqlite_url, monkeypatch):
    """Return a runner of commands, in a folder whose database has one source."""
    monkeypatch.delenv("SECRETS_KEY", raising=False)

    with_storage_at(sqlite_url, add_paper)
    return lambda *arguments, **options: dateline("sources", *arguments, **options)


def key_files(url: str) -> list[Path]:
    return [*Path(url.partition(":///")[2]).parent.glob("*.secrets-key")]


def set_all(sources, tmp_path: Path):
    """Set every kind of secret; return the results of the commands."""
    for name, text in (("c", COOKIE), ("h", f"X-Key: {HEADER}"), ("p", PASSWORD)):
        (tmp_path / name).write_text(f"{text}\n")
    login = ("--login", "ann", "--password-file", tmp_path / "p")
    files = ("--cookie-file", tmp_path / "c", "--header-file", tmp_path / "h")
    gate = f"socks5://me:{GATE}@gate.example:1080"
    done = [
        sources("set", FEED, *login, *files, "--user-agent", "Mine/1"),
        sources("set", FEED, "--proxy-file", "-", stdin=gate),
    ]
    for name in "chp":
        (tmp_path / name).unlink()
    return done


def test_no_secret_is_in_any_file_or_output(dateline, sources, sqlite_url, tmp_path):
    results = set_all(sources, tmp_path)
    assert [result.exit_code for result in results] == [0, 0], results[0].output
    results += [
        sources("show", FEED),
        sources("show", FEED, "--json"),
        sources("list", "--json"),
        sources("list", "--opml"),
        sources("reseal"),
        dateline("backup", tmp_path / "d.backup"),
        dateline("export", tmp_path / "chats.jsonl"),
    ]

    assert {result.exit_code for result in results} == {0}
    folders = {tmp_path, Path(sqlite_url.partition(":///")[2]).parent}
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    contents = {str(path): path.read_bytes() for path in files}
    contents |= {f"output {n}": result.output.encode() for n, result in enumerate(results)}
    found = [
        (name, secret)
        for name, content in contents.items()
        for secret in PLANTED
        for form in forms_of(secret)
        if form in content
    ]
    assert found == []
    assert any("backup" in name for name in contents)


def test_logins_are_exported_only_on_demand_and_encrypted(dateline, sources, sqlite_url, tmp_path):
    set_all(sources, tmp_path)
    file = tmp_path / "chats.jsonl"

    plain = dateline("export", file)
    content = file.read_bytes()
    asked = dateline("export", file, "--secrets")
    sources("set", FEED, *(word for kind in AccessKind for word in ("--clear", kind.value)))
    loaded = dateline("import", file)
    for key in key_files(sqlite_url):
        key.unlink()
    sources("set", FEED, *(word for kind in AccessKind for word in ("--clear", kind.value)))
    locked = dateline("import", file)

    assert b"sealed" not in content
    assert b"Mine/1" in content
    assert "It has what is set for 1 source." in plain.output
    assert "encrypted" not in plain.output
    assert "Only a bot with the same SECRETS_KEY, or the same key file" in asked.output
    assert not any(form in file.read_bytes() for one in PLANTED for form in forms_of(one))
    assert loaded.stdout.endswith("sources: 1 set\n")
    assert locked.stdout.endswith("sources: 1 locked\n")
    assert "needs a key" in locked.stderr


def test_show_says_what_is_set(sources, tmp_path):
    set_all(sources, tmp_path)

    shown = sources("show", FEED).output
    as_json = json.loads(sources("show", FEED, "--json").output)

    assert "Login: is set" in shown
    assert "Headers: X-Key" in shown
    assert "User-agent: Mine/1" in shown
    assert "Proxy: socks5://gate.example:1080" in shown
    assert "Only sent to: https://paper.example:443" in shown
    assert as_json["set"] == ["login", "cookie", "headers", "user-agent", "proxy"]


def test_the_key_file_is_closed_and_no_part_of_a_backup(dateline, sources, sqlite_url, tmp_path):
    assert key_files(sqlite_url) == []
    set_all(sources, tmp_path)

    (file,) = key_files(sqlite_url)
    dateline("backup", tmp_path / "d.backup")

    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().strip() not in (tmp_path / "d.backup").read_bytes()


def test_a_lost_key_stops_nothing_and_the_doctor_says_so(dateline, sources, sqlite_url, tmp_path):
    set_all(sources, tmp_path)
    (file,) = key_files(sqlite_url)
    file.unlink()

    shown = sources("show", FEED)
    doctor = dateline("doctor", "--quick", "--json")
    sources("set", FEED, "--user-agent", "Again/1")

    assert shown.exit_code == 0
    assert "cannot be read" in shown.output
    assert "sources.login-unreadable" in doctor.output
    assert "User-agent: Again/1" in sources("show", FEED).output


def test_an_older_key_is_replaced(sources, sqlite_url, tmp_path, monkeypatch):
    old, new = new_key(), new_key()
    monkeypatch.setenv("SECRETS_KEY", old)
    set_all(sources, tmp_path)
    monkeypatch.setenv("SECRETS_KEY", f"{new},{old}")

    done = sources("reseal")
    monkeypatch.setenv("SECRETS_KEY", new)

    assert "Sealed 1 of 1" in done.output
    assert "Login: is set" in sources("show", FEED).output
    assert key_files(sqlite_url) == []


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        pytest.param((), None, "Say what to set", id="nothing"),
        pytest.param(("--cookie-file", "-"), "a=b\r\nX: y\r\n", "line break", id="line break"),
        pytest.param(("--header", "Host: x"), None, "belongs to the connection", id="Host"),
        pytest.param(
            ("--header-file", "-"),
            "".join(f"X-{number}: 1\n" for number in range(1_000)),
            "at most 20 headers",
            id="1,000 headers",
        ),
        pytest.param(("--drop-if", "author:<b>Ann</b>"), None, "is HTML", id="markup"),
        pytest.param(
            ("--proxy-file", "-"), "http://me:a/b@gate:1", "%2F stands for a slash", id="slash"
        ),
        pytest.param(("--login", "ann"), None, "where the password is", id="no password"),
        pytest.param(("--password-prompt",), None, "--login USER", id="no user"),
        pytest.param(("--proxy", "http://me:x@gate:1"), None, "--proxy-file", id="proxy login"),
        pytest.param(("--token-file", "missing"), None, "cannot be read", id="no file"),
        pytest.param(
            ("--token-file", "-", "--cookie-file", "-"), "x", "Only one", id="two from stdin"
        ),
    ],
)
def test_a_wrong_option_is_refused_with_a_sentence(sources, sqlite_url, arguments, stdin, sentence):
    result = sources("set", FEED, *arguments, stdin=stdin)

    assert result.exit_code == 2
    assert sentence in result.output
    assert with_storage_at(sqlite_url, lambda storage: rows_of(storage, SourceAccess)) == []


def test_a_secret_for_a_source_without_encryption_is_refused(sources):
    result = sources("set", "http://paper.example/feed", "--token-file", "-", stdin="x")

    assert result.exit_code == 2
    assert "https://" in result.output


@pytest.mark.parametrize("kind", AccessKind)
def test_each_kind_can_be_cleared(sources, tmp_path, kind):
    set_all(sources, tmp_path)

    cleared = sources("set", FEED, "--clear", kind)

    assert cleared.exit_code == 0
    assert not re.search(rf"(?im)^{kind}:", sources("show", FEED).output)


def test_a_source_that_is_not_ours_has_nothing_to_show(sources):
    asked = sources("show", "https://other.example/feed.xml")

    assert asked.exit_code == 2
    assert "https://other.example/feed.xml is not one of our sources." in asked.output


def test_a_source_without_a_login_is_read_as_everybody_reads_it(sources):
    asked = sources("show", FEED)

    assert asked.exit_code == 0
    assert "Nothing is set: the source is read as everybody reads it." in asked.output


def test_postgresql_needs_a_key_before_a_login_is_set(
    dateline_on, own_postgresql_url, tmp_path, monkeypatch
):
    monkeypatch.delenv("SECRETS_KEY", raising=False)
    asyncio.run(migrate(own_postgresql_url))
    with_storage_at(own_postgresql_url, add_paper)
    (tmp_path / "cookie").write_text(COOKIE)

    refused = dateline_on(own_postgresql_url)(
        "sources", "set", FEED, "--cookie-file", str(tmp_path / "cookie")
    )

    assert refused.exit_code == 2
    assert "Set SECRETS_KEY first: `openssl rand -base64 32` makes a key." in refused.output
