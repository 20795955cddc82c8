"""The renderer of one process, with the operator's own templates where there are any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from bot.rendering.overriding import Tell
    from bot.rendering.renderer import Renderer


def make_renderer(folder: Path | None, tell: Tell) -> Renderer:
    """Return who speaks English, and knows who speaks the rest.

    *tell* gets a sentence for each template of *folder* that is not used.
    What is broken from the start is left out. What fails later is told of too, once.
    """
    from bot.rendering.languages import ENGLISH
    from bot.rendering.renderers import Renderers

    if folder is None:
        return Renderers().of(ENGLISH.code)
    from bot.publishing.specimens import specimens
    from bot.rendering.checking import faults
    from bot.rendering.overriding import Overrides
    from bot.web.specimens import page_specimens

    overrides = Overrides(folder.resolve(), tell=tell)
    found = faults(overrides, [*specimens(), *page_specimens()])
    for sentence in found.values():
        tell(f"{sentence} The shipped one is used.")
    usable = replace(overrides, broken=frozenset(found))
    return Renderers(usable).of(ENGLISH.code)
