"""`dateline preview`: shows alerts, digests, e-mails and pages with sample news."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import IO, TYPE_CHECKING, Annotated

import typer

from bot.cli import output
from storage.enums import Layout, Style

if TYPE_CHECKING:
    from rich.text import Text

    from bot.mail.compose import Mail
    from bot.publishing.pages import EditionPage
    from bot.rendering.messages import Message
    from bot.rendering.renderer import Renderer


class What(StrEnum):
    DIGEST = "digest"
    ALERT = "alert"
    BUNDLE = "bundle"
    EMAIL = "email"
    PAGE = "page"


class Format(StrEnum):
    TERMINAL = "terminal"
    HTML = "html"
    JSON = "json"
    TEXT = "text"  # TEXT and EML are formats of an e-mail
    EML = "eml"


_ENDINGS = {".html": Format.HTML, ".json": Format.JSON, ".eml": Format.EML}

_STYLES = {
    "bold": "bold",
    "italic": "italic",
    "code": "cyan",
    "pre": "cyan",
    "date_time": "dim",
    "expandable_blockquote": "dim",
}


def preview(
    what: Annotated[What, typer.Argument(help="What to show.")] = What.DIGEST,
    to: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    format_: Annotated[
        Format | None, typer.Option("--format", help="By default, the file's ending decides.")
    ] = None,
    style: Annotated[
        Style, typer.Option(help="How much a digest says about each story.")
    ] = Style.STANDARD,
    *,
    rich: Annotated[
        bool, typer.Option("--rich", help="Show a digest as one rich message.")
    ] = False,
    weekly: Annotated[bool, typer.Option("--weekly", help="Show a digest of a week.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open an e-mail in the browser.")] = False,
) -> None:
    """Show a sample alert, digest, e-mail or page, as users will see it.

    It uses the templates of TEMPLATES_DIR. Example: dateline preview email --open
    """
    from bot.app.resources import make_renderer
    from bot.publishing.pages import edition_page
    from bot.publishing.samples import sample_alert, sample_bundle, sample_mail
    from bot.settings import load_settings

    folder = load_settings().templates_dir
    renderer = make_renderer(folder, lambda sentence: typer.echo(sentence, err=True))
    format_ = format_ or (_ENDINGS.get(to.suffix) if to else None) or Format.TERMINAL
    if what is What.ALERT:
        _write_messages(renderer, [sample_alert(renderer)], to, format_)
        return
    if what is What.BUNDLE:
        _write_messages(renderer, sample_bundle(renderer), to, format_)
        return
    edition = _sample_edition(renderer, style, weekly=weekly)
    if what is What.PAGE:
        _put(sample_page(renderer, edition), to)
    elif what is What.EMAIL:
        _write_mail(sample_mail(renderer, edition), to, format_, open_=open_)
    else:
        edition = replace(edition, layout=Layout.RICH) if rich else edition
        _write_messages(renderer, edition_page(renderer, edition), to, format_)


def _put(text: str, to: Path | None) -> None:
    if to is None:
        typer.echo(text)
    else:
        to.write_text(text, encoding="utf-8")


def _write_mail(mail: Mail, to: Path | None, format_: Format, *, open_: bool) -> None:
    from bot.mail.compose import message_bytes

    if open_:
        typer.echo(f"Opened {_open_in_browser(mail, to)}")
    elif format_ is Format.HTML:
        _put(browsable(mail), to)
    elif format_ is Format.EML:  # with the line ends of this machine
        _put(message_bytes(mail).decode("ascii").replace("\r\n", "\n"), to)
    elif format_ is Format.JSON:
        _put(json.dumps(mail.to_json(), ensure_ascii=False, indent=2), to)
    else:
        _put(f"{mail.subject}\n\n{mail.text}", to)


def browsable(mail: Mail) -> str:
    """Return the HTML with its pictures embedded, because a browser cannot load parts of a mail."""
    html = mail.html
    for picture in mail.pictures:
        html = html.replace(f"cid:{picture.name}", _data_url(picture.content, "image/png"))
    return html


def _open_in_browser(mail: Mail, to: Path | None) -> Path:
    """Open the HTML in the browser of this machine; return the path of its file."""
    import tempfile
    import webbrowser
    from pathlib import Path

    path = to or Path(tempfile.mkdtemp(prefix="dateline-")) / "digest.html"
    path.write_text(browsable(mail), encoding="utf-8")
    if not webbrowser.open(path.resolve().as_uri()):
        output.fail("No browser opens on this machine. Write a file with --to FILE instead.")
    return path


def sample_page(renderer: Renderer, edition: EditionPage) -> str:
    """Return the page with embedded stylesheet and icon, so that it needs no server."""
    from bot.publishing.pages import edition_values
    from bot.web.pages import PageLinks

    style = _data_url(renderer.text("web/style.css").encode(), "text/css")
    icon = _data_url(renderer.text("web/icon.svg").encode(), "image/svg+xml")
    links = PageLinks(style, icon, here="")
    page = renderer.text("web/edition.html", site=links, story_link=None, **edition_values(edition))
    png = edition.picture.png if edition.picture else b""
    return page.replace('"/week.png"', f'"{_data_url(png, "image/png")}"')


def _data_url(body: bytes, content_type: str) -> str:
    return f"data:{content_type};base64,{b64encode(body).decode()}"


def _sample_edition(renderer: Renderer, style: Style, *, weekly: bool) -> EditionPage:
    """Return a digest; a weekly one has a picture."""
    import asyncio

    from bot.publishing.pictures import with_picture
    from bot.publishing.samples import sample_edition

    return asyncio.run(with_picture(renderer, sample_edition(style, weekly=weekly)))


def _write_messages(
    renderer: Renderer, messages: list[Message], to: Path | None, format_: Format
) -> None:
    if format_ is Format.JSON:
        bodies = [message.to_json() for message in messages]
        _put(json.dumps(bodies, ensure_ascii=False, indent=2), to)
    elif format_ is not Format.TERMINAL:
        _put(renderer.text("preview/page.html", messages=messages), to)
    elif to is None:
        _print(messages)
    else:
        with to.open("w", encoding="utf-8") as file:
            _print(messages, file)


def _print(messages: list[Message], file: IO[str] | None = None) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=file)
    for message in messages:
        shown = Text(message.rich) if message.rich else styled(message)
        console.print(shown, soft_wrap=not console.is_terminal)
        for row in message.keyboard:
            console.print(Text("  ".join(f"[{button.text}]" for button in row), style="blue"))


def styled(message: Message) -> Text:
    """Return *message* for a terminal, with its formatting and links."""
    from rich.text import Text

    from bot.rendering.messages import index_of

    text = Text(message.text)
    for entity in message.entities:
        start, end = (index_of(message.text, offset) for offset in (entity.offset, entity.end))
        link = f"underline link {entity.url}" if entity.url else ""
        text.stylize(link or _STYLES.get(entity.type, "none"), start, end)
    return text
