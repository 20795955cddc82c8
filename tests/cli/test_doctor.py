import json

import pytest
import typer
from typer.testing import CliRunner

from bot.cli import doctor as command
from bot.doctor.findings import Finding, healthy, unhealthy, warning
from storage.schema import database_file

app = typer.Typer()
app.command()(command.doctor)


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
        return CliRunner().invoke(app, [option for option in options if option != "here"])

    return run


UNHEALTHY = unhealthy("spf.missing", "It does not say.", "Add a record.")
WARNING = warning("sources.none", "There are none.", "Add some.")
HEALTHY = healthy("ptr.agrees", "It is well.")


def test_what_is_ill_is_said_with_its_remedy_and_the_exit_code(run):
    result = run(findings=(UNHEALTHY, HEALTHY))

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "✗ spf  It does not say.",
        "       Add a record. [spf.missing]",
        "✓ ptr  It is well.",
        "",
        "1 healthy, 1 unhealthy.",
    ]


def test_what_is_doubtful_is_no_reason_to_fail(run):
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


def test_a_machine_without_anything_is_looked_at_without_network_and_without_a_trace(run, tmp_path):
    result = run("--quick", "--json")

    codes = [json.loads(line)["code"] for line in result.output.splitlines()]
    assert result.exit_code == 0, result.output
    assert {"database.absent", "process.none", "zones.fresh", "settings.agree"} <= set(codes)
    assert not any(code.startswith(("check.", "smtp.", "pages.", "token.")) for code in codes)
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_use_is_looked_at_as_it_is(run, monkeypatch, sqlite_url):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    file = database_file(sqlite_url)
    assert file
    before = file.read_bytes()

    result = run("--quick", "--json", "here")

    codes = {json.loads(line)["code"] for line in result.output.splitlines()}
    assert {"database.tables", "database.writable", "database.whole", "sources.none"} <= codes
    assert file.read_bytes() == before


def test_settings_that_cannot_be_read_are_another_matter(run, monkeypatch):
    from bot.settings import WrongSettingError

    monkeypatch.setenv("WEB_PORT", "many")

    assert isinstance(run("--quick").exception, WrongSettingError)


def test_what_others_may_read_or_change_is_found(run, tmp_path, monkeypatch):
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
    told = {(one["code"], one["sentence"].split(" can ")[0]) for one in found}
    assert {one for one in told if one[0].startswith("files.")} == {
        ("files.world-readable", ".env"),
        ("files.world-readable", "var/playground.sqlite3"),
        ("files.readable", "var/playground.sqlite3-wal"),
        ("files.world-readable", "var/playground.before-0046.sqlite3"),
        ("files.writable", str(own / "telegram.html")),
        ("files.writable", str(own.parent)),
    }
