"""Parts of pages that many readers are shown alike: rendered and read once, then kept.

A template asks for one by `{{ part("edition/told.html", story=…, …) }}`; what it is given must tell
all that it shows, and be hashable. Into the page goes a mark, for which the page's reader takes the
blocks.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from bot.rendering.blocks import Block

MOST_KEPT = 8192  # of all languages together, about 25 MB

Blocks = tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """What one page is made of; *kept* is shared with others, *made* makes what is not there."""

    language: str
    kept: dict[Hashable, Blocks]
    made: Callable[[str, Mapping[str, Hashable]], Blocks]
    taken: list[Blocks] = field(default_factory=list)

    def __call__(self, template: str, /, **values: Hashable) -> Markup:
        key = (self.language, template, *values.values())
        blocks = self.kept.get(key)
        if blocks is None:
            blocks = self.made(template, values)
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = blocks
        self.taken.append(blocks)
        return Markup(f'<tg-part id="{len(self.taken) - 1}">')  # noqa: S704 - a number
