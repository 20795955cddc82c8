"""All that is shown to people, in a language that is made up: nothing stays English."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import pytest

from bot.mail.compose import Mail
from bot.publishing import samples
from bot.publishing.samples import template_samples
from bot.rendering.messages import Message
from bot.rendering.operator_templates import Sample
from bot.rendering.renderer import Renderer, Renderers
from bot.web.samples import page_samples
from tests.catalogues.extracting import messages
from tests.catalogues.pseudo import pseudo_translation

pytestmark = pytest.mark.slow

SAMPLES = [
    one
    for one in (*template_samples(), *page_samples())
    if not one.templates[0].endswith((".css", ".svg"))
]
_NOT_READ = re.compile(
    r"<style>.*?</style>|<code.*?</code>|<[^>]*>|https?://\S+|\S+@\S+|(?<!\w)/[a-z_]+", re.DOTALL
)
_WORD = re.compile(r"[A-Za-z]{2,}")


def renderer() -> Renderer:
    return Renderers(translations={"qps": pseudo_translation()}).of("qps")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.templates[0])
def test_nothing_stays_english(sample: Sample):
    shown = "\n".join(read_by_people(sample.show(renderer())))

    english = set(_WORD.findall(shown)) & words_of_ours()
    assert english - words_in(samples) - {"Dateline", "Your", "Stories", "per", "day"} == set()


def read_by_people(shown: Any) -> Iterator[str]:
    """Yield the texts of whatever a sample gives."""
    if isinstance(shown, str):
        yield _NOT_READ.sub(" ", shown)
    elif isinstance(shown, Mail):
        yield shown.subject
        yield from read_by_people(shown.html)
        yield from read_by_people(shown.text)
    elif isinstance(shown, Message):
        yield from read_by_people(shown.rich or shown.text)
        yield from (button.text for row in shown.keyboard for button in row)
    else:
        for one in shown:
            yield from read_by_people(one)


@cache
def words_of_ours() -> set[str]:
    """Return the words of all messages."""
    texts = (
        text for one in messages() for text in ([one.id] if isinstance(one.id, str) else one.id)
    )
    return {word for text in texts for word in _WORD.findall(re.sub(r"%\(\w+\)s", " ", text))}


def words_in(value: Any) -> set[str]:
    return set(_WORD.findall(" ".join(_strings(vars(value)))))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from _strings(getattr(value, one.name))
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))
    elif isinstance(value, (list, tuple, set)):
        for one in value:
            yield from _strings(one)
