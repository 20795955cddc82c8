"""Render docs/reference/queries.md from its template: `python -m tests.query_page`."""

from html import unescape
from pathlib import Path

from bot.rendering.renderer import Renderer

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "queries.md"


def written() -> str:
    return unescape(Renderer().text("queries/page.md")).lstrip()


if __name__ == "__main__":
    PAGE.write_text(written().rstrip() + "\n", encoding="utf-8")
