"""`dateline preview page`: a sample digest as its page in the browser, in one file."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.publishing.pages import Edition
    from bot.rendering.renderer import Renderer


def sample_page(renderer: Renderer, edition: Edition) -> str:
    """Return the page with its stylesheet and icon inside, so that it needs no server."""
    from bot.publishing.pages import values_of
    from bot.web.look import Look

    look = Look(
        style=_within(renderer, "style.css", "text/css"),
        icon=_within(renderer, "icon.svg", "image/svg+xml"),
        here="",
    )
    return renderer.text("web/edition.html", site=look, **values_of(edition))


def _within(renderer: Renderer, name: str, content_type: str) -> str:
    body = b64encode(renderer.text(f"web/{name}").encode()).decode()
    return f"data:{content_type};base64,{body}"
