"""`dateline preview`: how alerts and digests look, with made-up news."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from bot.rendering.messages import Entity, Message
    from bot.rendering.renderer import Renderer


class What(StrEnum):
    DIGEST = "digest"
    ALERT = "alert"


class Layout(StrEnum):
    TERMINAL = "terminal"
    HTML = "html"
    JSON = "json"


_STYLES = {
    "bold": "bold",
    "italic": "italic",
    "code": "cyan",
    "pre": "cyan",
    "date_time": "dim",
    "expandable_blockquote": "dim",
}


def preview(
    what: Annotated[What, typer.Argument(help="What to look at.")] = What.DIGEST,
    to: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    layout: Annotated[
        Layout | None, typer.Option("--format", help="By default the file's ending decides.")
    ] = None,
) -> None:
    """Show a sample alert or digest as people will see it."""
    from bot.rendering.renderer import Renderer

    renderer = Renderer()
    messages = _sample(renderer, what)
    layout = layout or _layout_of(to)
    if layout is Layout.TERMINAL:
        _show(messages, to)
        return
    text = _written(renderer, messages, layout)
    if to is None:
        typer.echo(text)
    else:
        to.write_text(text, encoding="utf-8")


def _sample(renderer: Renderer, what: What) -> list[Message]:
    from bot.publishing import samples
    from bot.publishing.pages import alert_page, edition_page

    if what is What.DIGEST:
        return edition_page(renderer, samples.sample_edition())
    story = samples.sample_story(samples.ALERTED)
    alert = alert_page(
        renderer,
        story,
        [samples.CONSUL],
        samples.sample_snippet(samples.ALERTED),
        zone=samples.PLAN.zone,
        now=story.news_at,
    )
    return [alert]


def _layout_of(path: Path | None) -> Layout:
    endings = {".html": Layout.HTML, ".json": Layout.JSON}
    return endings.get(path.suffix, Layout.TERMINAL) if path else Layout.TERMINAL


def _written(renderer: Renderer, messages: list[Message], layout: Layout) -> str:
    if layout is Layout.JSON:
        return json.dumps([message.to_json() for message in messages], ensure_ascii=False, indent=2)
    page = renderer.environment.get_template("preview/page.html")
    return page.render(messages=messages)


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
        console.print(styled(message), soft_wrap=not console.is_terminal)
        for row in message.keyboard:
            console.print(Text("  ".join(f"[{button.text}]" for button in row), style="blue"))


def styled(message: Message) -> Text:
    """Return *message* for a terminal: bold is bold, links can be followed."""
    from rich.text import Text

    from bot.rendering.utf16 import index_of

    text = Text(message.text)
    for entity in message.entities:
        start, end = (index_of(message.text, at) for at in (entity.offset, entity.end))
        text.stylize(_style(entity), start, end)
    return text


def _style(entity: Entity) -> str:
    if entity.url:
        return f"underline link {entity.url}"
    return _STYLES.get(entity.type, "none")
