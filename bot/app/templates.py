"""The renderer of a process, with the operator's own templates where there are any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.rendering.renderer import Renderer


def make_renderer(folder: Path | None, report: Callable[[str], None]) -> Renderer:
    """Return the renderer for English, which has those for the other languages.

    *report* gets a sentence for each template of *folder* that is broken, and is left out, and one
    for each that fails later, once.
    """
    from bot.rendering.i18n import ENGLISH
    from bot.rendering.renderer import Renderers

    if folder is None:
        return Renderers().of(ENGLISH.code)
    from bot.publishing.samples import template_samples
    from bot.rendering.environment import Overrides
    from bot.rendering.operator_templates import find_problems
    from bot.web.samples import page_samples

    def replaced(problem: str) -> None:
        report(f"{problem} The shipped one is used.")

    overrides = Overrides(folder.resolve(), replaced)
    problems = find_problems(overrides, [*template_samples(), *page_samples()])
    for problem in problems.values():
        replaced(problem)
    return Renderers(replace(overrides, broken=frozenset(problems))).of(ENGLISH.code)
