"""Every page with its samples, in English and in Arabic: nothing is left over, and it is whole."""

from html import unescape
from html.parser import HTMLParser

import pytest

from bot.publishing.samples import ALERTED, QUERIES, TIES, sample_snippet, sample_story
from bot.rendering.operator_templates import Sample
from bot.rendering.renderer import Renderers
from bot.web.samples import page_samples
from tests.catalogues.alike import EVERYWHERE
from tests.leftovers import english, untidy

pytestmark = pytest.mark.slow

RENDERERS = Renderers()
# What the samples tell of; bold words cut it into parts.
NUMBERS = range(ALERTED + 1)
NEWS = [sample_story(n).title for n in NUMBERS] + [sample_snippet(n).text for n in NUMBERS]
TOLD = "\n".join([*NEWS, *QUERIES.values(), "Stories per day"])
NAMES = (TIES.name, *map(unescape, EVERYWHERE))
_SHOWN = {"title", "placeholder", "aria-label", "alt", "value"}
_EMPTY = {"meta", "link", "br", "img", "input", "hr", "path", "circle", "rect", "line"}
_NOT_READ = {"style", "script", "code", "svg"}


class Page(HTMLParser):
    """What users read of a page, and the tags that are open or closed for nothing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.open: list[str] = []
        self.astray: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.lines += [value for name, value in attrs if name in _SHOWN and value]
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in _EMPTY:
            self.astray.append(tag)

    def handle_data(self, data: str) -> None:
        if not set(self.open) & _NOT_READ and data.strip():
            self.lines.append(" ".join(data.split()))


PAGES = [
    pytest.param(sample, id=f"{number} {sample.templates[0]}")
    for number, sample in enumerate(page_samples())
    if sample.templates[0].endswith((".html", ".txt"))
]


@pytest.mark.parametrize("sample", PAGES)
def test_a_page_is_complete_and_has_no_template_code(sample: Sample):
    in_english, in_arabic = (Page(str(sample.show(RENDERERS.of(tag)))) for tag in ("en", "ar"))

    assert in_english.open == in_english.astray == []
    assert in_arabic.open == in_arabic.astray == []
    assert list(untidy([*in_english.lines, *in_arabic.lines])) == []
    ours = [line for line in in_arabic.lines if line not in TOLD]
    assert list(english(ours, set(in_english.lines), NAMES)) == []
