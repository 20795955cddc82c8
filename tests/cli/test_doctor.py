"""`dateline doctor` and `dateline health`."""

import asyncio
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from aiohttp import web
from typer.testing import CliRunner

from bot.app.stops import CONFIG
from bot.cli import operate as command
from bot.cli.main import app
from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning
from bot.ops.health import Health, Wait, make_web, serving
from bot.settings import WrongSettingError, load_settings
from storage.db.filelock import file_lock, lock_beside
from storage.schema import database_file
from tests.story.processes import free_port


@pytest.fixture
def free_ports(monkeypatch):
    """Ports other than the usual ones, which a bot of this machine may hold."""
    monkeypatch.setenv("WEB_PORT", "0")
    monkeypatch.setenv("PLAYGROUND_PORT", str(free_port()))


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run it in an empty folder; with *findings* nothing is really looked at."""

    def run(*options: str, findings: tuple[Finding, ...] = ()):
        monkeypatch.chdir(tmp_path)
        for name in ("BOT_TOKEN", "SMTP_HOST", "DATABASE_URL", "PUBLIC_URL"):
            if name != "DATABASE_URL" or "here" not in options:
                monkeypatch.delenv(name, raising=False)
        if findings:

            async def found(_settings, *, quick):
                del quick
                return findings

            monkeypatch.setattr(command, "_found", found)
        return CliRunner().invoke(app, ["doctor", *(one for one in options if one != "here")])

    return run


UNHEALTHY = unhealthy("spf.missing", "It does not say.", "Add a record.")
WARNING = warning("sources.none", "There are none.", "Add some.")
HEALTHY = healthy("ptr.agrees", "It agrees.")


def test_a_problem_is_printed_with_its_remedy_and_an_exit_code(run, tmp_path):
    (tmp_path / ".env").touch()

    result = run(findings=(UNHEALTHY, HEALTHY))

    assert result.exit_code == 1
    head = "Database: var/playground.sqlite3 (the playground's)"
    assert result.output.splitlines() == [
        f"{head}; settings: {tmp_path}/.env and the environment",
        "✗ spf  It does not say. Add a record. [spf.missing]",
        "✓ ptr  It agrees.",
        "",
        "1 healthy, 1 unhealthy.",
    ]


def test_a_warning_does_not_fail_the_command(run):
    assert run(findings=(WARNING, HEALTHY)).exit_code == 0


def test_a_line_of_json_holds_a_finding(run):
    result = run("--json", findings=(WARNING, UNHEALTHY))

    lines = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == 1
    assert lines[0] == {
        "code": "sources.none",
        "health": "warning",
        "sentence": "There are none.",
        "remedy": "Add some.",
    }


@pytest.mark.usefixtures("free_ports")
def test_a_quick_check_uses_no_network_and_leaves_no_files(run, tmp_path):
    result = run("--quick", "--json")

    codes = [json.loads(line)["code"] for line in result.output.splitlines()]
    assert result.exit_code == 0, result.output
    assert {"database.absent", "process.none", "zones.fresh", "settings.agree"} <= set(codes)
    assert not any(code.startswith(("check.", "smtp.", "pages.", "token.")) for code in codes)
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_use_is_checked_without_changes(run, monkeypatch, sqlite_url):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    file = database_file(sqlite_url)
    assert file
    before = file.read_bytes()

    result = run("--quick", "--json", "here")

    codes = {json.loads(line)["code"] for line in result.output.splitlines()}
    assert {"database.tables", "database.writable", "database.whole", "sources.none"} <= codes
    assert file.read_bytes() == before


def test_an_admin_who_opened_the_printed_link_is_notified_of_problems(run, monkeypatch, sqlite_url):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    file = database_file(sqlite_url)
    assert file
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO admin (user_id, since) VALUES (77, '2026-01-01')")
    connection.close()
    token = f"1:{'a' * 35}"

    settings = load_settings(bot_token=token, access="open")
    findings = asyncio.run(command._found(settings, quick=True))

    assert "settings.no-admins" not in [finding.code for finding in findings]


def test_wrong_settings_fail_the_command(run, monkeypatch):
    monkeypatch.setenv("WEB_PORT", "many")

    assert isinstance(run("--quick").exception, WrongSettingError)


def test_a_service_with_other_settings_is_not_mistaken_for_the_playground(
    run, monkeypatch, tmp_path
):
    monkeypatch.setattr("bot.settings.SERVICE_FOLDER", tmp_path)

    assert isinstance(run("--quick").exception, WrongSettingError)


def test_all_wrong_settings_are_found_before_the_first_start(run, monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("BOT_TOKEN=77secret\n\nADMIN_IDS=ann\n")
    monkeypatch.setenv("WEB_PORT", "many")

    result = run("--config", "--json")

    found = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == CONFIG
    assert [each["remedy"] for each in found] == [
        "Correct BOT_TOKEN (.env line 1).",
        "Correct WEB_PORT (environment).",
        "Correct ADMIN_IDS (.env line 3).",
    ]
    assert "77secret" not in result.output


@pytest.mark.usefixtures("free_ports")
def test_valid_settings_that_cannot_work_are_found_before_the_first_start(
    run, monkeypatch, tmp_path
):
    secret = tmp_path / "password"
    secret.write_text("x")
    secret.chmod(0o644)
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(secret))
    (tmp_path / ".env").write_text("IMAP_HOST=imap.example\nPUBLIC_URL=http://news.example\n")
    (tmp_path / ".env").chmod(0o600)

    result = run("--config", "--json")

    found = [json.loads(line) for line in result.output.splitlines()]
    bad = {(each["code"], each["health"]) for each in found if each["health"] != "healthy"}
    assert result.exit_code == CONFIG
    assert bad == {
        ("settings.mail-half", "unhealthy"),
        ("settings.no-https", "warning"),
        ("files.world-readable", "unhealthy"),
    }


def test_an_unreadable_secret_is_found_before_the_first_start(run, monkeypatch):
    monkeypatch.setenv("BOT_TOKEN_FILE", "/nowhere/token")

    result = run("--config", "--json")

    [found] = [json.loads(line) for line in result.output.splitlines()]
    assert found["code"] == "settings.wrong"
    assert "/nowhere/token: No such file" in found["sentence"]


def test_settings_are_shown_with_their_origins_and_without_secrets(run, monkeypatch, tmp_path):
    password = tmp_path / "password"
    password.write_text("hidden-1")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(password))
    monkeypatch.setenv("LOG_LEVEL", "warning")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "\nADMIN_IDS=7,5\nDATABASE_URL=postgresql://a:hidden-2@h/db?password=hidden-3\n"
        "SEARCH_FEEDS=https://s.example/?key=hidden-4&q={query}\n"
    )

    result = CliRunner().invoke(app, ["config", "show", "--json"])

    rows = {row["name"]: row for row in map(json.loads, result.output.splitlines())}
    shown = {name: (row["value"], row["origin"], row["place"]) for name, row in rows.items()}
    assert shown["SMTP_PASSWORD"] == ("…", "credential", str(password))
    assert shown["LOG_LEVEL"] == ("warning", "environment", "")
    assert shown["ADMIN_IDS"] == ("5,7", ".env", "line 2")
    assert shown["DATABASE_URL"][0] == "postgresql+asyncpg://a:…@h/db"
    assert shown["SMTP_PORT"] == ("587", "default", "")
    assert "hidden" not in result.output


def test_the_mode_of_a_key_that_systemd_passes_on_is_no_finding(run, monkeypatch, tmp_path):
    key = tmp_path / "dkim.pem"
    key.touch()
    key.chmod(0o440)  # as systemd makes it, with an ACL for the user of the service
    monkeypatch.setenv("SMTP_HOST", "smtp.example")
    monkeypatch.setenv("SMTP_FROM", "news@example.org")
    monkeypatch.setenv("DKIM_KEY_FILE", str(key))

    assert "files.readable" in run("--config").output
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert "files.readable" not in run("--config").output


def test_files_that_others_may_read_or_change_are_found(run, tmp_path, monkeypatch):
    (tmp_path / "var").mkdir(mode=0o700)
    own = tmp_path / "own" / "edition"
    own.mkdir(parents=True)
    loose = {
        tmp_path / ".env": 0o644,
        tmp_path / "var" / "playground.sqlite3": 0o644,
        tmp_path / "var" / "playground.sqlite3-wal": 0o640,
        tmp_path / "var" / "playground.before-0046.sqlite3": 0o604,
        own / "telegram.html": 0o666,
    }
    for path, mode in loose.items():
        path.touch()
        path.chmod(mode)
    own.parent.chmod(0o777)
    monkeypatch.setenv("TEMPLATES_DIR", str(own.parent))

    result = run("--quick", "--json")

    found = [json.loads(line) for line in result.output.splitlines()]
    codes = {(one["code"], one["sentence"].split(" can ")[0]) for one in found}
    assert {one for one in codes if one[0].startswith("files.")} == {
        ("files.world-readable", ".env"),
        ("files.world-readable", "var/playground.sqlite3"),
        ("files.readable", "var/playground.sqlite3-wal"),
        ("files.world-readable", "var/playground.before-0046.sqlite3"),
        ("files.writable", str(own / "telegram.html")),
        ("files.writable", str(own.parent)),
    }


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch, tmp_path) -> int:
    monkeypatch.chdir(tmp_path)
    port = free_port()
    monkeypatch.setenv("WEB_PORT", str(port))
    return port


async def ask(site: web.Application, port: int, host: str = "127.0.0.1"):
    async with serving(site, host, port):
        return await asyncio.to_thread(CliRunner().invoke, app, ["health"])


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_a_bot_that_works_is_healthy(port, monkeypatch, host):
    monkeypatch.setenv("WEB_HOST", host)

    result = await ask(make_web(), port, host)

    assert (result.exit_code, result.output) == (0, "ok\n")


async def test_a_bot_that_waits_for_telegram_is_healthy_and_one_that_lost_a_role_is_not(port):
    waits = await ask(make_web(health=Health({Wait.TELEGRAM})), port)
    lost = await ask(make_web(health=Health(ended=["chat"])), port)

    assert (waits.exit_code, waits.output) == (0, "ok\n")
    assert (lost.exit_code, lost.output) == (1, "stuck\n")


async def test_another_program_is_unhealthy(port):
    result = await ask(web.Application(), port)

    assert result.exit_code == 1
    assert f"no healthy answer from 127.0.0.1:{port}" in result.output


def test_no_answer_is_unhealthy(port):
    result = CliRunner().invoke(app, ["health"])

    assert result.exit_code == 1
    assert "Connection refused" in result.output


@pytest.mark.parametrize("command", [["doctor", "--quick"], ["stats"]])
def test_a_command_beside_a_playground_says_that_it_reads_its_database(
    monkeypatch, tmp_path, migrated_sqlite, command
):
    monkeypatch.chdir(tmp_path)
    for name in ("BOT_TOKEN", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "var").mkdir()
    shutil.copy(migrated_sqlite, "var/playground.sqlite3")

    with file_lock(lock_beside(Path("var/playground.sqlite3"), "run"), wait=False):
        shown = CliRunner().invoke(app, command).output

    assert shown.startswith("Database: var/playground.sqlite3 (the playground's)")
