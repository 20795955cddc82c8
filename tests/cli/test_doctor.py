import typer
from typer.testing import CliRunner

from bot.cli import doctor as command
from bot.delivery.reputation import Finding, Health

app = typer.Typer()
app.command()(command.doctor)


def run(monkeypatch, tmp_path, *findings: Finding):
    monkeypatch.chdir(tmp_path)
    if findings:

        async def examine(_settings):
            return findings

        monkeypatch.setattr(command, "_examine", examine)
    return CliRunner().invoke(app)


def test_without_a_mail_server_it_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.delenv("SMTP_HOST", raising=False)

    result = run(monkeypatch, tmp_path)

    assert result.exit_code == 0
    assert result.output.startswith("? SMTP: No mail server is set")
    assert "Set SMTP_HOST and SMTP_FROM" in result.output


def test_what_is_ill_is_said_with_its_remedy_and_the_exit_code(monkeypatch, tmp_path):
    ill = Finding("SPF", Health.BAD, "It does not say.", "Add a record.")

    result = run(monkeypatch, tmp_path, ill, Finding("PTR", Health.GOOD, "It is well."))

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "✗ SPF: It does not say.",
        "    Add a record.",
        "✓ PTR: It is well.",
    ]
