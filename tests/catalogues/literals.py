"""Finds words in templates outside of `{% trans %}`, which nobody can translate."""

import re
from collections.abc import Iterator

from jinja2 import nodes

from bot.rendering.environment import TemplateEnvironment
from tests.catalogues.extracting import source_of

_TRANSLATED = {"gettext", "ngettext", "_"}
_NOT_READ = re.compile(r"<style>.*?</style>|<!--.*?-->", re.DOTALL)
_READ_ALOUD = re.compile(r'\b(?:alt|title|aria-label|placeholder)="([^"]*)"')
_TAG = re.compile(r"<[^>]*>", re.DOTALL)
# Parts of text that are not prose: addresses, commands, anchors, attributes of a macro.
_NO_WORDS = re.compile(r'https?://\S+|/[a-z_]+(?: add)?|#topic-|[a-z-]+="[^"]*"')
_WORD = re.compile(r"[^\W\d_]{2,}")
_SENTENCE = re.compile(r"[^\W\d_]+,? [^\W\d_]+")


def literals(environment: TemplateEnvironment, name: str) -> Iterator[str]:
    """Yield the words of a template that are shown untranslated."""
    tree = environment.parse(source_of(environment, name))
    text = _NOT_READ.sub(" ", "".join(_text(tree)))
    aloud = " ".join(_READ_ALOUD.findall(text))
    shown = _NO_WORDS.sub(" ", f"{_TAG.sub(' ', text)} {aloud}")
    yield from _WORD.findall(shown)
    yield from (said for said in _constants(tree) if _SENTENCE.search(said))


def _text(node: nodes.Node) -> Iterator[str]:
    """Yield the text between expressions, and a placeholder for each expression."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
    elif isinstance(node, nodes.Output):
        for part in node.nodes:
            yield part.data if isinstance(part, nodes.TemplateData) else "\0"
    else:
        for child in node.iter_child_nodes():
            yield " "
            yield from _text(child)


def _constants(node: nodes.Node) -> Iterator[str]:
    """Yield the strings in expressions, except those that are translated or used as keys."""
    if isinstance(node, nodes.Compare):
        return
    if isinstance(node, nodes.Call) and getattr(node.node, "name", "") in _TRANSLATED:
        return
    if isinstance(node, nodes.Pair):  # a key is never shown
        yield from _constants(node.value)
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for child in node.iter_child_nodes():
        yield from _constants(child)
