import json
from email import message_from_string

import pytest
import typer
from typer.testing import CliRunner

from bot.cli.preview import preview
from bot.rendering.messages import Message

app = typer.Typer()
app.command()(preview)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("what", "line"),
    [
        pytest.param("digest", "Envoy flies in for talks", id="a digest"),
        pytest.param("bundle", "During your quiet hours · 4 stories", id="a bundle"),
        pytest.param("alert", "Consul-general · Ministry asks", id="an alert"),
    ],
)
def test_samples_are_shown_in_the_terminal(what, line):
    assert run(what).startswith(line)


def test_a_sample_is_printed_as_it_would_be_sent():
    (body,) = json.loads(run("alert", "--format", "json"))

    assert Message.from_json(body).keyboard[0][0].data == "alert:less:4:0:ever"


def test_the_ending_of_a_file_decides_how_it_is_written(tmp_path):
    page = tmp_path / "digest.html"

    run("digest", "--to", str(page))

    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert "<b>Wednesday, 18 November</b>" in html


def test_a_digest_is_shown_as_a_mail():
    assert run("email").startswith("Envoy flies in for talks on disputed remark; New consuls")


def test_a_mail_is_written_as_it_is_sent(tmp_path):
    path = tmp_path / "digest.eml"

    run("email", "--to", str(path))

    message = message_from_string(path.read_text(encoding="ascii"))
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "text/html"]


def test_a_mail_is_opened_in_the_browser(tmp_path, monkeypatch):
    opened: list[str] = []

    def browse(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    path = tmp_path / "digest.html"

    run("email", "--open", "--to", str(path))

    assert opened == [path.as_uri()]
    assert "Wednesday, 18 November" in path.read_text(encoding="utf-8")


def test_a_machine_without_a_browser_names_the_option_that_writes_a_file(monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda _: False)

    result = CliRunner().invoke(app, ["email", "--open"])

    assert result.exit_code == 2
    assert result.output == (
        "No browser opens on this machine. Write a file with --to FILE instead.\n"
    )


def test_a_digest_is_shown_as_its_page_in_one_file(tmp_path):
    path = tmp_path / "page.html"

    run("page", "--to", str(path))

    page = path.read_text(encoding="utf-8")
    assert "<h1>Wednesday, 18 November" in page
    assert 'href="data:text/css;base64,' in page


def test_a_weekly_digest_is_shown_with_its_picture(tmp_path):
    for what in ("digest", "email", "page"):
        page = tmp_path / f"{what}.html"
        run(what, "--weekly", "--to", str(page))
        assert 'src="data:image/png;base64,' in page.read_text(encoding="utf-8")
