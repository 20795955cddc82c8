"""`dateline preview`: how alerts and digests look, with made-up news."""

from __future__ import annotations

import json
from base64 import b64encode
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import TYPE_CHECKING, Annotated

import typer

from storage.enums import Style

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from bot.mail.compose import Mail
    from bot.publishing.pages import Edition
    from bot.rendering.messages import Entity, Message
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
    TEXT = "text"  # this and the next: of an e-mail
    EML = "eml"


_STYLES = {
    "bold": "bold",
    "italic": "italic",
    "code": "cyan",
    "pre": "cyan",
    "date_time": "dim",
    "expandable_blockquote": "dim",
}


def preview(  # noqa: PLR0913 - each an option of the command
    what: Annotated[What, typer.Argument(help="What to show.")] = What.DIGEST,
    to: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    format_: Annotated[
        Format | None, typer.Option("--format", help="By default the file's ending decides.")
    ] = None,
    style: Annotated[
        Style, typer.Option(help="How much a digest says of each story.")
    ] = Style.STANDARD,
    *,
    rich: Annotated[bool, typer.Option("--rich", help="As one rich message.")] = False,
    weekly: Annotated[bool, typer.Option("--weekly", help="A digest of a week.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="Show an e-mail in the browser.")] = False,
) -> None:
    """Show a sample alert or digest as users will see it, with the templates of TEMPLATES_DIR."""
    from bot.publishing.samples import sample_alert, sample_bundle

    renderer = _renderer()
    if what is What.EMAIL:
        _mail(renderer, style, to, format_, weekly=weekly, open_=open_)
        return
    if what is What.PAGE:
        _put(sample_page(renderer, _sample_edition(renderer, style, weekly=weekly)), to)
        return
    if what is What.ALERT:
        messages = [sample_alert(renderer)]
    elif what is What.BUNDLE:
        messages = sample_bundle(renderer)
    else:
        messages = _digest(renderer, style, rich=rich, weekly=weekly)
    format_ = format_ or _format_of(to)
    if format_ is Format.TERMINAL:
        _show(messages, to)
        return
    _put(_written(renderer, messages, format_), to)


def _put(text: str, to: Path | None) -> None:
    if to is None:
        typer.echo(text)
    else:
        to.write_text(text, encoding="utf-8")


def _mail(
    renderer: Renderer,
    style: Style,
    to: Path | None,
    format_: Format | None,
    *,
    weekly: bool,
    open_: bool,
) -> None:
    from bot.publishing.samples import sample_mail

    mail = sample_mail(renderer, _sample_edition(renderer, style, weekly=weekly))
    if open_:
        typer.echo(f"Opened {open_in_browser(mail, to)}")
        return
    match format_ or _format_of(to):
        case Format.HTML:
            _put(browsable(mail), to)
        case Format.EML:
            _put(as_message(mail), to)
        case Format.JSON:
            _put(json.dumps(mail.to_json(), ensure_ascii=False, indent=2), to)
        case _:
            _put(as_text(mail), to)


def as_text(mail: Mail) -> str:
    return f"{mail.subject}\n\n{mail.text}"


def as_message(mail: Mail) -> str:
    """Return the mail as it travels, with the line ends of this machine."""
    from bot.mail.compose import message_bytes

    return message_bytes(mail).decode("ascii").replace("\r\n", "\n")


def browsable(mail: Mail) -> str:
    """Return the HTML with its pictures inside, which a browser does not find in other parts."""
    html = mail.html
    for picture in mail.pictures:
        html = html.replace(f"cid:{picture.name}", _data_url(picture.content, "image/png"))
    return html


def open_in_browser(mail: Mail, to: Path | None) -> Path:
    """Show the HTML in the browser of this machine; return where it was written."""
    import tempfile
    import webbrowser
    from pathlib import Path

    path = to or Path(tempfile.mkdtemp(prefix="dateline-")) / "digest.html"
    path.write_text(browsable(mail), encoding="utf-8")
    webbrowser.open(path.resolve().as_uri())
    return path


def sample_page(renderer: Renderer, edition: Edition) -> str:
    """Return the page with its stylesheet and icon inside, so that it needs no server."""
    from bot.publishing.pages import values_of
    from bot.web.look import Look

    look = Look(
        style=_within(renderer, "style.css", "text/css"),
        icon=_within(renderer, "icon.svg", "image/svg+xml"),
        here="",
        lang=renderer.language.code,
        dir=renderer.language.direction,
    )
    page = renderer.text("web/edition.html", site=look, **values_of(edition))
    png = edition.picture.png if edition.picture else b""
    return page.replace('"/week.png"', f'"{_data_url(png, "image/png")}"')


def _within(renderer: Renderer, name: str, content_type: str) -> str:
    return _data_url(renderer.text(f"web/{name}").encode(), content_type)


def _data_url(body: bytes, content_type: str) -> str:
    return f"data:{content_type};base64,{b64encode(body).decode()}"


def _sample_edition(renderer: Renderer, style: Style, *, weekly: bool) -> Edition:
    """Return a digest, a weekly one with its picture."""
    import asyncio

    from bot.publishing.pictures import with_picture
    from bot.publishing.samples import sample_edition

    return asyncio.run(with_picture(renderer, sample_edition(style, weekly=weekly)))


def _renderer() -> Renderer:
    """Return what renders with the operator's own templates; errors in those are printed here."""
    from bot.app.templates import make_renderer
    from bot.settings import load_settings

    folder = load_settings().templates_dir
    return make_renderer(folder, lambda sentence: typer.echo(sentence, err=True))


def _digest(renderer: Renderer, style: Style, *, rich: bool, weekly: bool) -> list[Message]:
    from dataclasses import replace

    from bot.publishing.pages import edition_page
    from storage.enums import Layout

    edition = _sample_edition(renderer, style, weekly=weekly)
    return edition_page(renderer, replace(edition, layout=Layout.RICH) if rich else edition)


def _format_of(path: Path | None) -> Format:
    endings = {".html": Format.HTML, ".json": Format.JSON, ".eml": Format.EML}
    return endings.get(path.suffix, Format.TERMINAL) if path else Format.TERMINAL


def _written(renderer: Renderer, messages: list[Message], format_: Format) -> str:
    if format_ is Format.JSON:
        return json.dumps([message.to_json() for message in messages], ensure_ascii=False, indent=2)
    return renderer.text("preview/page.html", messages=messages)


def _show(messages: list[Message], to: Path | None) -> None:
    from rich.console import Console

    if to is None:
        _print(messages, Console())
        return
    with to.open("w", encoding="utf-8") as file:
        _print(messages, Console(file=file))


def _print(messages: list[Message], console: Console) -> None:
    from rich.text import Text

    for message in messages:
        shown = Text(message.rich) if message.rich else styled(message)
        console.print(shown, soft_wrap=not console.is_terminal)
        for row in message.keyboard:
            console.print(Text("  ".join(f"[{button.text}]" for button in row), style="blue"))


def styled(message: Message) -> Text:
    """Return *message* for a terminal: bold is bold, links can be followed."""
    from rich.text import Text

    from bot.rendering.messages import index_of

    text = Text(message.text)
    for entity in message.entities:
        start, end = (index_of(message.text, at) for at in (entity.offset, entity.end))
        text.stylize(_style(entity), start, end)
    return text


def _style(entity: Entity) -> str:
    if entity.url:
        return f"underline link {entity.url}"
    return _STYLES.get(entity.type, "none")
